package realtime

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/bounded"
)

const (
	// maxToken bounds an access token, in bytes.
	maxToken = 64 << 10
	// commandTime is how long a program may take to print a token.
	commandTime = 30 * time.Second
	// ephemeralSeconds is how long an ephemeral key is valid for connecting.
	ephemeralSeconds = 60
)

// credentials returns the headers of a handshake. Tokens and ephemeral keys
// are fetched anew for each: they may have expired since the last one.
func (t *target) credentials(ctx context.Context) (http.Header, error) {
	header := t.endpoint.header.Clone()
	token, err := t.token(ctx)
	switch {
	case err != nil:
		return nil, err
	case token != "":
		t.secrets.add(token)
		bearer(header, token)
	case t.config.EphemeralKey:
		key, err := t.ephemeralKey(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking for a short-lived key: %w", err)
		}
		t.secrets.add(key)
		bearer(header, key)
	case t.config.APIKey != "":
		t.endpoint.dialect.authorize(header, t.config.APIKey.Reveal())
	}
	return header, nil
}

// token returns the access token, or "" if none is configured.
func (t *target) token(ctx context.Context) (string, error) {
	var token string
	var err error
	var key string
	switch c := t.config; {
	case c.AccessTokenFile != "":
		key = "access_token_file"
		token, err = readToken(c.AccessTokenFile)
	case len(c.AccessTokenCommand) > 0:
		key = "access_token_command"
		token, err = printToken(ctx, c.AccessTokenCommand)
	default:
		return c.AccessToken.Reveal(), nil
	}
	token = strings.TrimSpace(token)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", core.Errorf(core.ErrorAuth, "getting an access token: %w", err).At(key).WithHint("%s", core.HintOf(err))
	case token == "" || strings.ContainsAny(token, "\r\n"):
		return "", core.Errorf(core.ErrorAuth, "getting an access token: there is not one line with a token").At(key)
	}
	return token, nil
}

func readToken(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxToken))
	return string(data), err
}

// printToken runs a program that prints a token. Its standard error is not
// shown, because it may contain the token.
func printToken(ctx context.Context, command []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	out := bounded.NewBuffer(maxToken, nil)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout = out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return "", core.Errorf(core.ErrorAuth, "%s: %w", command[0], err).
			WithHint("run it by hand to see why; in the sandbox it has not your home, and reaches only scope.hosts: let it write a file outside, for access_token_file")
	}
	return string(out.Bytes()), nil
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
	request.Header = t.endpoint.header.Clone()
	request.Header.Set("Content-Type", "application/json")
	t.endpoint.dialect.authorize(request.Header, t.config.APIKey.Reveal())
	response, err := t.network.client.Do(request)
	if err != nil {
		return "", t.network.failed(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxToken))
	if err != nil {
		return "", t.network.failed(ctx, err)
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
