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

// trip is a request on its way through the proxy.
type trip struct {
	way        way
	upstream   *url.URL // the host's own proxy for it, or nil
	connection Connection
	sent       atomic.Int64
	received   atomic.Int64
	// failed says why there is no answer. Only the handler's goroutine uses it.
	failed *refusal
}

// tripKey is the key of a request's trip in its context: the transport and the
// dialer of a ReverseProxy are given nothing else of the request.
type tripKey struct{}

func tripOf(ctx context.Context) *trip {
	t, _ := ctx.Value(tripKey{}).(*trip)
	return t
}

// relay passes on a request by plain HTTP, an upgrade to a WebSocket included.
func (p *Proxy) relay(w http.ResponseWriter, r *http.Request, c Connection, way way) {
	upstream, err := p.upstream(way, r.URL)
	if err != nil {
		p.refuse(w, c, refusalFor(err))
		return
	}
	t := &trip{way: way, upstream: upstream, connection: c}
	t.connection.Allowed = true
	defer func() { // the handler panics where the answer breaks off
		if t.failed == nil {
			p.end(t.connection, t.sent.Load(), t.received.Load())
		}
	}()
	p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tripKey{}, t)))
	if t.failed != nil {
		c.Sent, c.Received = t.sent.Load(), t.received.Load()
		p.refuse(w, c, *t.failed)
	}
}

// newForward returns what passes requests on, each by a connection of its own,
// so that every connection belongs to one plugin and its address is judged.
func (p *Proxy) newForward() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:       keepAsItIs,
		FlushInterval: -1, // a model's answer is read while it is written
		ErrorLog:      log.New(io.Discard, "", 0),
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			why := refusalFor(err)
			tripOf(r.Context()).failed = &why
		},
		Transport: &http.Transport{
			Proxy:              func(r *http.Request) (*url.URL, error) { return tripOf(r.Context()).upstream, nil },
			DialContext:        p.dialForTrip,
			DisableKeepAlives:  true,
			DisableCompression: true,
		},
	}
}

// keepAsItIs undoes what a reverse proxy mends in a request: an attack may
// consist in it.
func keepAsItIs(r *httputil.ProxyRequest) {
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
}

// dialForTrip dials the host of a request, or the host's own proxy for it.
func (p *Proxy) dialForTrip(ctx context.Context, network, address string) (net.Conn, error) {
	t := tripOf(ctx)
	dialer := &net.Dialer{Timeout: dialTimeout}
	if t.upstream == nil {
		dialer.Control = t.way.check
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	p.record(t.connection)
	return &counted{Conn: conn, trip: t}, nil
}

// counted counts what goes through a connection.
type counted struct {
	net.Conn
	trip *trip
}

// Read counts what is received.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.trip.received.Add(int64(n))
	return n, err
}

// Write counts what is sent.
func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.trip.sent.Add(int64(n))
	return n, err
}
