package egress

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/proxy"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/connect"
)

// dialTimeout bounds how long a host may take to accept a connection. A client that
// disconnects earlier ends the wait.
const dialTimeout = 30 * time.Second

// addressOf returns the host, normalised by [scope.Name], and the port of a
// request's destination.
func addressOf(r *http.Request) (host, port string, err error) {
	if r.Method == http.MethodConnect {
		host, port, err = net.SplitHostPort(r.Host)
		if err != nil || host == "" || port == "" {
			return "", "", fmt.Errorf("CONNECT %q names no host and port", r.Host)
		}
		return scope.Name(host), port, nil
	}
	if r.URL.Scheme != "http" || r.URL.Hostname() == "" {
		return "", "", fmt.Errorf("%s is not a request to a proxy", r.Method)
	}
	host, port = scope.HostOf(r.URL)
	return host, port, nil
}

// dial opens a connection to an allowed address, directly or through the upstream
// proxy.
func (p *Proxy) dial(ctx context.Context, to destination, address string) (net.Conn, error) {
	upstream, err := p.upstream(to, &url.URL{Scheme: "https", Host: address})
	if err != nil {
		return nil, err
	}
	open := directly(to)
	if upstream != nil {
		if open, err = through(upstream); err != nil {
			return nil, err
		}
	}
	conn, err := open(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", address, withoutAddress(err))
	}
	return conn, nil
}

// withoutAddress returns the reason of a dialer's error, which names the address, too.
func withoutAddress(err error) error {
	if e, ok := err.(*net.OpError); ok && e.Op == "dial" { //nolint:errorlint // a dialer returns it unwrapped
		return e.Err
	}
	return err
}

// upstream returns the proxy in the host's environment for an address, or nil if
// there is none or the address is on this machine.
func (p *Proxy) upstream(to destination, u *url.URL) (*url.URL, error) {
	if to.local {
		return nil, nil
	}
	upstream, err := p.options.Upstream(&http.Request{URL: u})
	if err != nil {
		return nil, fmt.Errorf("the proxy in the environment: %w", err)
	}
	return upstream, nil
}

// directly returns a dialer that checks each resolved address by [destination.check].
func directly(to destination) connect.Dialer {
	return (&net.Dialer{Timeout: dialTimeout, Control: to.check}).DialContext
}

// through returns a dialer that connects through a proxy of the host's environment.
func through(upstream *url.URL) (connect.Dialer, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	switch strings.ToLower(upstream.Scheme) {
	case "http", "https":
		return connect.Through(upstream, dialer.DialContext), nil
	}
	socks, err := proxy.FromURL(upstream, dialer)
	if err != nil {
		return nil, fmt.Errorf("the proxy in the environment: %w", err)
	}
	contextual, ok := socks.(proxy.ContextDialer)
	if !ok {
		return nil, fmt.Errorf("the proxy in the environment, of scheme %q, cannot be used", upstream.Scheme)
	}
	return contextual.DialContext, nil
}
