package sandbox_test

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// A kernel with Landlock ABI 5, such as Linux 6.10, does not restrict everything.
func ExampleSupport() {
	s := sandbox.Support{Landlock: 5, Syscalls: true}
	fmt.Println(s)
	fmt.Println("enough for --require-sandbox:", s.Complete())
	// Output:
	// Landlock ABI 5 and seccomp; not restricted: signals and abstract Unix sockets, Unix sockets that have a path
	// enough for --require-sandbox: false
}
