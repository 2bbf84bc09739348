package responses

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/jsoncut"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// largest is the largest event or answer that is read, in bytes: the last event
// repeats the whole reply, and what was sent as instructions and tools.
func (c Config) largest() int { return 3*c.MaxReplyBytes + 256<<10 }

// readStream reads a stream of events. body is closed where nothing comes for too
// long.
func (t *target) readStream(ctx context.Context, body io.Closer, r io.Reader, a *answer) error {
	watch := eventstream.NewWatch(body, t.config.Timeouts.Quiet)
	defer watch.Stop()
	events := eventstream.NewReader(r, t.config.largest())
	for {
		e, err := watch.Next(ctx, events)
		switch {
		case errors.Is(err, io.EOF):
			return a.streamEnded()
		case errors.Is(err, eventstream.ErrTooLarge):
			a.tooLarge = "an event of the stream is larger than max_reply_bytes allows"
			return a.takeCut(e.Type, e.Data)
		case err != nil:
			if wrong := a.takeCut(e.Type, e.Data); wrong != nil {
				return wrong
			}
			return err
		}
		if err := a.takeEvent(e.Type, e.Data); err != nil {
			return err
		}
		if a.reply.Full() != "" || a.tooLarge != "" {
			return nil
		}
		if a.ended {
			a.timing.Total = time.Since(a.sent)
			watch.Drain(r)
			return nil
		}
	}
}

// streamEnded is the error of a stream that ended without its last event.
func (a *answer) streamEnded() error {
	if !a.begun && a.reply.Empty() {
		return service.Nothing("the stream has no events of a response")
	}
	return core.Errorf(core.ErrorUnavailable, "the stream ended before the reply did").About(core.SubjectAnswer)
}

// takeEvent takes one event. Those of other types say nothing that is not said again.
func (a *answer) takeEvent(name string, data []byte) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || bytes.Equal(data, []byte("[DONE]")) {
		return nil
	}
	e, err := decode[event](data)
	if err != nil {
		return core.Errorf(core.ErrorProtocol, "an event of the stream is not JSON: %s", service.Shown(data)).About(core.SubjectAnswer)
	}
	if e.Type == "" {
		e.Type = name
	}
	if e.Type == "response.error" || !strings.HasPrefix(e.Type, "response.") && (e.Type == "error" || service.IsError(data)) {
		return a.failed(data)
	}
	switch e.Type {
	case "response.created", "response.in_progress", "response.queued":
		a.begun = true
	case "response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done":
		return a.takeEnd(e)
	case "":
	default:
		return a.takeContent(e)
	}
	return nil
}

// takeEnd takes the last event.
func (a *answer) takeEnd(e event) error {
	r, err := decode[response](e.Response)
	if err != nil {
		return core.Errorf(core.ErrorProtocol, "the last event has no response").About(core.SubjectAnswer)
	}
	said := map[string]string{
		"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed", "response.cancelled": "cancelled",
	}[e.Type]
	if r.Status == "" {
		r.Status = said
	}
	if said != "" && r.Status != said {
		a.warn("the stream ends as %s, and its response is %s", said, r.Status)
		if said != "completed" {
			r.Status = said
		}
	}
	a.ended = true
	return a.takeResponse(r)
}

// takeContent takes a piece of content.
func (a *answer) takeContent(e event) error {
	a.begun = true
	switch e.Type {
	case "response.output_text.delta":
		a.piece(core.Text, key("text", e.Output, e.Content), string(e.Delta))
	case "response.output_text.done":
		a.settle(core.Text, key("text", e.Output, e.Content), string(e.Text))
	case "response.refusal.delta":
		a.refused = true
		a.piece(core.Text, key("refusal", e.Output, e.Content), string(e.Delta))
	case "response.refusal.done":
		a.refused = true
		a.settle(core.Text, key("refusal", e.Output, e.Content), string(e.Refusal))
	case "response.reasoning_summary_text.delta":
		a.piece(core.Reasoning, key("summary", e.Output, e.Summary), string(e.Delta))
	case "response.reasoning_summary_text.done":
		a.settle(core.Reasoning, key("summary", e.Output, e.Summary), string(e.Text))
	case "response.reasoning_text.delta":
		a.piece(core.Reasoning, key("reasoning", e.Output, e.Content), string(e.Delta))
	case "response.reasoning_text.done":
		a.settle(core.Reasoning, key("reasoning", e.Output, e.Content), string(e.Text))
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta", "response.mcp_call_arguments.delta":
		a.argue(e.Output, string(e.Delta))
	case "response.function_call_arguments.done", "response.custom_tool_call_input.done", "response.mcp_call_arguments.done":
		if c := a.call(e.Output); c != nil {
			a.settleArguments(c, string(e.Arguments+e.Input))
		}
	case "response.output_item.added":
		if it, err := decode[item](e.Item); err == nil && isCall(it.Type) {
			a.begin(e.Output, it)
		}
	case "response.output_item.done":
		return a.takeItem(e.Output, e.Item)
	}
	return nil
}

// takeCut takes what arrived of an event, of a name where it has one, or of an answer
// that was cut off. What cannot be read says nothing.
func (a *answer) takeCut(name string, data []byte) error {
	closed := jsoncut.Close(data)
	e, err := decode[event](closed)
	e.Type = firstOf(e.Type, name)
	if err == nil && e.Type != "" && e.Type != "error" && lenient.IsNull(e.Response) {
		return a.takeContent(e)
	}
	if (e.Type == "" || e.Type == "error") && json.Valid(data) && service.IsError(data) {
		return a.failed(data)
	}
	if !lenient.IsNull(e.Response) { // the last event
		closed = e.Response
	}
	r, err := decode[response](closed)
	if err != nil || !r.isResponse() {
		return nil
	}
	if r.Error = nil; r.Status == "failed" {
		r.Status = "" // the cut is the error
	}
	return a.takeResponse(r)
}

// readWhole reads an answer in one piece.
func (t *target) readWhole(body io.Reader, from *http.Response, a *answer) error {
	data, tooLarge, cut := service.ReadBody(body, from.ContentLength, t.config.largest())
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
	r, err := decode[response](data)
	switch {
	case err != nil || !json.Valid(data):
		if wrong := a.takeCut("", data); wrong != nil {
			return wrong
		}
		if !a.reply.Empty() {
			return core.Errorf(core.ErrorUnavailable, "the answer was cut off: it is the beginning of a response").About(core.SubjectAnswer)
		}
		return service.Nothing("the answer is not a response: "+service.Shown(data)).WithHint("check endpoint: the content is %q", from.Header.Get("Content-Type"))
	case r.Object != "response" && len(r.Output) == 0 && service.IsError(data):
		return a.failed(data)
	case !r.isResponse():
		return service.Nothing("the answer is not a response: " + service.Shown(data))
	}
	a.ended = true
	return a.takeResponse(r)
}
