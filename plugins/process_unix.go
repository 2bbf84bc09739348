//go:build unix

package plugins

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/session"
)

// surviveBrokenPipes keeps a line that is logged after the host's death from
// killing the process before it has tidied up.
func surviveBrokenPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// killOwnGroup ends this process and what it has started, provided that it
// leads a group of its own, as it does when the host has started it.
func killOwnGroup() {
	if pid := os.Getpid(); syscall.Getpgrp() == pid {
		session.Kill(pid)
	}
}
