package anthropic

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/jsoncut"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// largest is the largest event or answer that is read, in bytes: a reply of the
// largest size as escaped text, and what is around it.
func (c Config) largest() int { return 2*c.MaxReplyBytes + 64<<10 }

// readStream reads a stream of events. body is closed where nothing comes for too
// long.
func (t *target) readStream(ctx context.Context, body io.Closer, r io.Reader, a *answer) error {
	watch := eventstream.NewWatch(body, t.config.Timeouts.Quiet)
	defer watch.Stop()
	events := eventstream.NewReader(r, t.config.largest())
	for {
		event, err := watch.Next(ctx, events)
		switch {
		case errors.Is(err, io.EOF) && !a.begun:
			return service.Nothing("the stream has no message")
		case errors.Is(err, io.EOF):
			return core.Errorf(core.ErrorUnavailable, "the stream ended before the reply did: it has no message_stop").About(core.SubjectAnswer)
		case errors.Is(err, eventstream.ErrTooLarge):
			a.tooLarge = "an event of the stream is larger than max_reply_bytes allows"
			return a.takeCut(event.Type, event.Data)
		case err != nil:
			if wrong := a.takeCut(event.Type, event.Data); wrong != nil {
				return wrong
			}
			return err
		}
		if err := a.takeEvent(event.Type, bytes.TrimSpace(event.Data)); err != nil {
			return err
		}
		switch {
		case a.ended:
			a.timing.Total = time.Since(a.sent)
			watch.Drain(r)
			return nil
		case a.reply.Full() != "":
			return nil
		}
	}
}

// takeEvent takes one event.
func (a *answer) takeEvent(name string, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	var e envelope
	if err := lenient.Unmarshal(data, &e); err != nil {
		return core.Errorf(core.ErrorProtocol, "an event of the stream is not JSON: %s", service.Shown(data)).About(core.SubjectAnswer)
	}
	if name == "error" || e.failed(data) {
		return a.failed(data)
	}
	if e.Type == "" {
		e.Type = name
	}
	return a.take(e)
}

// take takes an event that is no error. Others than those of the protocol are to be
// ignored (Anthropic's document of streaming).
func (a *answer) take(e envelope) error {
	switch e.Type {
	case "message_start":
		if e.Message != nil {
			return a.takeMessage(*e.Message)
		}
		a.begun = true
	case "content_block_start":
		a.begun = true
		return a.takeBlock(a.place(e.Index), e.ContentBlock)
	case "content_block_delta":
		return a.takeDelta(a.place(e.Index), e.Delta)
	case "message_delta":
		if e.Usage != nil {
			a.usage.update(*e.Usage)
		}
		var last end
		if !lenient.IsNull(e.Delta) && lenient.Unmarshal(e.Delta, &last) == nil {
			a.takeEnd(last)
		}
	case "message_stop":
		if !a.begun {
			return service.Nothing("the stream has no message")
		}
		a.ended = true
	}
	return nil
}

// place is the index that an event names; of one that names none, that of the last
// block.
func (a *answer) place(index *int) int {
	switch {
	case index != nil:
		return *index
	case len(a.blocks) > a.first:
		return a.blocks[len(a.blocks)-1].index
	}
	return 0
}

// takeCut takes what arrived of an event, or of an answer, which has no name, that was
// cut off. What cannot be read says nothing.
func (a *answer) takeCut(name string, data []byte) error {
	var e envelope
	closed := jsoncut.Close(data)
	if lenient.Unmarshal(closed, &e) != nil {
		return nil
	}
	if e.Type == "" {
		e.Type = name
	}
	if e.Content != nil || e.Type == "message" {
		return a.takeMessage(e)
	}
	if e.failed(closed) {
		return nil
	}
	if e.Type == "content_block_start" && lenient.IsNull(e.ContentBlock) || e.Type == "content_block_delta" && lenient.IsNull(e.Delta) || e.Type == "message_stop" {
		return nil
	}
	return a.take(e)
}

// failed explains an error object in place of an answer, or after the beginning of
// one. A filter's is a reply that is blocked.
func (a *answer) failed(data []byte) error {
	e, ok := access.ReadError(data)
	if !ok {
		return core.Errorf(core.ErrorProtocol, "the service answered with an error: %s", service.Shown(data)).About(core.SubjectAnswer)
	}
	if isFilter(e, data) {
		a.filtered, a.ended = service.Shown([]byte(cmp.Or(service.Flagged(e, data), e.Text()))), true
		return nil
	}
	return service.Failed(e)
}

// readWhole reads an answer in one piece.
func (t *target) readWhole(body io.Reader, response *http.Response, a *answer) error {
	data, tooLarge, cut := service.ReadBody(body, response.ContentLength, t.config.largest())
	switch {
	case tooLarge:
		a.tooLarge = "the answer is larger than max_reply_bytes allows"
		return a.takeCut("", data)
	case cut != nil:
		if err := a.takeCut("", data); err != nil {
			return err
		}
		return cut
	case len(data) == 0:
		return service.Nothing("the answer is empty")
	}
	var m envelope
	err := lenient.Unmarshal(data, &m)
	switch {
	case err != nil:
		if wrong := a.takeCut("", data); wrong != nil {
			return wrong
		}
		if !a.reply.Empty() {
			return core.Errorf(core.ErrorUnavailable, "the answer was cut off: it is the beginning of a message").About(core.SubjectAnswer)
		}
		return service.Nothing("the answer is not a message: "+service.Shown(data)).WithHint("check endpoint: the content is %q", response.Header.Get("Content-Type"))
	case m.failed(data):
		if err := a.takeMessage(m); err != nil {
			return err
		}
		return a.failed(data)
	case m.Type != "message" && m.Content == nil:
		return service.Nothing("the answer is not a message: " + service.Shown(data))
	}
	a.ended = true
	return a.takeMessage(m)
}
