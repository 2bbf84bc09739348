package host

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
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
	// stopGrace is how long a plugin may take to close its instances.
	stopGrace = 2 * time.Second
	// killGrace is how long the kernel may take to end a killed process.
	killGrace = time.Second
	// deathGrace is how long a failed call waits to learn how the process died.
	deathGrace = time.Second
)

// process is a running plugin.
type process struct {
	name   string
	began  time.Time
	log    hclog.Logger
	output *pluginLog
	// stdout and stderr receive the output once the plugin serves.
	stdout, stderr *lineWriter
	run            *run
	client         *goplugin.Client
	// kill ends the process by request and cleans up; it blocks as long as the
	// process is frozen.
	kill func()
	// asked is closed when the plugin has described itself, or failed to.
	asked chan struct{}
	// tellEnd reports the end of the process once, and returns after that.
	tellEnd  func()
	stopping atomic.Bool
	// killedFor is the reason for which the host killed the process; "" for
	// none.
	killedFor atomic.Pointer[string]
	gone      chan struct{} // closed when the process and its files are gone
	limiter   limiter
	how       *confined
	spans     func(plugin string, otlp []byte) // nil where calls are not traced

	conn        *grpc.ClientConn
	models      *modelServer
	description wire.Description
	components  []Component
}

// startProcess starts a plugin and asks for its description. It makes sure that
// how is removed.
func startProcess(ctx context.Context, of *plugin, how *confined) (*process, error) {
	p := &process{name: of.name, began: time.Now(), how: how, log: of.log, spans: of.options.Spans, output: newPluginLog(of.log), asked: make(chan struct{}), gone: make(chan struct{}), limiter: newLimiter(of.options.Limits)}
	p.tellEnd = sync.OnceFunc(func() { p.reportEnd(of) })
	p.stdout, p.stderr = &lineWriter{f: p.output.plain}, &lineWriter{f: p.output.plain}
	if of.attach != nil {
		p.attach(*of.attach)
	} else if err := p.prepare(of); err != nil {
		how.remove()
		return nil, err
	}

	interrupted := context.AfterFunc(ctx, func() { _ = p.run.Kill(ctx) })
	defer interrupted()
	if err := p.dial(); err != nil {
		p.kill()
		how.remove()
		return nil, p.startError(ctx, err)
	}
	go p.supervise(of)
	err := p.ask(ctx)
	if err == nil {
		p.log.Debug("plugin started", "pid", p.run.ID(), "program", of.path(), "components", len(p.components))
		of.options.observe(Event{Plugin: p.name, Kind: Started, PID: p.number()})
	}
	close(p.asked)
	if err != nil {
		p.stop()
		return nil, p.startError(ctx, err)
	}
	return p, nil
}

// prepare sets up a process that has not been started.
func (p *process) prepare(of *plugin) error {
	self, err := newIdentity()
	if err != nil {
		return err
	}
	p.run = newRun(of, p.how, p.output, func(pid int) {
		go watchMemory(pid, of.options.Limits.Memory, p.run.over, p.killBecause)
	})
	p.client = goplugin.NewClient(p.clientConfig(self))
	p.kill = sync.OnceFunc(p.client.Kill)
	return nil
}

func (p *process) clientConfig(self identity) *goplugin.ClientConfig {
	return &goplugin.ClientConfig{
		HandshakeConfig:  wire.Handshake(),
		Plugins:          goplugin.PluginSet{wire.PluginSet: dispenser{}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			p.run.env = append(p.run.env, cmd.Env...)
			p.run.env = append(p.run.env, self.env(), wire.EnvLifeline+"=stdin", wire.EnvLogLevel+"="+p.log.GetLevel().String())
			return p.run, nil
		},
		TLSConfig:        self.config,
		SkipHostEnv:      true,
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: p.how.folder},
		// The context of the start applies.
		StartTimeout:    time.Hour,
		Logger:          hclog.NewNullLogger(), // its messages are returned as errors
		SyncStdout:      p.stdout,
		SyncStderr:      p.stderr,
		GRPCDialOptions: p.dialOptions(),
	}
}

func (p *process) dialOptions() []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage)),
		grpc.WithUnaryInterceptor(p.limiter.unary),
		grpc.WithStreamInterceptor(p.limiter.stream),
	}
	if p.spans != nil {
		options = append(options, grpc.WithStatsHandler(tracing{p.name, p.spans}))
	}
	return options
}

