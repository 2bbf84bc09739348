package plugins

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// closeTimeout bounds the closing of what is still open when the process has
// to go. The host waits two seconds before it kills.
const closeTimeout = 1500 * time.Millisecond

// Info says what a plugin is.
type Info struct {
	// Name is what campaigns write before the slash: lower-case letters,
	// digits and "-". The program is called orchestrator-plugin-NAME.
	Name string
	// Version is the plugin's own version, such as "0.3.1".
	Version string
	// Permissions are what its process does beside computing. Whoever installs
	// the plugin sees them, and nothing else is possible to it.
	Permissions core.Permissions
}

// Serve serves components to the orchestrator that started this process, and
// returns when it is done. It is the last thing that a plugin's main does.
//
// Its program's last argument may ask for something else. With "describe" it
// prints what it offers as JSON. With "--debug" it waits for an orchestrator
// that did not start it, so that it can run in a debugger, and prints how one
// attaches to it. Started by hand without either, it says what it is. Where it
// cannot serve, it prints the reason and exits with status 1.
//
// Serve makes slog's default logger write to the orchestrator's log, and
// http.DefaultTransport connect in the way that the orchestrator wants: clients
// of the plugin's own take its DialContext and Proxy, or a clone of it. Nothing
// may be printed to standard output before Serve is called.
func Serve(info Info, components ...core.Component) {
	p := process{args: os.Args, getenv: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	if err := p.serve(info, components); err != nil {
		_, _ = fmt.Fprintf(p.stderr, "%s: error: %v\n", info.Name, err)
		if hint := core.HintOf(err); hint != "" {
			_, _ = fmt.Fprintf(p.stderr, "%s: hint: %s\n", info.Name, hint)
		}
		os.Exit(1)
	}
}

// process is what the plugin's process has been given. go-plugin replaces
// os.Stdout and os.Stderr later by streams that are not parsed as a log.
type process struct {
	args           []string
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
}

func (p process) serve(info Info, components []core.Component) error {
	offer, err := newOffer(info, components)
	if err != nil {
		return err
	}
	switch p.args[len(p.args)-1] {
	case "describe":
		return describe(p.stdout, offer.description)
	case "--debug":
		return p.serveDebugger(info, offer)
	}
	handshake := wire.Handshake()
	if p.getenv(handshake.MagicCookieKey) != handshake.MagicCookieValue {
		return core.Errorf(core.ErrorUnsupported, "%s %s is a plugin of orchestrator and does nothing on its own", info.Name, info.Version).
			WithHint("\"orchestrator plugins list --plugin-dir FOLDER\" shows what the plugins in a folder offer; %q shows it for this one", p.args[0]+" describe")
	}
	if err := useEgress(p.getenv(wire.EnvEgress)); err != nil {
		return err
	}
	p.serveHost(handshake, info, offer)
	return nil
}

// serveHost serves until the host says that it is enough, or is gone.
func (p process) serveHost(handshake goplugin.HandshakeConfig, info Info, offer *offer) {
	slog.SetDefault(slog.New(newLogHandler(p.stderr, p.getenv(wire.EnvLogLevel))))
	surviveBrokenPipes()

	instances := newInstances(offer)
	orphaned := make(chan struct{})
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         goplugin.PluginSet{wire.PluginSet: &servedSet{instances: instances}},
		Logger:          hclog.New(&hclog.LoggerOptions{Output: p.stderr, JSONFormat: true, Level: hclog.Warn}),
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			server := newGRPCServer(info, options)
			if p.getenv(wire.EnvLifeline) != "" {
				go func() {
					watchLifeline(p.stdin)
					close(orphaned)
					server.Stop()
				}()
			}
			return server
		},
	})
	instances.closeAll(closeTimeout)
	instances.host.close()
	select {
	case <-orphaned:
		leaveNothingBehind(p.getenv(wire.EnvFolder))
	default: // the host tidies up
	}
}

// watchLifeline returns when the host is gone. The host holds the other end of
// the pipe and never writes to it, so the kernel ends it however the host
// dies, be it before it has connected. Linux's parent-death signal would fire
// when the thread that started this process ends, which says nothing about the
// host.
func watchLifeline(stdin io.Reader) { _, _ = io.Copy(io.Discard, stdin) }

// leaveNothingBehind does what a host that was killed cannot do any more:
// remove the process's own folder and end what this process has started. In a
// sandbox the folder itself stays, empty.
func leaveNothingBehind(folder string) {
	if folder != "" {
		_ = os.RemoveAll(folder) // as far as it goes
	}
	killOwnGroup()
}

// newGRPCServer returns a server whose handlers may return any error, and may
// panic.
func newGRPCServer(info Info, options []grpc.ServerOption) *grpc.Server {
	t := &tracing{info: info}
	return grpc.NewServer(append(options,
		grpc.MaxRecvMsgSize(wire.MaxMessage),
		grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.ChainUnaryInterceptor(t.unary, guardUnary),
		grpc.ChainStreamInterceptor(t.stream, guardStream),
	)...)
}

// describe prints a description for people and for other programs.
func describe(w io.Writer, d wire.Description) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("describing the plugin: %w", err)
	}
	return nil
}

// sdkVersion returns the version of this module that the program was built
// with.
func sdkVersion() string {
	const module = "github.com/redteam-orchestrator/orchestrator"
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append(build.Deps, &build.Main) {
		if m.Path == module && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
}
