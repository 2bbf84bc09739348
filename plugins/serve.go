package plugins

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// closeTimeout is the time limit for closing the instances when the process has
// to end. The host waits two seconds before it kills the process.
const closeTimeout = 1500 * time.Millisecond

// Info describes a plugin.
type Info struct {
	// Name is what campaigns write before the slash: lower-case letters,
	// digits and "-". The program is called orchestrator-plugin-NAME.
	Name string
	// Version is the plugin's own version, such as "0.3.1".
	Version string
	// Permissions are those that its process needs. They are shown when the
	// plugin is installed, and the sandbox allows nothing else.
	Permissions core.Permissions
}

// Serve serves components to the orchestrator that started this process, and
// returns when the orchestrator ends it. It is the last call of a plugin's
// main.
//
// The last argument of the program may change that. With "describe" it prints
// the description of its components as JSON. With "--debug" it waits for an
// orchestrator that did not start it, for use in a debugger, and prints how to
// attach. Started by hand without an argument, it prints what it is. If it
// cannot serve, it prints the reason and exits with status 1.
//
// Serve makes slog's default logger write to the orchestrator's log, and
// http.DefaultTransport connect through the orchestrator's proxy: other HTTP
// clients need its DialContext and Proxy, or a clone of it. Nothing may be
// printed to standard output before Serve is called.
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

// process is the state that the plugin's process was started with. Later,
// os.Stdout and os.Stderr are replaced by streams that are not parsed as a log.
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
	return p.serveHost(info, offer)
}

// serveHost serves until the host ends the plugin or is gone.
func (p process) serveHost(info Info, offer *offer) error {
	slog.SetDefault(slog.New(newLogHandler(p.stderr, p.getenv(wire.EnvLogLevel))))
	surviveBrokenPipes()
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // a terminal's is for the host

	stdout, stderr, err := redirect()
	if err != nil {
		return err
	}
	instances := newInstances(offer)
	server, err := listen(info, instances, p.getenv(goplugin.EnvUnixSocketDir), p.getenv(wire.EnvClientCert), stdout, stderr)
	if err != nil {
		return err
	}
	orphaned := make(chan struct{})
	if p.getenv(wire.EnvLifeline) != "" {
		go func() {
			watchLifeline(p.stdin)
			close(orphaned)
			server.grpc.Stop()
		}()
	}
	if _, err := io.WriteString(p.stdout, server.handshake()); err != nil {
		return fmt.Errorf("telling the orchestrator where the plugin listens: %w", err)
	}
	err = server.serve()
	instances.closeAll(closeTimeout)
	instances.host.close()
	select {
	case <-orphaned:
		leaveNothingBehind(p.getenv(wire.EnvFolder))
	default: // the host cleans up
	}
	return err
}

// redirect makes os.Stdout and os.Stderr pipes, and returns their other ends. What
// components print must not get among the lines that the host parses.
func redirect() (stdout, stderr io.Reader, err error) {
	if stdout, os.Stdout, err = os.Pipe(); err == nil {
		stderr, os.Stderr, err = os.Pipe()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("redirecting what components print: %w", err)
	}
	return stdout, stderr, nil
}

// watchLifeline returns when the host is gone. The host holds the other end of
// the pipe and never writes to it, so that the kernel closes it however the
// host dies, even before it has connected. Linux's parent-death signal would
// fire when the thread that started this process ends, which can be earlier.
func watchLifeline(stdin io.Reader) { _, _ = io.Copy(io.Discard, stdin) }

// leaveNothingBehind does what a host that was killed cannot do: it removes the
// process's own folder and kills the processes that this one has started. In a
// sandbox the empty folder itself remains.
func leaveNothingBehind(folder string) {
	if folder != "" {
		_ = os.RemoveAll(folder) // an error leaves files behind
	}
	killOwnGroup()
}

// newGRPCServer returns a server that converts the errors and panics of its
// handlers.
func newGRPCServer(info Info, options []grpc.ServerOption) *grpc.Server {
	t := &tracing{info: info}
	return grpc.NewServer(append(options,
		grpc.MaxRecvMsgSize(wire.MaxMessage),
		grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.ChainUnaryInterceptor(t.unary, guardUnary),
		grpc.ChainStreamInterceptor(t.stream, guardStream),
	)...)
}

// describe prints the description, for people and for programs.
func describe(w io.Writer, d wire.Description) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("describing the plugin: %w", err)
	}
	return nil
}
