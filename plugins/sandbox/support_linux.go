package sandbox

import (
	"github.com/elastic/go-seccomp-bpf"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// Supported returns what this system can enforce.
func Supported() Support {
	var s Support
	if version, err := ll.LandlockGetABIVersion(); err == nil {
		s.Landlock = version
	}
	if _, err := filter(); err == nil {
		s.Syscalls = seccomp.Supported()
	}
	return s
}
