package sandbox_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

func TestWhatASystemCannotEnforceIsSaid(t *testing.T) {
	for _, test := range []struct {
		support  sandbox.Support
		complete bool
		want     []string
	}{
		{sandbox.Support{}, false, []string{"nothing is enforced on this system"}},
		{sandbox.Support{Syscalls: true}, false, []string{"no Landlock: files are not restricted", "no Landlock: TCP connections are not restricted"}},
		{sandbox.Support{Landlock: 2, Syscalls: true}, false, []string{"Landlock ABI 2: files that may not be written can be truncated"}},
		{sandbox.Support{Landlock: 3, Syscalls: true}, false, []string{"Landlock ABI 3: TCP connections are not restricted"}},
		{sandbox.Support{Landlock: 4, Syscalls: true}, false, []string{"Landlock ABI 4: signals and abstract Unix sockets are not restricted"}},
		{sandbox.Support{Landlock: 7}, false, []string{"system calls are not restricted"}},
		{sandbox.Support{Landlock: 7, Syscalls: true}, true, []string{"Landlock ABI 7 and seccomp", "Unix sockets that have a path are not restricted"}},
		{sandbox.Support{Landlock: 9, Syscalls: true}, true, []string{"Landlock ABI 9 and seccomp"}},
	} {
		said := test.support.String()
		for _, want := range test.want {
			if !strings.Contains(said, want) {
				t.Errorf("%+v: %q, want %q in it", test.support, said, want)
			}
		}
		if test.support.Complete() != test.complete {
			t.Errorf("%+v: complete: %v", test.support, !test.complete)
		}
	}
	if said := (sandbox.Support{Landlock: 9, Syscalls: true}).String(); said != "Landlock ABI 9 and seccomp" {
		t.Errorf("nothing is missing, but it says %q", said)
	}
}
