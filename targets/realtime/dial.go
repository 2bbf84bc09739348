package realtime

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// network holds the HTTP client and the websocket dialer.
type network struct {
	dialer websocket.Dialer
	// client requests ephemeral keys.
	client *http.Client
}

func newNetwork(a *access.Access) network {
	transport := a.Transport()
	transport.DisableKeepAlives = true
	return network{
		dialer: websocket.Dialer{
			NetDialContext: a.Dial, Proxy: a.Proxy, TLSClientConfig: a.TLS(),
			// A thousand conversations may be open at a time. Text deltas come
			// in many small frames, and audio deltas in frames of about the
			// size of the larger buffer.
			ReadBufferSize: 16 << 10, WriteBufferSize: 4 << 10, WriteBufferPool: &sync.Pool{},
		},
		client: access.Client(transport),
	}
}

// connecting is what errors before a session say was being done.
const connecting = "connecting"

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
	return nil, t.access.Unreachable(ctx, connecting, err)
}

// closingTime is how long a closing handshake may take.
const closingTime = 500 * time.Millisecond
