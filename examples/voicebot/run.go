package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/agent"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/api"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/web"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// stopTimeout is how long requests in flight may take after the signal to stop.
const stopTimeout = 5 * time.Second

// run serves until the context ends and returns the exit code. It prints
// "listening on http://ADDRESS" to stdout once it answers.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	o, err := parse(args, getenv, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		complain(stderr, err)
		return exitUsage
	}
	if err := start(ctx, o, stdout, stderr); err != nil {
		complain(stderr, err)
		return exitFailed
	}
	return exitDone
}

func complain(stderr io.Writer, err error) {
	_, _ = fmt.Fprintf(stderr, "voicebot: error: %v\n", err)
	if hint := core.HintOf(err); hint != "" {
		_, _ = fmt.Fprintf(stderr, "voicebot: hint: %s\n", hint)
	}
}

// start listens before the agent is checked, which takes seconds on a slow machine: who
// comes meanwhile waits and is not refused.
func start(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	listener, err := listen(ctx, o.listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // the server has closed it, unless it did not begin
	bot, err := newAgent(ctx)
	if err != nil && ctx.Err() != nil {
		return nil // stopped while the agent was being checked
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bot.Close()) }()
	bot.Role = o.role
	all := servers{
		realtime: realtimetest.NewServer(bot, realtimetest.Options{
			APIKey:    o.apiKey,
			MCP:       agent.Notes{},
			Faults:    fault.ForRealtime(o.faults),
			Allowance: o.allowance,
			Log:       slog.New(slog.NewTextHandler(stderr, nil)),
		}),
		api: api.New(bot, api.Options{APIKey: o.apiKey, Faults: o.faults, Allowance: o.allowance}),
		web: web.New(bot, web.Options{Password: o.apiKey, Faults: o.faults, Allowance: o.allowance}),
	}
	_, _ = fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	return all.serve(ctx, listener)
}

// servers are all ways to the agent.
type servers struct {
	realtime *realtimetest.Server
	api      *api.Server
	web      *web.Server
}

// newAgent returns an agent whose speech recognition and synthesis work.
func newAgent(ctx context.Context) (*agent.Agent, error) {
	bot, err := agent.New(ctx)
	if err != nil {
		return nil, err
	}
	if err := bot.Check(ctx); err != nil {
		return nil, errors.Join(err, bot.Close())
	}
	return bot, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(address)
		return nil, core.Errorf(core.ErrorUnavailable, "port %s is taken: %w", port, err).
			WithHint("stop what listens there, or run bin/voicebot --listen 127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	return listener, nil
}

// serve serves until the context ends. Then it closes the Realtime connections and
// waits for other requests, for at most [stopTimeout].
func (s servers) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 10 * time.Second,
	}
	server.RegisterOnShutdown(s.api.Stop)
	server.RegisterOnShutdown(s.web.Stop)
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	select {
	case err := <-stopped:
		return errors.Join(fmt.Errorf("serving: %w", err), s.realtime.Close())
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	// Shutdown does not wait for hijacked connections: the realtime server closes
	// its websockets itself.
	err := errors.Join(s.realtime.Close(), server.Shutdown(grace))
	if err != nil {
		err = errors.Join(fmt.Errorf("stopping: %w", err), server.Close())
	}
	if reason := <-stopped; !errors.Is(reason, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("serving: %w", reason))
	}
	return err
}

func (s servers) routes() http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/v1/realtime", "/v1/realtime/client_secrets"} {
		mux.Handle(path, s.realtime)
		mux.Handle("/openai"+path, s.realtime)
	}
	mux.Handle("/v1/", s.api)
	mux.Handle("/openai/", s.api)
	mux.Handle("/v1beta/", s.api)
	mux.Handle("/", s.web)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		did := s.realtime.Stats()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]int{
			"connections": did.Connections, "open": did.Open, "turns": did.Turns,
			"responses": did.Responses, "secrets": did.Secrets, "refused": did.Refused,
			"completions": s.api.Replies(), "messages": s.web.Replies(),
		})
	})
	return mux
}
