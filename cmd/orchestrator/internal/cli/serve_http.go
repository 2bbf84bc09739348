package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// health is how a server stands.
type health struct{ leads atomic.Bool }

func (h *health) lead() { h.leads.Store(true) }

// routes are what serve answers over HTTP.
func (s *server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.health.leads.Load() {
			fmt.Fprintln(w, "leader")
			return
		}
		fmt.Fprintln(w, "standby")
	})
	mux.Handle("GET /metrics", s.metrics)
	return mux
}

// answer answers requests on the address of --listen, if there is one, until stop is
// called.
func (s *server) answer(ctx context.Context) (stop func(), err error) {
	if s.listen == "" {
		return func() {}, nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.listen)
	if err != nil {
		return nil, usagef("--listen: %w", err).withHint("an address that is free on this machine, such as 127.0.0.1:8080")
	}
	const slowest = 10 * time.Second
	server := &http.Server{Handler: s.routes(), ReadHeaderTimeout: slowest}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.line("", fmt.Sprintf("error: answering on %s: %v", s.listen, err))
		}
	}()
	fmt.Fprintf(s.env.Stdout, "listening on %s\n", listener.Addr())
	return func() { _ = server.Close() }, nil
}