// dial starts the process and connects to it.
func (p *process) dial() error {
	protocol, err := p.client.Client()
	if line := p.run.firstLine(); line != "" {
		if err := checkHandshake(line); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	got, err := protocol.Dispense(wire.PluginSet)
	if err != nil {
		return err
	}
	d := got.(dispensed)
	p.conn, p.models = d.conn, newModelServer(d.broker)
	return nil
}

// ask asks for the plugin's description, and checks it.
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
			return core.Errorf(core.ErrorProtocol, "the plugin offers two components of kind %s named %q", c.Kind, c.Name)
		}
		s, err := schema.Parse(c.Config)
		if err != nil {
			return core.Errorf(core.ErrorProtocol, "the schema of %s %q: %w", c.Kind, c.Name, err)
		}
		p.components = append(p.components, Component{Info: c.Info(), Schema: s})
	}
	return nil
}

// number is the process's id, 0 where that is not known.
func (p *process) number() int {
	n, _ := strconv.Atoi(p.run.ID())
	return n
}

func (p *process) find(kind core.Kind, name string) (core.Info, bool) {
	for _, c := range p.components {
		if c.Info.Kind == kind && c.Info.Name == name {
			return c.Info, true
		}
	}
	return core.Info{}, false
}

// supervise watches the process until it ends, for any reason, and cleans up.
func (p *process) supervise(of *plugin) {
	if of.attach == nil { // a debugger may stop the process for any time
		p.watchHeartbeat(of.options.HeartbeatEvery, of.options.HeartbeatTimeout)
	}
	<-p.run.over
	p.tellEnd()
	if p.run.left > 0 {
		p.log.Error("plugin has left processes that cannot be killed", "count", p.run.left)
	}
	p.models.stop()
	p.kill()
	p.stdout.flush()
	p.stderr.flush()
	p.output.flush()
	p.how.remove()
	close(p.gone)
}

// reportEnd reports the end of the process, after its start was reported.
func (p *process) reportEnd(of *plugin) {
	<-p.asked
	if p.stopping.Load() {
		p.log.Debug("plugin stopped", "status", p.run.status)
		of.options.observe(Event{Plugin: p.name, Kind: Stopped, PID: p.number()})
		return
	}
	p.log.Error((&crash{p.name, p.reason()}).Error())
	of.options.observe(Event{Plugin: p.name, Kind: Died, PID: p.number(), Reason: p.reason()})
}

// killBecause kills the process and everything that it has started. The reason
// is a phrase that follows the plugin's name.
func (p *process) killBecause(reason string) {
	p.killedFor.CompareAndSwap(nil, &reason)
	_ = p.run.Kill(context.Background())
}

// stop ends the process: by request at first, and then with its whole group.
// go-plugin's shutdown call and ping both block while the process is frozen.
func (p *process) stop() {
	if !p.run.ended() { // otherwise it has died
		p.stopping.Store(true)
	}
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

// wait reports whether the process ended within d.
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
	if reason := p.killedFor.Load(); reason != nil {
		return p.withLastLines(core.Errorf(core.ErrorUnavailable, "the plugin %s", *reason))
	}
	if p.run.ID() != "not started" && p.run.firstLine() == "" {
		return p.withLastLines(core.Errorf(core.ErrorUnavailable, "the plugin ended before it was ready (%s)", p.run.status))
	}
	return core.Errorf(core.ErrorUnavailable, "%w", err)
}

// withLastLines adds the last lines of the process's output.
func (p *process) withLastLines(e *core.Error) *core.Error {
	return withLines(e, p.output.lastLines())
}

func withLines(e *core.Error, lines []string) *core.Error {
	if len(lines) == 0 {
		return e
	}
	f := *e
	f.Err = fmt.Errorf("%w; its last log lines: %s", e.Err, strings.Join(lines, " | "))
	return &f
}

// socketDir returns the folder in which the folders of processes are created.
// Their sockets are in these, and the path of a socket may have at most 104
// bytes.
func socketDir(temp string) string {
	const room = 104 - len("/orchestrator-1234567890/plugin-dir1234567890/plugin1234567890") - 1
	if len(temp) > room {
		return "/tmp"
	}
	return temp
}

// dispensed is go-plugin's handle of a plugin.
type dispensed struct {
	conn   *grpc.ClientConn
	broker *goplugin.GRPCBroker
}

// dispenser makes go-plugin return the connection itself.
type dispenser struct {
	goplugin.NetRPCUnsupportedPlugin
}

var _ goplugin.GRPCPlugin = dispenser{}

// GRPCServer is unused: the plugin has its own.
func (dispenser) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("a host is not a plugin")
}

// GRPCClient returns the connection.
func (dispenser) GRPCClient(_ context.Context, broker *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return dispensed{conn: conn, broker: broker}, nil
}
