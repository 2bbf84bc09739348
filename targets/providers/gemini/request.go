package gemini

import (
	"bufio"
	"bytes"
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

// ask sends a request and reads its answer. With an error, the answer has what had
// come.
func (t *target) ask(ctx context.Context, body []byte) (*answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.config.Timeouts.Turn.Std(), t.tooLate)
	defer cancel()
	a := newAnswer(t)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.endpoint.request(t.config.Stream), bytes.NewReader(body))
	if err != nil {
		return a, core.Errorf(core.ErrorInternal, "making the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := t.client.Do(request)
	if err != nil {
		return a, t.service.Unreachable(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	a.limits = ratelimit.Read(response.Header)
	if response.StatusCode/100 != 2 {
		refusal, _ := io.ReadAll(response.Body) // of a body that is cut, the beginning says enough
		return a, t.refused(a, response, refusal)
	}
	err = t.read(ctx, response, a)
	if a.timing.Total == 0 {
		a.timing.Total = time.Since(a.sent)
	}
	if err != nil {
		return a, service.AboutTheAnswer(service.Cut(ctx, err))
	}
	return a, nil
}

// read reads the body of a success: a stream of events, or one answer.
func (t *target) read(ctx context.Context, response *http.Response, a *answer) error {
	return t.bodies.Read(response, eventstream.Taker{
		Streamed: t.config.Stream, Warn: a.warn,
		Stream: func(body *bufio.Reader) error { return t.readStream(ctx, response.Body, body, a) },
		Whole:  func(body *bufio.Reader) error { return t.readWhole(body, response, a) },
	})
}

// refused explains a response that is no success. That of a gateway's filter is a reply
// that is blocked.
func (t *target) refused(a *answer, response *http.Response, body []byte) error {
	e, _ := access.ReadError(body)
	if status := response.StatusCode; status/100 == 4 && status != http.StatusTooManyRequests {
		if a.blocked = service.Flagged(e, body); a.blocked != "" {
			a.timing.Total = time.Since(a.sent)
			return nil
		}
	}
	err := access.Refusal("the service answered with", response.StatusCode, response.Header, body)
	text := strings.ToLower(e.Message)
	switch {
	case response.StatusCode == http.StatusTooManyRequests && ofADay(body):
		return usedUp(err)
	case err.Kind != core.ErrorConfig && err.Kind != core.ErrorInput && err.Kind != core.ErrorUnsupported:
		return service.AboutTheStatus(err, response.StatusCode)
	case strings.Contains(text, "token count") && strings.Contains(text, "exceeds"):
		return core.Errorf(core.ErrorInput, "%w", err).WithHint("the conversation is longer than the model can read")
	case strings.Contains(text, "developer instruction is not enabled"), strings.Contains(text, "system instruction is not"):
		return core.Errorf(core.ErrorConfig, "%w", err).At("system_role").WithHint("set system_role: user, which sends the system prompt as a first message of the user")
	}
	if key := t.config.keyOf(e.Message, violations(body)); key != "" && err.Kind == core.ErrorConfig {
		return core.Errorf(core.ErrorConfig, "%w", err).At(key).WithHint("the service or the model does not take it: leave it out, or give what it takes")
	}
	return err
}

// errorDetails are what Google's errors say beside their message.
type errorDetails struct {
	Error struct {
		Details []struct {
			Violations []struct {
				QuotaID string `json:"quotaId"`
			} `json:"violations"`
			FieldViolations []struct {
				Field string `json:"field"`
			} `json:"fieldViolations"`
		} `json:"details"`
	} `json:"error"`
}

func detailsOf(body []byte) errorDetails {
	var d errorDetails
	if list := []json.RawMessage{}; json.Unmarshal(body, &list) == nil && len(list) > 0 { // an error of a stream
		body = list[0]
	}
	_ = json.Unmarshal(body, &d) // other services have no details
	return d
}

// usedUp is the error of a limit for which no wait within a run helps.
func usedUp(err *core.Error) *core.Error {
	return core.Errorf(core.ErrorAuth, "%s", err.Error()).WithHint("the quota of the day is used up, or the account has none for this model")
}

// ofADay reports whether a limit is one of a day, or none at all, for which no wait
// within a run helps. The service names a wait of seconds all the same.
func ofADay(body []byte) bool {
	for _, detail := range detailsOf(body).Error.Details {
		for _, v := range detail.Violations {
			if strings.Contains(v.QuotaID, "PerDay") {
				return true
			}
		}
	}
	return false
}

// violations returns the fields of a request that an error names.
func violations(body []byte) []string {
	var fields []string
	for _, detail := range detailsOf(body).Error.Details {
		for _, v := range detail.FieldViolations {
			fields = append(fields, v.Field)
		}
	}
	return fields
}

// named matches what looks like a field in the text of an error: a quoted name, or one
// with a dot, an underscore or a capital within.
var named = regexp.MustCompile(`["'][A-Za-z_]+["']|[A-Za-z]+(?:[._][A-Za-z_.]+)+|[a-z]+[A-Z][A-Za-z]*`)

// keyOf returns the configuration key of a field that an error is about; "" for none.
func (c Config) keyOf(message string, fields []string) string {
	keys := c.keysOf()
	for _, name := range append(fields, named.FindAllString(message, -1)...) {
		steps := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(`."'[]`, r) })
		for i := len(steps) - 1; i >= 0; i-- {
			if key := keys[plain(steps[i])]; key != "" {
				return key
			}
		}
	}
	return ""
}
