package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/jsoncut"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// largest is the largest event or answer that is read, in bytes: a reply of the
// largest size, sound or escaped text, and what is around it.
func (c Config) largest() int { return 2*c.MaxReplyBytes + 64<<10 }

// readStream reads a stream of events. body is closed where nothing comes for too
// long.
func (t *target) readStream(ctx context.Context, body io.Closer, r io.Reader, a *answer) error {
	watch := eventstream.NewWatch(body, t.config.Timeouts.Quiet)
	defer watch.Stop()
	events := eventstream.NewReader(r, t.config.largest())
	for {
		event, err := watch.Next(ctx, events)
		data := event.Data
		switch {
		case bytes.Equal(bytes.TrimSpace(data), []byte("[DONE]")):
			a.ended, a.timing.Total = true, time.Since(a.sent)
			watch.Drain(r)
			return a.streamEnded()
		case errors.Is(err, io.EOF):
			return a.streamEnded()
		case errors.Is(err, eventstream.ErrTooLarge):
			a.tooLarge = "an event of the stream is larger than max_reply_bytes allows"
			return a.takeCut(data)
		case err != nil:
			if wrong := a.takeCut(data); wrong != nil {
				return wrong
			}
			return err
		}
		if err := a.takeEvent(event.Type, data); err != nil {
			return err
		}
		if a.reply.Full() != "" {
			return nil
		}
	}
}

// streamEnded judges a stream that ended. Without its last mark and without a reason
// of the end it was cut.
func (a *answer) streamEnded() error {
	switch {
	case a.finish != nil || a.blocked != "":
		return nil
	case !a.begun && len(a.flaggedPrompt) > 0:
		return nil
	case !a.begun:
		return service.Nothing("the stream has no choices")
	case a.ended:
		return nil
	}
	return core.Errorf(core.ErrorUnavailable, "the stream ended before the reply did").About(core.SubjectAnswer)
}

// takeEvent takes one event.
func (a *answer) takeEvent(name string, data []byte) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return nil
	}
	c, err := decode(data)
	switch {
	case name == "error" && len(c.Choices) == 0:
		return a.failed(data)
	case err == nil && c.failed(data):
		return a.takeFailed(c, data)
	case err != nil:
		return core.Errorf(core.ErrorProtocol, "an event of the stream is not JSON: %s", service.Shown(data)).About(core.SubjectAnswer)
	}
	return a.take(c)
}

// takeCut takes what arrived of an event or answer that was cut off. What cannot be
// read says nothing.
func (a *answer) takeCut(data []byte) error {
	closed := jsoncut.Close(data)
	c, err := decode(closed)
	switch {
	case err != nil:
		return nil
	case !c.failed(closed):
		return a.take(c)
	case json.Valid(data): // the whole of an error
		return a.takeFailed(c, data)
	case len(c.Choices) > 0:
		return a.take(c)
	}
	return nil
}

// takeFailed takes what an answer or event says beside an error, and explains that.
func (a *answer) takeFailed(c completion, data []byte) error {
	if len(c.Choices) > 0 {
		if err := a.take(c); err != nil {
			return err
		}
	}
	return a.failed(data)
}

// failed explains an error object in place of an answer, or after the beginning of
// one. A filter's is a reply that is blocked.
func (a *answer) failed(data []byte) error {
	e, ok := access.ReadError(errorOf(data))
	if !ok {
		return core.Errorf(core.ErrorProtocol, "the service answered with an error: %s", service.Shown(data)).About(core.SubjectAnswer)
	}
	if why := openaiapi.BlockedBy(e, data); why != "" {
		a.blocked, a.ended = why, true
		a.promptBlocked = a.reply.Empty()
		return nil
	}
	return service.Failed(e)
}

// errorOf returns the source of the error within an answer or event: Groq has it in a
// member of its own.
func errorOf(data []byte) []byte {
	if c, err := decode(data); err == nil && !service.Empty(c.Groq.Error) {
		return c.Groq.Error
	}
	return data
}

// readWhole reads an answer in one piece.
func (t *target) readWhole(body io.Reader, response *http.Response, a *answer) error {
	data, tooLarge, cut := service.ReadBody(body, response.ContentLength, t.config.largest())
	switch {
	case tooLarge:
		a.tooLarge = "the answer is larger than max_reply_bytes allows"
		return a.takeCut(data)
	case cut != nil:
		if err := a.takeCut(data); err != nil {
			return err
		}
		return cut
	}
	c, err := decode(data)
	a.ended = err == nil
	switch {
	case len(data) == 0:
		return service.Nothing("the answer is empty")
	case err != nil:
		if wrong := a.takeCut(data); wrong != nil {
			return wrong
		}
		if !a.reply.Empty() {
			return core.Errorf(core.ErrorUnavailable, "the answer was cut off: it is the beginning of a completion").About(core.SubjectAnswer)
		}
		return service.Nothing("the answer is not a completion: "+service.Shown(data)).WithHint("check endpoint: the content is %q", response.Header.Get("Content-Type"))
	case c.failed(data):
		return a.takeFailed(c, data)
	}
	if err := a.take(c); err != nil || a.begun || len(a.flaggedPrompt) > 0 {
		return err
	}
	return service.Nothing("the answer has no choices: " + service.Shown(data))
}
