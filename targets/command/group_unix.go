//go:build unix

package command

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"syscall"
)

// lead gives a program a process group of its own, by which it is killed with all
// that it has started. In the sandbox a process cannot change its group: there the
// program alone is killed, and what it has started ends with the plugin.
func lead(cmd *exec.Cmd) {
	if mayLead() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
}

// mayLead reports whether setpgid is allowed. It is called for a process that does
// not exist: where it is allowed, the error is ESRCH, and in the sandbox EPERM.
func mayLead() bool { return errors.Is(syscall.Setpgid(math.MaxInt32, 0), syscall.ESRCH) }

// killGroup kills a program, and its process group if it has one of its own. It may
// be called after the program has ended: what is left of its group is killed then.
func killGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		_ = cmd.Process.Kill() // it has ended otherwise
		return
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // there is none left otherwise
}

// readNow reads what a pipe has, and returns 0 where that is nothing, or the end.
func readNow(pipe *os.File, buffer []byte) int {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	if err := raw.Read(func(fd uintptr) bool {
		n, _ = syscall.Read(int(fd), buffer) // -1 where there is nothing
		return true
	}); err != nil {
		return 0
	}
	return max(n, 0)
}
