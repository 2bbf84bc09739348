package egress

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
)

// forwarding is the state of a plain HTTP request that is being forwarded.
type forwarding struct {
	to         destination
	upstream   *url.URL // the upstream proxy, or nil
	connection Connection
	sent       atomic.Int64
	received   atomic.Int64
	// failed is set if there is no response. Only the handler's goroutine uses it.
	failed *refusal
}

// forwardingKey is the key of a request's forwarding in its context, the only part of
// a request that the dialer of a ReverseProxy's transport gets.
type forwardingKey struct{}

func forwardingOf(ctx context.Context) *forwarding {
	f, _ := ctx.Value(forwardingKey{}).(*forwarding)
	return f
}

// relay forwards a plain HTTP request, also one for an upgrade to a WebSocket.
func (p *Proxy) relay(w http.ResponseWriter, r *http.Request, c Connection, to destination) {
	upstream, err := p.upstream(to, r.URL)
	if err != nil {
		p.refuse(w, c, refusalFor(err))
		return
	}
	f := &forwarding{to: to, upstream: upstream, connection: c}
	f.connection.Allowed = true
	defer func() { // deferred, because ReverseProxy panics if the response breaks off
		if f.failed == nil {
			p.end(f.connection, f.sent.Load(), f.received.Load())
		}
	}()
	p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), forwardingKey{}, f)))
	if f.failed != nil {
		c.Sent, c.Received = f.sent.Load(), f.received.Load()
		p.refuse(w, c, *f.failed)
	}
}

// newForward returns the handler that forwards plain HTTP requests. Each request
// gets its own connection, so that every connection belongs to one plugin and its
// address is checked.
func (p *Proxy) newForward() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:       keepAsItIs,
		FlushInterval: -1, // flush at once: a model's response is streamed
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			why := refusalFor(err)
			forwardingOf(r.Context()).failed = &why
		},
		Transport: &http.Transport{
			Proxy:              func(r *http.Request) (*url.URL, error) { return forwardingOf(r.Context()).upstream, nil },
			DialContext:        p.dialForwarding,
			DisableKeepAlives:  true,
			DisableCompression: true,
		},
	}
}

// keepAsItIs undoes the changes that ReverseProxy makes to a request's query and
// forwarding headers: they may be part of an attack.
func keepAsItIs(r *httputil.ProxyRequest) {
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
}

// dialForwarding dials a request's destination or its upstream proxy, and records the
// connection.
func (p *Proxy) dialForwarding(ctx context.Context, network, address string) (net.Conn, error) {
	f := forwardingOf(ctx)
	dialer := &net.Dialer{Timeout: dialTimeout}
	if f.upstream == nil {
		dialer.Control = f.to.check
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	p.record(f.connection)
	return &counted{Conn: conn, forwarding: f}, nil
}

// counted counts the bytes of a connection.
type counted struct {
	net.Conn
	forwarding *forwarding
}

// Read implements [net.Conn] and counts the bytes received.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.forwarding.received.Add(int64(n))
	return n, err
}

// Write implements [net.Conn] and counts the bytes sent.
func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.forwarding.sent.Add(int64(n))
	return n, err
}
