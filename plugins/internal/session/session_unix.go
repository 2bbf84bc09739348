//go:build unix

package session

import (
	"os"
	"os/exec"
	"syscall"
)

// Lead makes the command lead a session of its own, so that a Ctrl-C in the
// terminal reaches the host only, and all processes that the command starts can
// be found.
func Lead(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// Kill kills, without waiting, the session that a process leads or has led, the
// caller last if it belongs to it. It returns how many processes it found
// beside the caller, as far as the system shows them. The leader's group comes
// first, with one signal, if the caller is not in it: while the others are
// searched, they could fork faster than they are found.
func Kill(leader int) int {
	found := 0
	if syscall.Getpgrp() != leader {
		_ = syscall.Kill(-leader, syscall.SIGKILL)
	}
	for _, pid := range Members(leader) {
		if pid != os.Getpid() {
			found++
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	_ = syscall.Kill(-leader, syscall.SIGKILL)
	return found
}
