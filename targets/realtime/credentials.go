package realtime

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

const (
	// maxKeyAnswer bounds the answer that holds an ephemeral key, in bytes.
	maxKeyAnswer = 64 << 10
	// ephemeralSeconds is how long an ephemeral key is valid for connecting.
	ephemeralSeconds = 60
)

// credentials returns the headers of a handshake. Tokens and ephemeral keys
// are fetched anew for each: they may have expired since the last one.
func (t *target) credentials(ctx context.Context) (http.Header, error) {
	if !t.config.EphemeralKey {
		return t.access.AuthorizedAnew(ctx, t.endpoint.dialect.authorize)
	}
	key, err := t.ephemeralKey(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for a short-lived key: %w", err)
	}
	t.access.Remember(key)
	header := t.access.Header()
	access.Bearer(header, key)
	return header, nil
}

// ephemeralKey requests a short-lived key for one connection.
func (t *target) ephemeralKey(ctx context.Context) (string, error) {
	body, err := json.Marshal(map[string]any{
		"expires_after": map[string]any{"anchor": "created_at", "seconds": ephemeralSeconds},
		"session":       map[string]any{"type": "realtime", "model": t.config.Model},
	})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.endpoint.clientSecrets, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	if request.Header, err = t.access.Authorized(ctx, t.endpoint.dialect.authorize); err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := t.network.client.Do(request)
	if err != nil {
		return "", t.access.Unreachable(ctx, connecting, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxKeyAnswer))
	if err != nil {
		return "", t.access.Unreachable(ctx, connecting, err)
	}
	if response.StatusCode/100 != 2 {
		return "", refusedHandshake(response.StatusCode, response.Header, answer)
	}
	var key struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal(answer, &key); err != nil || key.Value == "" {
		return "", core.Errorf(core.ErrorProtocol, "the answer holds no key")
	}
	return key.Value, nil
}
