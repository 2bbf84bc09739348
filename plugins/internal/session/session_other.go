//go:build unix && !linux

package session

import "os/exec"

// Wait waits for the end of a started leader, reaps it, and kills the rest of
// its group. Processes that have left the group cannot be found on this system.
func Wait(cmd *exec.Cmd) int {
	_ = cmd.Wait() // the process state says more than the error
	Kill(cmd.Process.Pid)
	return 0
}

// Members lists nothing: this system does not show the members of a session.
func Members(int) []int { return nil }
