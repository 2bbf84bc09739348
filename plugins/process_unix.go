//go:build unix

package plugins

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/session"
)

// surviveBrokenPipes ignores SIGPIPE, so that a log line after the host's death
// does not kill the process before it has cleaned up.
func surviveBrokenPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// killOwnGroup kills this process and those that it has started, if it leads a
// group of its own, as it does when the host has started it.
func killOwnGroup() {
	if pid := os.Getpid(); syscall.Getpgrp() == pid {
		session.Kill(pid)
	}
}
