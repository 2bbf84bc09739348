package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// maxKeys is how many characters a gateway takes at a time.
	maxKeys = 256
	// maxPrompt bounds what a gateway may answer, in bytes.
	maxPrompt = 1 << 20
)

type ivrConfig struct {
	Gateway string      `json:"gateway" doc:"The address of the IVR's gateway." required:"true" format:"uri"`
	Token   core.Secret `json:"token" doc:"What the gateway asks for, if it does."`
}

// ivr is a telephone menu behind an HTTP gateway. It knows one gateway, and
// each conversation is a call of its own.
type ivr struct {
	ivrConfig
	client *http.Client
}

func ivrComponent() core.Component {
	text := []core.Modality{core.Text}
	return core.NewTarget(
		core.Info{
			Name: "ivr", Summary: "Calls a telephone menu (IVR) and presses keys.", In: text, Out: text,
			Description:  "Each turn is the keys that are pressed; the reply is the text of the announcement. The first reply begins with the greeting.",
			Capabilities: []string{core.CapabilityMultiTurn},
		},
		ivrConfig{},
		func(_ context.Context, c ivrConfig) (core.Target, error) {
			c.Gateway = strings.TrimSuffix(c.Gateway, "/")
			return &ivr{c, &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}}, nil
		})
}

// Close lets go of the connections to the gateway.
func (t *ivr) Close() error {
	t.client.CloseIdleConnections()
	return nil
}

// StartConversation implements [core.Target].
func (t *ivr) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	if len(start.History) > 0 || start.SystemPrompt != "" {
		return nil, core.Errorf(core.ErrorUnsupported, "a telephone menu knows nothing of what was said before the call")
	}
	answer, err := t.do(ctx, http.MethodPost, "/calls", nil)
	if err != nil {
		return nil, fmt.Errorf("calling: %w", err)
	}
	return &call{ivr: t, id: answer.Call, greeting: answer.Prompt}, nil
}

// call is a call in progress.
type call struct {
	ivr      *ivr
	id       string
	greeting string
	ended    bool
}

// Send implements [core.Conversation].
func (c *call) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	for _, p := range m.Parts {
		if p.Modality != core.Text {
			return core.Reply{}, core.Errorf(core.ErrorUnsupported, "keys are pressed, and no %s", p.Modality)
		}
	}
	if len(m.Text()) > maxKeys {
		return core.Reply{}, core.Errorf(core.ErrorInput, "%d keys at a time; the gateway takes %d", len(m.Text()), maxKeys)
	}
	begun := time.Now()
	answer, err := c.ivr.do(ctx, http.MethodPost, "/calls/"+c.id+"/keys", map[string]string{"keys": m.Text()})
	if err != nil {
		return core.Reply{}, fmt.Errorf("pressing keys: %w", err)
	}
	said := strings.TrimSpace(c.greeting + "\n" + answer.Prompt)
	c.greeting = ""
	if said == "" {
		return core.Reply{}, core.Errorf(core.ErrorProtocol, "the gateway answers without a prompt")
	}
	return core.Reply{
		Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue(said)}}},
		Finish:  core.FinishComplete,
		Timing:  core.Timing{Total: time.Since(begun)},
	}, nil
}

// End hangs up. It may be called more than once.
func (c *call) End(ctx context.Context) error {
	if c.ended {
		return nil
	}
	if _, err := c.ivr.do(ctx, http.MethodDelete, "/calls/"+c.id, nil); err != nil {
		return fmt.Errorf("hanging up: %w", err)
	}
	c.ended = true
	return nil
}

// answer is what the gateway says.
type answer struct {
	Call   string `json:"call"`
	Prompt string `json:"prompt"`
}

// do makes a request of the gateway. Its errors say what can be done about
// them.
func (t *ivr) do(ctx context.Context, method, path string, body any) (answer, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return answer{}, core.Errorf(core.ErrorInternal, "encoding the request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, t.Gateway+path, bytes.NewReader(encoded))
	if err != nil {
		return answer{}, core.Errorf(core.ErrorConfig, "%w", err).At("gateway")
	}
	if t.Token != "" {
		request.Header.Set("Authorization", "Bearer "+t.Token.Reveal())
	}
	response, err := t.client.Do(request)
	switch {
	case ctx.Err() != nil:
		return answer{}, ctx.Err()
	case err != nil:
		return answer{}, core.Errorf(core.ErrorUnavailable, "reaching the gateway: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(response.Body, maxPrompt+1))
	if err != nil {
		return answer{}, errors.Join(ctx.Err(), core.Errorf(core.ErrorUnavailable, "reading the gateway's answer: %w", err))
	}
	if err := refusal(response); err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil || len(data) > maxPrompt {
		return answer{}, core.Errorf(core.ErrorProtocol, "the gateway's answer is not a JSON object of at most %d bytes", maxPrompt)
	}
	return a, nil
}

// refusal makes an error of a status, or nil of one that is none.
func refusal(r *http.Response) error {
	switch {
	case r.StatusCode < 300:
		return nil
	case r.StatusCode == http.StatusUnauthorized || r.StatusCode == http.StatusForbidden:
		return core.Errorf(core.ErrorAuth, "the gateway answers %s", r.Status).WithHint("give its token: with: {token: \"${ACME_TOKEN}\"}")
	case r.StatusCode == http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(r.Header.Get("Retry-After"))
		return core.Errorf(core.ErrorRateLimited, "the gateway answers %s", r.Status).After(time.Duration(seconds) * time.Second)
	case r.StatusCode >= 500:
		return core.Errorf(core.ErrorUnavailable, "the gateway answers %s", r.Status)
	default:
		return core.Errorf(core.ErrorProtocol, "the gateway answers %s", r.Status)
	}
}
