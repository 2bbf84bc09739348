//go:build linux

package sandbox

import (
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
)

func TestEverySystemCallThatIsRefusedExists(t *testing.T) {
	for _, machine := range []*arch.Info{arch.X86_64, arch.AARCH64} {
		for _, call := range refusedWith() {
			if _, ok := machine.SyscallNames[call.Name]; !ok {
				t.Errorf("%s has no %s", machine.Name, call.Name)
			}
		}
	}
	for _, name := range refused() {
		if _, ok := arch.X86_64.SyscallNames[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
}
