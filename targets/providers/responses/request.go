package responses

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
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/ratelimit"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// ask sends a request and reads its answer. With an error, the answer has what had
// come. body makes the request, with or without the wish for encrypted reasoning.
func (t *target) ask(ctx context.Context, body func(encrypted bool) ([]byte, error)) (*answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.config.Timeouts.Turn.Std(), t.tooLate)
	defer cancel()
	for tells := false; ; {
		encrypted := !t.plainly.Load()
		request, err := body(encrypted)
		if err != nil {
			return newAnswer(t), err
		}
		a, err := t.once(ctx, request)
		if tells {
			a.warn("the service refuses to encrypt reasoning (include): what the model thinks is not sent back to it")
		}
		if err == nil || !encrypted || !errors.Is(err, errPlainly) {
			return a, err
		}
		tells = t.plainly.CompareAndSwap(false, true)
	}
}

// errPlainly is within the error of a service that does not encrypt reasoning.
var errPlainly = errors.New("the service does not encrypt reasoning")

// once sends one request and reads its answer.
func (t *target) once(ctx context.Context, body []byte) (*answer, error) {
	a := newAnswer(t)
	response, err := t.send(ctx, body)
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
	case e.Param == "include" || strings.HasPrefix(e.Param, "include[") || strings.Contains(strings.ToLower(e.Message), "encrypted content is not supported"):
		return core.Errorf(core.ErrorConfig, "%w: %w", errPlainly, err)
	}
	if key := t.config.keyOf(e.Param); key != "" {
		return core.Errorf(core.ErrorConfig, "%w", err).At(key).WithHint("the service or the model does not take it: leave it out, or give what it takes")
	}
	return err
}

// read reads the body of a success: a stream of events, or one answer.
func (t *target) read(ctx context.Context, response *http.Response, a *answer) error {
	return t.bodies.Read(response, eventstream.Taker{
		Streamed: t.config.Stream, Warn: a.warn,
		Stream: func(body *bufio.Reader) error { return t.readStream(ctx, response.Body, body, a) },
		Whole:  func(body *bufio.Reader) error { return t.readWhole(body, response, a) },
	})
}
