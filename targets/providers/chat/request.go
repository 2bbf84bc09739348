package chat

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/ratelimit"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// ask sends a request and reads its answer. With an error, the answer has what had
// come. body makes the request, with or without the wish for the usage of a stream.
func (t *target) ask(ctx context.Context, body func(usage bool) ([]byte, error)) (*answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.config.Timeouts.Turn.Std(), t.tooLate)
	defer cancel()
	for tells := false; ; {
		usage := !t.noUsage.Load()
		request, err := body(usage)
		if err != nil {
			return newAnswer(t), err
		}
		a, err := t.once(ctx, request)
		if tells {
			a.warn("the service refuses stream_options: what streamed replies cost is unknown")
		}
		if err == nil || !usage || !errors.Is(err, errNoUsage) {
			return a, err
		}
		tells = t.noUsage.CompareAndSwap(false, true)
	}
}

// errNoUsage is within the error of a service that does not know stream_options.
var errNoUsage = errors.New("the service does not know stream_options")

// once sends one request and reads its answer.
func (t *target) once(ctx context.Context, body []byte) (*answer, error) {
	a := newAnswer(t)
	response, err := t.post(ctx, body)
	if err != nil {
		return a, err
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

// post sends a request through the SDK. It returns responses of every status.
func (t *target) post(ctx context.Context, body []byte) (*http.Response, error) {
	response, err := t.send(ctx, body)
	if err != nil {
		return nil, t.service.Unreachable(ctx, err)
	}
	return response, nil
}

// refused explains a response that is no success. A filter's is a reply that is
// blocked.
func (t *target) refused(a *answer, response *http.Response, body []byte) error {
	e, _ := access.ReadError(body)
	if status := response.StatusCode; status/100 == 4 && status != http.StatusTooManyRequests {
		if why := openaiapi.BlockedBy(e, body); why != "" {
			a.promptBlocked, a.blocked = true, why
			a.timing.Total = time.Since(a.sent)
			return nil
		}
	}
	err := ratelimit.Refused(access.Refusal("the service answered with", response.StatusCode, response.Header, body), a.limits)
	switch {
	case err.Kind != core.ErrorConfig && err.Kind != core.ErrorInput && err.Kind != core.ErrorUnsupported:
		return service.AboutTheStatus(err, response.StatusCode)
	case mentions(e, "stream_options"):
		return core.Errorf(core.ErrorConfig, "%w: %w", errNoUsage, err).At("stream").WithHint("set stream: false")
	case refusesSystem(e):
		return core.Errorf(core.ErrorConfig, "%w", err).At("system_role").WithHint("set system_role: user, which puts the system prompt before the first user message")
	}
	if key := t.config.keyOf(e); key != "" {
		return core.Errorf(core.ErrorConfig, "%w", err).At(key).WithHint("the service or the model does not take it: leave it out, or give what it takes")
	}
	return err
}

// mentions reports whether an error is about a parameter.
func mentions(e access.ErrorObject, name string) bool {
	return e.Param == name || strings.Contains(e.Message, name)
}

// refusesSystem reports whether a model's template has no system role.
func refusesSystem(e access.ErrorObject) bool {
	text := strings.ToLower(e.Message)
	return strings.Contains(text, "system role not supported") || strings.Contains(text, "system role is not supported")
}

// keyOf returns the configuration key that an error names, "" for none.
func (c Config) keyOf(e access.ErrorObject) string {
	name := e.Param
	if i := strings.IndexAny(name, ".["); i > 0 {
		name = name[:i]
	}
	keys := map[string]string{"model": "model"}
	for _, own := range c.parametersGiven() {
		keys[own] = own
	}
	for own := range c.Parameters {
		keys[own] = "parameters." + own
	}
	if c.SeedPerTrial {
		keys["seed"] = "seed_per_trial"
	}
	if name != "" {
		return keys[name]
	}
	for own, key := range keys {
		for _, quote := range []string{"'", `"`, "`"} {
			if strings.Contains(e.Message, quote+own+quote) {
				return key
			}
		}
	}
	return ""
}

// read reads the body of a success: a stream of events, or one answer.
func (t *target) read(ctx context.Context, response *http.Response, a *answer) error {
	return t.bodies.Read(response, eventstream.Taker{
		Streamed: t.config.Stream, Warn: a.warn,
		Stream: func(body *bufio.Reader) error { return t.readStream(ctx, response.Body, body, a) },
		Whole:  func(body *bufio.Reader) error { return t.readWhole(body, response, a) },
	})
}

// decode decodes an answer or an event. Fields of a wrong type are left out.
func decode(data []byte) (completion, error) {
	var c completion
	err := lenient.Unmarshal(data, &c)
	return c, err
}
