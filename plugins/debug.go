package plugins

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// serveDebugger serves without a host that has started this process: it prints
// how a host attaches to it, and serves until a signal.
func (p process) serveDebugger(info Info, offer *offer) (err error) {
	slog.SetDefault(slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelDebug})))
	dir, err := socketFolder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	instances := newInstances(offer)
	defer func() {
		instances.closeAll(closeTimeout)
		instances.host.close()
	}()
	server, err := listen(info, instances, dir, "", nil, nil)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, server.grpc.Stop)()
	if err := p.printAttachment(info, server); err != nil {
		return errors.Join(err, server.listener.Close())
	}
	return server.serve()
}

// socketFolder creates the folder for the socket, with mode 0700.
func socketFolder() (string, error) {
	temp := os.TempDir()
	if len(temp) > 60 { // the path of a socket may have at most 104 bytes
		temp = "/tmp"
	}
	dir, err := os.MkdirTemp(temp, "orchestrator-debug-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the socket: %w", err)
	}
	return dir, nil
}

// printAttachment prints the line to paste into the shell in which the
// orchestrator runs.
func (p process) printAttachment(info Info, at *server) error {
	value, err := json.Marshal(map[string]wire.Attachment{
		info.Name: {Socket: at.listener.Addr().String(), PID: os.Getpid(), Protocol: int(wire.Handshake().ProtocolVersion)},
	})
	if err != nil {
		return fmt.Errorf("encoding the attachment: %w", err)
	}
	_, _ = fmt.Fprintf(p.stderr, "%s %s waits for an orchestrator, until Ctrl-C. Paste this line where you run one:\n\n", info.Name, info.Version)
	quoted := strings.ReplaceAll(string(value), "'", `'\''`)
	if _, err := fmt.Fprintf(p.stdout, "export %s='%s'\n", wire.EnvAttach, quoted); err != nil {
		return fmt.Errorf("printing the attachment: %w", err)
	}
	return nil
}
