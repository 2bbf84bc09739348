package realtime

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// dial opens a socket, within the context's time.
func dial(ctx context.Context, e endpoint) (*socket, error) {
	dialer := websocket.Dialer{
		Proxy: http.ProxyFromEnvironment,
		// A thousand conversations may be open at a time, and most of the
		// traffic comes in frames that go past these buffers.
		ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10,
	}
	conn, response, err := dialer.DialContext(ctx, e.url, e.header)
	if response != nil {
		defer func() { _ = response.Body.Close() }()
	}
	if err == nil {
		return newSocket(conn), nil
	}
	if errors.Is(err, websocket.ErrBadHandshake) && response != nil {
		body, _ := io.ReadAll(response.Body) // at most 1024 bytes, already in memory
		return nil, refusedHandshake(response.StatusCode, response.Header, body)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		<-ctx.Done() // it is the context's deadline, which the connection noticed first
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("connecting: %w", context.Cause(ctx))
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return nil, core.Errorf(core.KindConfig, "connecting: %w", err).
			WithHint("for a certificate authority of your own, set SSL_CERT_FILE")
	}
	return nil, core.Errorf(core.KindUnavailable, "connecting: %w", err)
}

// closingTime is how long a closing handshake may take.
const closingTime = 500 * time.Millisecond
