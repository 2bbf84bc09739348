//go:build unix

package speech

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"syscall"
)

// killAsGroup has the end of the command's context kill the command and its
// process group. In the sandbox a process cannot change its group: there only the
// command is killed, and its children end with the plugin.
func killAsGroup(cmd *exec.Cmd) {
	if mayLead() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	cmd.Cancel = func() error { return killGroup(cmd) }
}

// mayLead reports whether setpgid is allowed. It is called for a process that does
// not exist: where it is allowed, the error is ESRCH, and in the sandbox EPERM.
func mayLead() bool { return errors.Is(syscall.Setpgid(math.MaxInt32, 0), syscall.ESRCH) }

// killGroup kills a command, or its process group if it has one of its own.
func killGroup(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		return cmd.Process.Kill()
	}
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
