package host

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"sync"

	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// EnvAttach is the environment variable whose value ParseAttachments reads.
const EnvAttach = wire.EnvAttach

// Attachments are plugins that the user has started with --debug, by name. The
// host attaches to them instead of starting them: they are neither verified nor
// ended.
type Attachments map[string]wire.Attachment

// ParseAttachments reads the output of plugins started with --debug: a JSON
// object, which may have several entries. An empty text holds none. The error
// is of kind config.
func ParseAttachments(text string) (Attachments, error) {
	if text == "" {
		return nil, nil
	}
	var all Attachments
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&all); err != nil || decoder.More() {
		return nil, core.Errorf(core.ErrorConfig, "%s does not hold a JSON object of attachments", EnvAttach).
			WithHint(`it is {"NAME": {"socket": "/PATH", "pid": 1, "protocol": 1}}, as a plugin prints it that is started with --debug`)
	}
	for name, a := range all {
		if !filepath.IsAbs(a.Socket) {
			return nil, core.Errorf(core.ErrorConfig, "%s: the socket %q of plugin %q is not an absolute path", EnvAttach, a.Socket, name).
				WithHint("paste the line that the plugin prints when it is started with --debug")
		}
		if want := int(wire.Handshake().ProtocolVersion); a.Protocol != want {
			return nil, core.Errorf(core.ErrorConfig, "%s: plugin %q speaks protocol %d; this program speaks %d", EnvAttach, name, a.Protocol, want).
				WithHint("build the plugin against a matching version")
		}
	}
	return all, nil
}

// attach connects to a running process, instead of the run that would have
// started it; it ends with the connection.
func (p *process) attach(a wire.Attachment) {
	p.run = &run{argv: []string{a.Socket}, over: make(chan struct{})}
	end := sync.OnceFunc(func() {
		p.run.status = "the process that was attached is gone"
		close(p.run.over)
	})
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	p.kill = sync.OnceFunc(func() {
		cancel()
		watching.Wait()
		end()
	})
	config := p.clientConfig(identity{})
	config.RunnerFunc, config.UnixSocketConfig = nil, nil
	config.TLSConfig, config.SkipHostEnv = nil, false // certificates are exchanged only when a process is started
	config.Plugins = goplugin.PluginSet{wire.PluginSet: attached{connected: func(conn *grpc.ClientConn) {
		watching.Go(func() {
			awaitLoss(ctx, conn)
			_ = conn.Close() // go-plugin's client would end the plugin
			end()
		})
	}}}
	config.Reattach = &goplugin.ReattachConfig{
		Protocol: goplugin.ProtocolGRPC, ProtocolVersion: a.Protocol, Pid: a.PID, Test: true,
		Addr: &net.UnixAddr{Net: "unix", Name: a.Socket},
		ReattachFunc: func() (runner.AttachedRunner, error) {
			return p.run, reachable(a)
		},
	}
	p.client = goplugin.NewClient(config)
}

// reachable explains an attachment whose process has ended, or which belongs to
// another user.
func reachable(a wire.Attachment) error {
	stale := func(err error) error {
		return core.Errorf(core.ErrorUnavailable, "there is no such process any more: %w", err).
			WithHint("start the plugin with --debug again and paste its new line, or unset %s", EnvAttach)
	}
	folder := filepath.Dir(a.Socket)
	info, err := os.Stat(folder)
	if err != nil {
		return stale(err)
	}
	if err := ownedAndGuarded(folder, info); err != nil {
		return err
	}
	conn, err := net.Dial("unix", a.Socket) //nolint:noctx // a Unix socket answers or fails at once
	if err != nil {
		return stale(err)
	}
	return conn.Close()
}

// awaitLoss waits until a connection is lost, or the context ends.
func awaitLoss(ctx context.Context, conn *grpc.ClientConn) {
	for state := conn.GetState(); ; state = conn.GetState() {
		switch state {
		case connectivity.TransientFailure, connectivity.Shutdown:
			return
		case connectivity.Idle:
			conn.Connect()
		}
		if !conn.WaitForStateChange(ctx, state) {
			return
		}
	}
}

// attached returns the connection, and calls connected with it.
type attached struct {
	dispenser
	connected func(*grpc.ClientConn)
}

// GRPCClient returns the connection.
func (d attached) GRPCClient(ctx context.Context, broker *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	d.connected(conn)
	return d.dispenser.GRPCClient(ctx, broker, conn)
}
