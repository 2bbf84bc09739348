package gemini

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/jsoncut"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/eventstream"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// largest is the largest event or answer that is read, in bytes: a reply of the
// largest size, sound or escaped text, and what is around it.
func (c Config) largest() int { return 2*c.MaxReplyBytes + 64<<10 }

// readStream reads a stream of events. body is closed where nothing comes for too
// long. The protocol has no last mark: a reply is whole where its end has a reason.
func (t *target) readStream(ctx context.Context, body io.Closer, r io.Reader, a *answer) error {
	watch := eventstream.NewWatch(body, t.config.Timeouts.Quiet)
	defer watch.Stop()
	events := eventstream.NewReader(r, t.config.largest())
	for {
		event, err := watch.Next(ctx, events)
		switch {
		case errors.Is(err, io.EOF):
			return a.streamEnded()
		case errors.Is(err, eventstream.ErrTooLarge):
			a.tooLarge = "an event of the stream is larger than max_reply_bytes allows"
			return a.takeCut(event.Data)
		case err != nil:
			if wrong := a.takeCut(event.Data); wrong != nil {
				return wrong
			}
			return err
		}
		if err := a.takeEvent(event.Type, event.Data); err != nil {
			return err
		}
		if a.reply.Full() != "" {
			return nil
		}
	}
}

// streamEnded judges a stream that ended. Without a reason of the end it was cut.
func (a *answer) streamEnded() error {
	nothing := a.isNothing()
	switch {
	case a.finish != "" || a.blocked != "":
		return nil
	case nothing:
		return service.Nothing("the stream has no candidates")
	}
	return core.Errorf(core.ErrorUnavailable, "the stream ended before the reply did").About(core.SubjectAnswer)
}

// takeEvent takes one event.
func (a *answer) takeEvent(name string, data []byte) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || bytes.Equal(data, []byte("[DONE]")) { // gateways end a stream with it
		return nil
	}
	var r response
	switch err := lenient.Unmarshal(data, &r); {
	case err != nil:
		return core.Errorf(core.ErrorProtocol, "an event of the stream is not JSON: %s", service.Shown(data)).About(core.SubjectAnswer)
	case name == "error" && len(r.Candidates) == 0, r.failed(data) && len(r.Candidates) == 0:
		return a.failed(data)
	}
	if err := a.take(r); err != nil || !r.failed(data) {
		return err
	}
	return a.failed(data)
}

// takeCut takes what arrived of an event or answer that was cut off. What cannot be
// read says nothing, and nor does an error within the cut.
func (a *answer) takeCut(data []byte) error {
	all, _, err := responses(jsoncut.Close(data))
	if err != nil {
		return nil
	}
	for _, r := range all {
		if err := a.take(r); err != nil {
			return err
		}
	}
	return nil
}

// responses decodes an answer in one piece, which may be the list of a stream's
// events: without alt=sse, a stream is one. wrong is the first that is an error, nil for
// none; what follows it is left out, and not what it says beside the error.
func responses(data []byte) (all []response, wrong json.RawMessage, err error) {
	var parts []json.RawMessage
	if bytes.HasPrefix(data, []byte("[")) {
		if err := json.Unmarshal(data, &parts); err != nil {
			return nil, nil, err
		}
	} else {
		parts = append(parts, data)
	}
	for _, p := range parts {
		var r response
		if err := lenient.Unmarshal(p, &r); err != nil {
			return nil, nil, err
		}
		failed := r.failed(p)
		if !failed || len(r.Candidates) > 0 {
			all = append(all, r)
		}
		if failed {
			return all, p, nil
		}
	}
	return all, nil, nil
}

// failed explains an error object in place of an answer, or after the beginning of
// one. A filter's is a reply that is blocked.
func (a *answer) failed(data []byte) error {
	e, ok := access.ReadError(data)
	if !ok {
		return core.Errorf(core.ErrorProtocol, "the service answered with an error: %s", service.Shown(data)).About(core.SubjectAnswer)
	}
	if a.blocked = service.Flagged(e, data); a.blocked != "" {
		return nil
	}
	if ofADay(data) {
		return usedUp(e.Err("the reply failed", core.ErrorAuth))
	}
	return service.Failed(e)
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
	case len(data) == 0:
		return service.Nothing("the answer is empty")
	}
	return a.takeWhole(data, response.Header.Get("Content-Type"))
}

// takeWhole takes an answer in one piece.
func (a *answer) takeWhole(data []byte, mediaType string) error {
	all, failed, err := responses(data)
	for _, r := range all {
		if wrong := a.take(r); wrong != nil {
			return wrong
		}
	}
	switch {
	case failed != nil:
		return a.failed(failed)
	case err != nil:
		if wrong := a.takeCut(data); wrong != nil {
			return wrong
		}
		if !a.reply.Empty() {
			return core.Errorf(core.ErrorUnavailable, "the answer was cut off: it is the beginning of one").About(core.SubjectAnswer)
		}
		return service.Nothing("the answer is none of generateContent: "+service.Shown(data)).WithHint("check endpoint: the content is %q", mediaType)
	case a.isNothing():
		return service.Nothing("the answer has no candidates: " + service.Shown(data))
	}
	return nil
}
