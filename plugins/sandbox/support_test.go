package sandbox_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

func TestWhatASystemCannotEnforceIsSaid(t *testing.T) {
	for _, test := range []struct {
		support  sandbox.Support
		complete bool
		want     string
	}{
		{sandbox.Support{}, false, "nothing is enforced on this system"},
		{sandbox.Support{Syscalls: true}, false, "seccomp; not restricted: files, TCP connections, signals and abstract Unix sockets, Unix sockets that have a path"},
		{sandbox.Support{Landlock: 2}, false, "Landlock ABI 2; not restricted: truncating files that may not be written, TCP connections, signals and abstract Unix sockets, Unix sockets that have a path, system calls"},
		{sandbox.Support{Landlock: 3, Syscalls: true}, false, "Landlock ABI 3 and seccomp; not restricted: TCP connections, signals and abstract Unix sockets, Unix sockets that have a path"},
		{sandbox.Support{Landlock: 4, Syscalls: true}, false, "Landlock ABI 4 and seccomp; not restricted: signals and abstract Unix sockets, Unix sockets that have a path"},
		{sandbox.Support{Landlock: 7}, false, "Landlock ABI 7; not restricted: Unix sockets that have a path, system calls"},
		{sandbox.Support{Landlock: 7, Syscalls: true}, true, "Landlock ABI 7 and seccomp; not restricted: Unix sockets that have a path"},
		{sandbox.Support{Landlock: 9, Syscalls: true}, true, "Landlock ABI 9 and seccomp"},
	} {
		if said := test.support.String(); said != test.want {
			t.Errorf("%+v: %q, want %q", test.support, said, test.want)
		}
		if test.support.Complete() != test.complete {
			t.Errorf("%+v: complete: %v", test.support, !test.complete)
		}
	}
}
