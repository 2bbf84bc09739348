package realtime

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// network holds the HTTP client and the websocket dialer.
type network struct {
	dialer websocket.Dialer
	// client requests ephemeral keys. It follows no redirect, which could send
	// the key to another host.
	client *http.Client
}

func (c Config) network() (network, error) {
	way := http.DefaultTransport.(*http.Transport) // the process's proxy and TLS settings
	proxy := way.Proxy
	if c.Proxy != "" {
		u, err := url.Parse(c.Proxy)
		if err != nil {
			return network{}, wrong("proxy", "not a URL") // it may hold a password
		}
		proxy = http.ProxyURL(u)
	}
	trust, err := c.trust()
	if err != nil {
		return network{}, err
	}
	return network{
		dialer: websocket.Dialer{
			NetDialContext: way.DialContext, Proxy: proxy, TLSClientConfig: trust,
			// A thousand conversations may be open at a time. Text deltas come
			// in many small frames, and audio deltas in frames of about the
			// size of the larger buffer.
			ReadBufferSize: 16 << 10, WriteBufferSize: 4 << 10, WriteBufferPool: &sync.Pool{},
		},
		client: &http.Client{
			Transport:     &http.Transport{DialContext: way.DialContext, Proxy: proxy, TLSClientConfig: trust.Clone(), DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// trust returns the certificate authorities to trust.
func (c Config) trust() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CACertificates == "" {
		return config, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without certificate authorities
	}
	if !pool.AppendCertsFromPEM([]byte(c.CACertificates)) {
		return nil, wrong("ca_certificates", "no PEM certificate was found").
			WithHint("give the contents of the file, as in ${file:ca.pem}")
	}
	config.RootCAs = pool
	return config, nil
}

// dial opens a socket within the context's time. The machine receives all
// events from the first one on.
func (t *target) dial(ctx context.Context, first machine) (*socket, error) {
	header, err := t.credentials(ctx)
	if err != nil {
		return nil, err
	}
	conn, response, err := t.network.dialer.DialContext(ctx, t.endpoint.url, header)
	if response != nil {
		defer func() { _ = response.Body.Close() }()
	}
	if err == nil {
		return newSocket(conn, t.endpoint.dialect, &t.frames, t.config.Timeouts.Alive.Std(), first), nil
	}
	if errors.Is(err, websocket.ErrBadHandshake) && response != nil {
		body, _ := io.ReadAll(response.Body) // at most 1024 bytes, already in memory
		return nil, refusedHandshake(response.StatusCode, response.Header, body)
	}
	return nil, t.network.failed(ctx, err)
}

// failed explains why the connection could not be opened.
func (n network) failed(ctx context.Context, err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if _, ok := ctx.Deadline(); ok {
			<-ctx.Done() // the connection noticed the context's deadline first
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("connecting: %w", context.Cause(ctx))
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return core.Errorf(core.ErrorConfig, "connecting: %w", err).
			WithHint("for a certificate authority of your own, set ca_certificates")
	}
	if _, ok := errors.AsType[*core.Error](err); ok {
		return fmt.Errorf("connecting: %w", err) // the network's error names the reason
	}
	return core.Errorf(core.ErrorUnavailable, "connecting: %w", err)
}

// closingTime is how long a closing handshake may take.
const closingTime = 500 * time.Millisecond
