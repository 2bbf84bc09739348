//go:build unix

package speech

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"syscall"
)

// killAsGroup makes the end of the command's context kill the command and
// everything that it has started. In the sandbox there are no groups: there what
// the command has started ends with the plugin.
func killAsGroup(cmd *exec.Cmd) {
	if mayLead() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	}
	cmd.Cancel = func() error { return killGroup(cmd) }
}

// mayLead reports whether processes may get a group of their own: whether there
// is no such process is what the kernel says last.
func mayLead() bool { return errors.Is(syscall.Setpgid(math.MaxInt32, 0), syscall.ESRCH) }

// killGroup kills a command, with the process group that it leads, if it does.
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
