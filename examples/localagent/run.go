package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// run serves until the context ends and returns the exit code. It prints
// "listening on http://ADDRESS" to stdout once the model answers.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		_, _ = fmt.Fprintf(stderr, "localagent: error: %v\n", err)
		return exitUsage
	}
	if err := serve(ctx, o, stdout, stderr); err != nil {
		_, _ = fmt.Fprintf(stderr, "localagent: error: %v\n", err)
		return exitFailed
	}
	return exitDone
}

func serve(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	address := listener.Addr().String()
	socket, err := listener.(*net.TCPListener).File() // "tcp" gives no other
	err = errors.Join(err, listener.Close())          // the program has the socket alone
	if err != nil {
		return fmt.Errorf("handing the socket on: %w", err)
	}
	p, err := begin(ctx, o, socket, stderr)
	if err = errors.Join(err, socket.Close()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.remove()) }()
	_, _ = fmt.Fprintf(stdout, "sandbox: %s\n", p.restricted)
	answers := make(chan error, 1)
	var asking sync.WaitGroup
	asking.Go(func() { answers <- health(ctx, address) })
	select {
	case <-p.ended:
		asking.Wait() // it fails as the program ends
		return p.why()
	case err := <-answers:
		if err != nil {
			p.stop()
			return err
		}
	}
	_, _ = fmt.Fprintf(stdout, "listening on http://%s\n", address)
	select {
	case <-p.ended:
		return p.why()
	case <-ctx.Done():
		p.stop()
		return nil
	}
}

// health returns once the server answers. The socket listens from the beginning, so
// that the request waits while the model is loaded, and fails if the program ends.
// It is no error that the context ends.
func health(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/health", http.NoBody)
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	request.Close = true
	response, err := (&http.Transport{}).RoundTrip(request)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // nothing more is read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server says %s when it is asked how it is", response.Status)
	}
	return nil
}
