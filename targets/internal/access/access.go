package access

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// idleConnections is the number of idle connections to one service that a
	// transport keeps open: as many as there may be conversations at a time.
	idleConnections = 128
	// idleTime is how long an idle connection is kept.
	idleTime = 90 * time.Second
	// maxHeader bounds the header of a response, in bytes.
	maxHeader = 1 << 20
)

// Access is an opened [Config]. It is safe for concurrent use.
type Access struct {
	config  Config
	header  http.Header
	trust   *tls.Config
	proxy   func(*http.Request) (*url.URL, error)
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	secrets secrets
	printed printed
	// asked says that a service asked for a client certificate, and none is
	// configured.
	asked atomic.Bool
}

// Open reads the certificates, and takes the process's way into the network from
// [http.DefaultTransport]. Nothing is connected to.
func (c Config) Open() (*Access, error) {
	way := http.DefaultTransport.(*http.Transport)
	a := &Access{config: c, header: make(http.Header), proxy: way.Proxy, dial: way.DialContext}
	if c.Proxy != "" {
		u, err := url.Parse(c.Proxy)
		if err != nil {
			return nil, wrong("proxy", "not a URL") // it may hold a password
		}
		a.loginToProxy(u)
		a.proxy = http.ProxyURL(u)
	}
	var err error
	if a.trust, err = c.tls(); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		value := c.Headers[name].Reveal()
		if err := oneLine("headers."+name, value); err != nil {
			return nil, err
		}
		a.header.Set(name, value)
		a.secrets.keep(value)
		if _, token, ok := strings.Cut(value, " "); ok { // as in "Bearer TOKEN"
			a.secrets.keep(token)
		}
	}
	if err := errors.Join(a.credential("api_key", c.APIKey), a.credential("access_token", c.AccessToken)); err != nil {
		return nil, err
	}
	return a, nil
}

// loginToProxy puts the credentials for a proxy into its URL, and remembers each form in
// which they travel.
func (a *Access) loginToProxy(u *url.URL) {
	user, password := a.config.ProxyUser, a.config.ProxyPassword.Reveal()
	if user == "" {
		return
	}
	u.User = url.UserPassword(user, password)
	_, escaped, _ := strings.Cut(u.User.String(), ":")
	for _, form := range []string{password, escaped, base64.StdEncoding.EncodeToString([]byte(user + ":" + password))} {
		a.secrets.keep(form)
	}
}

// credential checks and remembers a credential of the configuration.
func (a *Access) credential(key string, value core.Secret) error {
	a.secrets.keep(value.Reveal())
	return oneLine(key, value.Reveal())
}

// oneLine checks that a value fits into a header.
func oneLine(key, value string) error {
	if strings.ContainsAny(value, "\r\n\x00") {
		return wrong(key, "the value has several lines, and a header has one").WithHint("a file with a key must hold nothing else")
	}
	return nil
}

// Header returns the configured headers, without credentials. The caller owns
// them.
func (a *Access) Header() http.Header { return a.header.Clone() }

// Authorized returns the configured headers with the credentials, for a request:
// an access token as bearer token, or the API key as setKey sets it (see
// [Bearer]). A token is read from its file each time; one that a program printed
// is used for up to a minute. The caller owns the headers.
func (a *Access) Authorized(ctx context.Context, setKey func(header http.Header, key string)) (http.Header, error) {
	token, err := a.currentToken(ctx)
	return a.authorized(token, err, setKey)
}

// AuthorizedAnew is [Access.Authorized] for a connection that lasts: its token is
// fetched for it alone, and may be good for one connection only.
func (a *Access) AuthorizedAnew(ctx context.Context, setKey func(header http.Header, key string)) (http.Header, error) {
	token, err := a.Token(ctx)
	return a.authorized(token, err, setKey)
}

func (a *Access) authorized(token string, err error, setKey func(header http.Header, key string)) (http.Header, error) {
	header := a.Header()
	switch {
	case err != nil:
		return nil, err
	case token != "":
		Bearer(header, token)
	case a.config.APIKey != "":
		setKey(header, a.config.APIKey.Reveal())
	}
	return header, nil
}

// Bearer sets a key or token as most services expect it.
func Bearer(header http.Header, key string) { header.Set("Authorization", "Bearer "+key) }

// Transport returns a transport with connections of its own, which speak HTTP/1.1:
// HTTP/2 of net/http would replace a TLS alert, such as that a certificate is
// required, by "client conn could not be established". The caller closes its idle
// connections.
func (a *Access) Transport() *http.Transport {
	return &http.Transport{
		DialContext: a.dial, Proxy: a.proxy, TLSClientConfig: a.TLS(),
		MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: idleTime, MaxResponseHeaderBytes: maxHeader,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, r *http.Response) error {
			return tunnelRefusal(r.StatusCode)
		},
	}
}

// Client returns a client that follows no redirect, which could take the key and
// the conversation to another host: the response is the redirect.
func Client(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// TLS returns which certificates are trusted, and which one is shown. The caller
// owns it.
func (a *Access) TLS() *tls.Config {
	config := a.trust.Clone()
	if len(config.Certificates) == 0 {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			a.asked.Store(true)
			return new(tls.Certificate), nil // none is sent
		}
	}
	return config
}

// Proxy returns the proxy for a request; nil for none.
func (a *Access) Proxy(request *http.Request) (*url.URL, error) {
	if a.proxy == nil {
		return nil, nil
	}
	return a.proxy(request)
}

// Dial opens a connection the process's way.
func (a *Access) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if a.dial == nil {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return a.dial(ctx, network, address)
}
