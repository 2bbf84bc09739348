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

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

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
	listening, ended := make(chan *goplugin.ReattachConfig, 1), make(chan struct{})
	go goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: wire.Handshake(),
		Plugins:         goplugin.PluginSet{wire.PluginSet: &servedSet{instances: instances}},
		Logger: hclog.New(&hclog.LoggerOptions{
			Output: p.stderr, Level: hclog.Warn,
			// An error from a listener that was closed on purpose is ignored.
			Exclude: func(hclog.Level, string, ...any) bool { return ctx.Err() != nil },
		}),
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server { return newGRPCServer(info, options) },
		Test:       &goplugin.ServeTestConfig{Context: ctx, ReattachConfigCh: listening, CloseCh: ended},
	})
	select {
	case at := <-listening:
		if err := p.printAttachment(info, at); err != nil {
			return err
		}
	case <-ended:
		return errors.New("listening: the reason is above")
	}
	<-ended
	return nil
}

// socketFolder creates the folder for the socket, with mode 0700, and sets the
// environment variable from which go-plugin takes it.
func socketFolder() (string, error) {
	temp := os.TempDir()
	if len(temp) > 60 { // the path of a socket may have at most 104 bytes
		temp = "/tmp"
	}
	dir, err := os.MkdirTemp(temp, "orchestrator-debug-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the socket: %w", err)
	}
	if err := os.Setenv(goplugin.EnvUnixSocketDir, dir); err != nil {
		return "", fmt.Errorf("telling where the socket goes: %w", err)
	}
	return dir, nil
}

// printAttachment prints the line to paste into the shell in which the
// orchestrator runs.
func (p process) printAttachment(info Info, at *goplugin.ReattachConfig) error {
	value, err := json.Marshal(map[string]wire.Attachment{
		info.Name: {Socket: at.Addr.String(), PID: at.Pid, Protocol: at.ProtocolVersion},
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
