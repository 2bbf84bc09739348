package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

const (
	// stopGrace is how long a plugin may take to close what is open in it.
	stopGrace = 2 * time.Second
	// killGrace is how long the kernel may take to end a killed process.
	killGrace = time.Second
	// obituaryGrace is how long a failed call waits to learn how the process
	// died.
	obituaryGrace = time.Second
)

// process is a running plugin.
type process struct {
	name   string
	log    hclog.Logger
	output *pluginLog
	// stdout and stderr take what is printed once the plugin serves.
	stdout, stderr *lineWriter
	run            *run
	client         *goplugin.Client
	// kill ends the process politely and tidies up; it blocks as long as the
	// process is frozen.
	kill     func()
	stopping atomic.Bool
	gone     chan struct{} // closed when there is nothing left

	conn        *grpc.ClientConn
	description wire.Description
	components  []Component
}

// startProcess starts a plugin and asks what it offers.
func startProcess(ctx context.Context, program program, verify func() error, log hclog.Logger) (*process, error) {
	p := &process{name: program.name, log: log, output: &pluginLog{log: log}, gone: make(chan struct{})}
	p.stdout, p.stderr = &lineWriter{f: p.output.plain}, &lineWriter{f: p.output.plain}
	p.run = newRun(program, verify, p.output)
	p.client = goplugin.NewClient(p.clientConfig())
	p.kill = sync.OnceFunc(p.client.Kill)
	if program.attach != nil {
		p.attach(*program.attach)
	}

	interrupted := context.AfterFunc(ctx, func() { _ = p.run.Kill(ctx) })
	defer interrupted()
	if err := p.dial(); err != nil {
		p.kill()
		return nil, p.startError(ctx, err)
	}
	go p.supervise()
	if err := p.ask(ctx); err != nil {
		p.stop()
		return nil, p.startError(ctx, err)
	}
	log.Debug("plugin started", "pid", p.run.ID(), "program", program.path(), "components", len(p.components))
	return p, nil
}

func (p *process) clientConfig() *goplugin.ClientConfig {
	return &goplugin.ClientConfig{
		HandshakeConfig:  wire.Handshake(),
		Plugins:          goplugin.PluginSet{wire.PluginSet: dispenser{}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			p.run.env = append(p.run.env, cmd.Env...)
			p.run.env = append(p.run.env, wire.EnvLifeline+"=stdin", wire.EnvLogLevel+"="+p.log.GetLevel().String())
			return p.run, nil
		},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: socketDir(os.TempDir())},
		// The context of the start ends it in time.
		StartTimeout: time.Hour,
		Logger:       hclog.NewNullLogger(), // what it has to say comes as errors
		SyncStdout:   p.stdout,
		SyncStderr:   p.stderr,
		GRPCDialOptions: []grpc.DialOption{grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(wire.MaxMessage),
			grpc.MaxCallSendMsgSize(wire.MaxMessage),
		)},
	}
}

// dial starts the process and connects to it.
func (p *process) dial() error {
	protocol, err := p.client.Client()
	if err != nil {
		return err
	}
	conn, err := protocol.Dispense(wire.PluginSet)
	if err != nil {
		return err
	}
	p.conn = conn.(*grpc.ClientConn)
	return nil
}

// ask asks what the plugin offers, and checks the answer.
func (p *process) ask(ctx context.Context) error {
	response, err := pb.NewPluginServiceClient(p.conn).Describe(ctx, &pb.DescribeRequest{})
	if err != nil {
		return p.failure(ctx, err)
	}
	p.description, err = wire.DecodeDescription(response)
	if err != nil {
		return err
	}
	for _, c := range p.description.Components {
		if _, taken := p.find(c.Kind, c.Name); taken {
			return core.Errorf(core.KindProtocol, "it offers two components of kind %s named %q", c.Kind, c.Name)
		}
		s, err := schema.Parse(c.Config)
		if err != nil {
			return core.Errorf(core.KindProtocol, "the schema of %s %q: %w", c.Kind, c.Name, err)
		}
		p.components = append(p.components, Component{Info: c.Info(), Schema: s})
	}
	return nil
}

func (p *process) find(kind core.Kind, name string) (core.Info, bool) {
	for _, c := range p.components {
		if c.Info.Kind == kind && c.Info.Name == name {
			return c.Info, true
		}
	}
	return core.Info{}, false
}

// supervise waits for the end of the process, whoever causes it, and tidies up.
func (p *process) supervise() {
	<-p.run.over
	if p.stopping.Load() {
		p.log.Debug("plugin stopped", "status", p.run.status)
	} else {
		p.log.Error("plugin died", "status", p.run.status)
	}
	p.kill()
	p.stdout.flush()
	p.stderr.flush()
	close(p.gone)
}

// stop ends the process: politely at first, and then with its whole group. A
// frozen process answers neither go-plugin's shutdown call nor its ping, and
// both wait for ever.
func (p *process) stop() {
	p.stopping.Store(true)
	go p.kill()
	if p.wait(stopGrace) {
		return
	}
	p.log.Warn("plugin does not stop; it is killed")
	_ = p.run.Kill(context.Background())
	if !p.wait(killGrace) {
		p.log.Error("plugin cannot be killed", "pid", p.run.ID())
	}
}

// wait reports whether the process was gone within d.
func (p *process) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.gone:
		return true
	case <-timer.C:
		return false
	}
}

// startError explains a start that failed.
func (p *process) startError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return p.withLastLines(core.Errorf(core.KindOf(context.Cause(ctx)), "%w", context.Cause(ctx)))
	}
	if _, ok := errors.AsType[*core.Error](err); ok {
		return err
	}
	if line := p.run.firstLine(); line != "" && !isHandshake(line) {
		return core.Errorf(core.KindProtocol, "it wrote to standard output before the plugin handshake: %q", shorten(line)).
			WithHint("a plugin prints nothing before it calls plugins.Serve; logs belong on standard error")
	}
	if p.run.ID() != "not started" && p.run.firstLine() == "" {
		return p.withLastLines(core.Errorf(core.KindUnavailable, "it ended before it was ready (%s)", p.run.status))
	}
	return core.Errorf(core.KindUnavailable, "%w", err)
}

// withLastLines adds what the process said last.
func (p *process) withLastLines(e *core.Error) *core.Error {
	lines := p.output.lastLines()
	if len(lines) == 0 {
		return e
	}
	f := *e
	f.Err = fmt.Errorf("%w; its last log lines: %s", e.Err, strings.Join(lines, " | "))
	return &f
}

// isHandshake recognises go-plugin's line: 1|1|unix|/path|grpc|certificate.
func isHandshake(line string) bool {
	return regexp.MustCompile(`^\d+\|\d+\|[a-z]+\|[^|]+\|`).MatchString(line)
}

func shorten(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// socketDir returns the folder within which go-plugin makes one of mode 0700
// for the socket. The path of a socket has to fit into 104 bytes.
func socketDir(temp string) string {
	const room = 104 - len("/plugin-dir1234567890/plugin1234567890") - 1
	if len(temp) > room {
		return "/tmp"
	}
	return temp
}

// dispenser makes go-plugin hand out the connection itself.
type dispenser struct {
	goplugin.NetRPCUnsupportedPlugin
}

var _ goplugin.GRPCPlugin = dispenser{}

// GRPCServer is the plugin's half, which it has of its own.
func (dispenser) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("a host is not a plugin")
}

// GRPCClient returns the connection.
func (dispenser) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
