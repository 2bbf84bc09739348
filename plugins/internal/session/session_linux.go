package session

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// endTimeout is how long the kernel may take to end killed processes.
	endTimeout = time.Second
	// endPause is the interval between two checks.
	endPause = 2 * time.Millisecond
)

// Wait waits for the end of a started leader, kills the rest of its session,
// and reaps the leader. It returns how many processes remain because the kernel
// cannot end them. Until the leader is reaped, its number is not reused, so
// that no other process is killed.
func Wait(cmd *exec.Cmd) int {
	pid := cmd.Process.Pid
	for errors.Is(unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
		continue
	}
	left := killAll(pid)
	_ = cmd.Wait() // the process state says more than the error
	return left
}

// killAll kills until no process is left: a killed process may have started
// another before.
func killAll(leader int) int {
	deadline := time.Now().Add(endTimeout)
	for {
		left := Kill(leader)
		if left == 0 || time.Now().After(deadline) {
			return left
		}
		<-time.After(endPause)
	}
}

// Members lists the living processes of the session that a process leads or
// has led.
func Members(leader int) []int {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = proc.Close() }() // it was only read
	names, _ := proc.Readdirnames(-1)   // as far as it could be read
	var members []int
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", name, "stat"))
		if err == nil && livesIn(stat, leader) {
			members = append(members, pid)
		}
	}
	return members
}

// livesIn reads a line such as "42 (a name) S 1 42 42 …": after the name, which
// may hold any character, come state, parent, group and session, and later the
// number of threads. A process whose first thread has ended is shown as a
// zombie; while other threads run, it is alive.
func livesIn(stat []byte, session int) bool {
	const state, ofSession, threads = 0, 3, 17
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= threads || string(fields[ofSession]) != strconv.Itoa(session) {
		return false
	}
	return !bytes.ContainsAny(fields[state], "ZX") || string(fields[threads]) != "1"
}
