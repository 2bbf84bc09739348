package anthropic

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/ratelimit"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// apiVersion is the version of the protocol, as the SDK sends it.
const apiVersion = "2023-06-01"

// ask sends a request and reads its answer, and goes on where the service pauses.
// With an error, the answer has what had come. body makes a request with what the
// service has said so far.
func (t *target) ask(ctx context.Context, body func(begun []json.RawMessage) ([]byte, error)) (*answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.config.Timeouts.Turn.Std(), t.tooLate)
	defer cancel()
	a := newAnswer(t)
	for {
		begun, _ := a.content()
		request, err := body(begun)
		if err != nil {
			return a, err
		}
		if err := t.once(ctx, request, a); err != nil {
			return a, err
		}
		if !a.paused() {
			return a, nil
		}
		a.goOn()
	}
}

// once sends one request and reads its answer.
func (t *target) once(ctx context.Context, body []byte, a *answer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.address, bytes.NewReader(body))
	if err != nil {
		return core.Errorf(core.ErrorInternal, "making the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Anthropic-Version", apiVersion)
	if len(t.config.Betas) > 0 {
		request.Header.Set("Anthropic-Beta", strings.Join(t.config.Betas, ","))
	}
	response, err := t.client.Do(request)
	if err != nil {
		return t.service.Unreachable(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	a.limits = ratelimit.Read(response.Header)
	if response.StatusCode/100 != 2 {
		refusal, _ := io.ReadAll(response.Body) // of a body that is cut, the beginning says enough
		return t.refused(a, response, refusal)
	}
	a.timing.Total = 0
	err = t.read(ctx, response, a)
	if a.timing.Total == 0 {
		a.timing.Total = time.Since(a.sent)
	}
	if err != nil {
		return service.AboutTheAnswer(service.Cut(ctx, err))
	}
	return nil
}

// read reads the body of a success: a stream of events, or one answer.
func (t *target) read(ctx context.Context, response *http.Response, a *answer) error {
	return t.bodies.Read(response, eventstream.Taker{
		Streamed: t.config.Stream, Warn: a.warn,
		Stream: func(body *bufio.Reader) error { return t.readStream(ctx, response.Body, body, a) },
		Whole:  func(body *bufio.Reader) error { return t.readWhole(body, response, a) },
	})
}

// isFilter reports whether an error is that of a filter which withheld the answer.
func isFilter(e access.ErrorObject, body []byte) bool {
	return e.Filtered() || service.Flagged(e, body) != "" || strings.Contains(strings.ToLower(e.Message), "blocked by content filtering policy")
}

// refused explains a response that is no success. A filter's is a reply that is
// blocked.
func (t *target) refused(a *answer, response *http.Response, body []byte) error {
	e, _ := access.ReadError(body)
	if status := response.StatusCode; status/100 == 4 && status != http.StatusTooManyRequests && isFilter(e, body) {
		a.filtered, a.timing.Total = service.Shown([]byte(cmp.Or(service.Flagged(e, body), e.Text()))), time.Since(a.sent)
		return nil
	}
	err := access.Refusal("the service answered with", response.StatusCode, response.Header, body)
	if response.StatusCode == http.StatusTooManyRequests && err.RetryAfter == 0 {
		err = access.ComeBack(err, min(ratelimit.Wait(a.limits), access.MaxRetryAfter))
	}
	text := strings.ToLower(e.Message)
	switch {
	case err.Kind != core.ErrorConfig && err.Kind != core.ErrorInput && err.Kind != core.ErrorUnsupported:
		return service.AboutTheStatus(err, response.StatusCode)
	case strings.Contains(text, "credit balance is too low"):
		return core.Errorf(core.ErrorAuth, "%s", err.Error()).WithHint("the account has no credit left")
	case strings.Contains(text, "prompt is too long"):
		return core.Errorf(core.ErrorInput, "%w", err).WithHint("the conversation is longer than the model can read")
	}
	if key := t.config.keyOf(e.Message); key != "" && err.Kind == core.ErrorConfig {
		return core.Errorf(core.ErrorConfig, "%w", err).At(key).WithHint("the service or the model does not take it: leave it out, or give what it takes")
	}
	return err
}

// named matches what looks like a parameter in the text of an error: one at its
// beginning, or in quotes.
var named = regexp.MustCompile("^[a-z_]+(?:\\.[a-z_0-9]+)*:|[\"'`][a-z_.]+[\"'`]")

// keyOf returns the configuration key of a parameter that an error is about; "" for
// none.
func (c Config) keyOf(text string) string {
	keys := c.keysOf()
	for _, name := range named.FindAllString(text, -1) {
		steps := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(".:\"'`", r) })
		for i := len(steps) - 1; i >= 0; i-- {
			if key := keys[steps[i]]; key != "" {
				return key
			}
		}
	}
	return ""
}
