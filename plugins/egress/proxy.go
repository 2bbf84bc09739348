package egress

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// headerTimeout bounds how long a client may take to send a request's header.
const headerTimeout = 10 * time.Second

// Options configure a proxy.
type Options struct {
	// Record is called once for a refused connection, and twice for an allowed
	// one: when it is made and when it ends. Beyond 20 a second (1000 at once)
	// refused connections are only counted, in the reason of a later one. Record
	// is called concurrently. It may be nil.
	Record func(Connection)
	// Upstream returns the proxy that has to be used for a request, or nil for
	// none. A nil Upstream stands for [http.ProxyFromEnvironment].
	Upstream func(*http.Request) (*url.URL, error)
}

// Proxy is the egress proxy. It listens from the first call of [Proxy.URL] on, and
// refuses every connection until [Proxy.Allow] is called. Its methods may be called
// concurrently.
type Proxy struct {
	options Options
	rules   atomic.Pointer[rules]
	forward http.Handler
	refused refusals

	mu       sync.Mutex
	server   *http.Server // nil until it listens
	address  *net.TCPAddr
	secrets  map[string]string // by plugin
	closed   bool
	handling sync.WaitGroup
	// cancel ends every connection.
	cancel context.CancelFunc
}

// New returns a proxy that does not listen yet.
func New(options Options) *Proxy {
	if options.Upstream == nil {
		options.Upstream = http.ProxyFromEnvironment
	}
	p := &Proxy{options: options, secrets: map[string]string{}, refused: newRefusals()}
	p.forward = p.newForward()
	return p
}

// Allow sets what may be contacted from now on, in place of what was set before:
// hosts are entries of scope.hosts, "host" or "host:port"; local are the addresses
// of this machine, "host:port", that the campaign's configuration names.
func (p *Proxy) Allow(hosts, local []string) { p.rules.Store(newRules(hosts, local)) }

// URL returns the proxy's URL with a plugin's credential, which is the same in each
// call. The first call starts the proxy. After Close it fails.
func (p *Proxy) URL(plugin string) (*url.URL, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.listen(); err != nil {
		return nil, fmt.Errorf("starting the egress proxy: %w", err)
	}
	secret, ok := p.secrets[plugin]
	if !ok {
		secret = rand.Text()
		p.secrets[plugin] = secret
	}
	return &url.URL{Scheme: "http", User: url.UserPassword(plugin, secret), Host: p.address.String()}, nil
}

// listen starts the proxy; p.mu is held.
func (p *Proxy) listen() error {
	switch {
	case p.closed:
		return errors.New("the proxy is closed")
	case p.server != nil:
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.address, _ = listener.Addr().(*net.TCPAddr)
	p.server = &http.Server{
		Handler:           http.HandlerFunc(p.serve),
		ReadHeaderTimeout: headerTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          log.New(io.Discard, "", 0), // connections are recorded instead
	}
	server := p.server
	p.handling.Go(func() { _ = server.Serve(listener) }) // returns when the proxy is closed
	return nil
}

// Close ends the proxy and every connection through it, and waits for their
// handlers.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	server := p.server
	p.mu.Unlock()
	if server == nil {
		return nil
	}
	p.cancel()
	err := server.Close()
	p.handling.Wait()
	if n := p.refused.counted(); n > 0 {
		now := time.Now()
		p.record(Connection{Began: now, Ended: now, Reason: more(n)})
	}
	if err != nil {
		return fmt.Errorf("closing the egress proxy: %w", err)
	}
	return nil
}

// enter registers a request with p.handling, and reports false if the proxy is
// closed.
func (p *Proxy) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.handling.Add(1)
	}
	return !p.closed
}

// serve handles one request of a plugin.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	if !p.enter() {
		return
	}
	defer p.handling.Done()
	c := Connection{Began: time.Now(), Plugin: p.pluginOf(r)}
	host, port, err := addressOf(r)
	if err != nil {
		p.refuse(w, c, refusal{http.StatusBadRequest, err.Error(), "use it as an HTTP proxy: CONNECT for https and WebSockets, the whole URL for http"})
		return
	}
	c.Address = net.JoinHostPort(host, port)
	if c.Plugin == "" {
		w.Header().Set("Proxy-Authenticate", `Basic realm="orchestrator"`)
		p.refuse(w, c, refusal{http.StatusProxyAuthRequired, "only the orchestrator's plugins may use this proxy", "show the credential that is in the URL of HTTPS_PROXY"})
		return
	}
	to, err := p.rules.Load().judge(host, port)
	if err != nil {
		p.refuse(w, c, refusalFor(err))
		return
	}
	if r.Method == http.MethodConnect {
		p.tunnel(w, r, c, to)
		return
	}
	p.relay(w, r, c, to)
}

// pluginOf returns the plugin whose credential a request shows, or "".
func (p *Proxy) pluginOf(r *http.Request) string {
	shown := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	plugin, secret, ok := shown.BasicAuth()
	p.mu.Lock()
	want, known := p.secrets[plugin]
	p.mu.Unlock()
	if !ok || !known || subtle.ConstantTimeCompare([]byte(secret), []byte(want)) != 1 {
		return ""
	}
	return plugin
}
