package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == launch {
		err := sandbox.Exec(os.Args[2:], os.Environ()) // returns only if it fails
		fmt.Fprintln(os.Stderr, "localagent: error:", err)
		os.Exit(sandbox.ExitStatus)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
