//go:build unix

package host

import (
	"os/exec"
	"syscall"
)

// leadGroup makes the command lead a process group of its own, so that a
// Ctrl-C in the terminal reaches the host only, and the group can be killed as
// a whole.
func leadGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the group that a process leads or has led.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
