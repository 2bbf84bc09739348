package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// probes answer HTTP requests for the health and the metrics of a serve
// process.
type probes struct {
	leads   atomic.Bool
	metrics http.Handler
}

func (p *probes) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if p.leads.Load() {
			fmt.Fprintln(w, "leader")
			return
		}
		fmt.Fprintln(w, "standby")
	})
	mux.Handle("GET /metrics", p.metrics)
	return mux
}

// listen serves HTTP on an address until stop is called. If the address is "",
// it does nothing. failed is called with the error if serving ends early.
func (p *probes) listen(ctx context.Context, address string, out io.Writer, failed func(error)) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, usagef("--listen: %w", err).withHint("an address that is free on this machine, such as 127.0.0.1:8080")
	}
	const slowest = 10 * time.Second
	server := &http.Server{Handler: p.routes(), ReadHeaderTimeout: slowest}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed(err)
		}
	}()
	fmt.Fprintf(out, "listening on %s\n", listener.Addr())
	return func() {
		_ = server.Close()
		<-done
	}, nil
}
