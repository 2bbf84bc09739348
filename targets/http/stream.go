package httptarget

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/jsoncut"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// shortened returns the beginning of a value's source for messages.
func shortened(v any) string {
	const longest = 200
	return phrase.ShortenBytes(marshaled(v), longest)
}

// streamed is a reply that arrives in pieces.
type streamed struct {
	plan  *plan
	state *state
	reply core.Reply
	text  strings.Builder
	// whole is the answer that the stream is, pieces how many it had.
	whole  *answer
	pieces int
	// each is called for every piece that is no error.
	each  func(*answer)
	ended bool
	// stopped is the outcome that a rule gave one of the pieces.
	stopped *outcome
}

// read reads pieces until the end of the stream. Of a stream that broke off it
// returns what had arrived, with the error.
func (t *streamed) read(ctx context.Context, body io.Reader, most int) (core.Reply, error) {
	t.reply = core.Reply{Finish: core.FinishComplete, Message: core.Message{Role: core.Assistant}}
	limited := &io.LimitedReader{R: body, N: int64(most)}
	err := pieces(limited, t.plan.reply.stream == streamSSE, func(event, data string) (bool, error) { return t.piece(ctx, event, data) })
	if text := t.text.String(); text != "" {
		t.reply.Message.Parts = slices.Concat(textParts(text), t.reply.Message.Parts)
	}
	switch r := &t.reply; {
	case t.stopped != nil:
		r.Finish, r.Detail = t.stopped.finish, t.stopped.detail
		return t.reply, err
	case t.ended && err == nil:
	case limited.N <= 0:
		r.Finish, r.Detail = core.FinishTruncated, "the stream is longer than max_reply_bytes"
	case err != nil:
		return t.broken(err)
	case t.plan.reply.end != "" || t.plan.reply.endJQ != nil:
		return t.broken(core.Errorf(core.ErrorUnavailable, "the stream ended without the piece that ends it").About(core.SubjectAnswer))
	case t.whole.unframed:
		r.Finish, r.Detail = core.FinishUnconfirmed, "the service closed the connection without saying that the stream was whole"
	}
	if r := t.reply; len(r.Message.Parts) == 0 && r.Finish == core.FinishComplete {
		return r, core.Errorf(core.ErrorProtocol, "jq finds no reply in the %s of the stream", phrase.Count(t.pieces, "piece"))
	}
	return t.reply, nil
}

// broken returns what arrived of a stream that broke off; nothing if nothing did.
func (t *streamed) broken(err error) (core.Reply, error) {
	if len(t.reply.Message.Parts) == 0 {
		return core.Reply{}, err
	}
	t.reply.Finish, t.reply.Detail = core.FinishBroken, "the stream broke off"
	return t.reply, err
}

// piece reads one piece. It returns false after the last one.
func (t *streamed) piece(ctx context.Context, event, data string) (bool, error) {
	r := &t.plan.reply
	if r.end != "" && strings.TrimSpace(data) == r.end {
		t.ended = true
		return false, nil
	}
	t.pieces++
	a := &answer{status: t.whole.status, header: t.whole.header, mediaType: core.MediaJSON, body: []byte(data), event: event}
	input, err := a.json()
	if err != nil {
		if r.jq != nil && strings.HasPrefix(strings.TrimSpace(data), "{") {
			t.sayCut(ctx, a)
			return false, core.Errorf(core.ErrorProtocol, "a piece of the stream is no whole JSON: %s", shortened(data))
		}
		input, a.mediaType = data, "text/plain"
		a.parsed, a.failed = data, nil
	}
	variables := t.state.variables(a)
	o, err := t.plan.judge(ctx, a, t.state)
	if err != nil {
		if r.jq != nil && !isRefusal(err) {
			_ = t.say(ctx, input, variables) // the error counts
			r.remarksOf(ctx, input, variables, &t.reply)
		}
		return false, err
	}
	t.each(a)
	if err := t.say(ctx, input, variables); err != nil {
		return false, err
	}
	r.remarksOf(ctx, input, variables, &t.reply)
	if o.ends() {
		t.stopped = &o
		return false, nil
	}
	if r.endJQ != nil {
		if t.ended, err = r.endJQ.Holds(ctx, input, variables); err != nil {
			return false, template.About(err, "reply.end_jq")
		}
	}
	return !t.ended, nil
}

// sayCut adds the text of a piece that was cut off.
func (t *streamed) sayCut(ctx context.Context, a *answer) {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if input, err := template.Unmarshal(jsoncut.Close(a.body)); err == nil {
		_ = t.say(ctx, input, t.state.variables(a)) // what cut the piece off is the error
	}
}

// say adds the text of a piece.
func (t *streamed) say(ctx context.Context, input any, variables []any) error {
	r := &t.plan.reply
	if r.jq == nil {
		data, ok := input.(string)
		if !ok {
			return core.Errorf(core.ErrorConfig, "the pieces of the stream are JSON, and the campaign does not say where the text is in them").
				WithHint("write reply.jq, such as .delta // empty, for %s", shortened(input))
		}
		t.text.WriteString(data)
		return nil
	}
	texts, err := r.textsOf(ctx, input, variables)
	if err != nil {
		return template.About(err, "reply.jq")
	}
	for _, text := range texts {
		t.text.WriteString(text)
	}
	return nil
}

// eachPiece is called with a piece of a stream; it returns false after the last one.
type eachPiece func(event, data string) (bool, error)

// pieces calls each for every piece of a stream until it returns false: for the
// events of an event stream, or for its lines that are not empty. A stream that
// ends within an event is an error, unless that event ends the stream: some
// services leave out the empty line behind the last one.
func pieces(body io.Reader, isSSE bool, each eachPiece) error {
	in := lineReader{in: bufio.NewReaderSize(body, 16<<10)}
	if isSSE {
		return events(&in, each)
	}
	for {
		line, err := in.next()
		if strings.TrimSpace(line) != "" {
			more, wrong := each("", line)
			switch {
			case wrong == nil && !more:
				return nil
			case wrong != nil && (err == nil || errors.Is(err, io.EOF)):
				return wrong
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// events calls each for every server-sent event.
func events(in *lineReader, each eachPiece) error {
	var e eventReader
	for {
		line, err := in.next()
		switch {
		case err != nil:
			e.line(line)
			return e.last(each, err)
		case line != "":
			e.line(line)
			continue
		}
		event, data, ok := e.dispatch()
		if !ok {
			continue
		}
		if more, wrong := each(event, data); wrong != nil || !more {
			return wrong
		}
	}
}

// last hands over an event that the end of the stream, or a failure, broke off.
func (e *eventReader) last(each eachPiece, why error) error {
	event, data, ok := e.dispatch()
	if ok {
		if more, wrong := each(event, data); wrong == nil && !more {
			return nil
		}
	}
	switch {
	case !errors.Is(why, io.EOF):
		return why
	case !ok:
		return nil
	}
	return core.Errorf(core.ErrorUnavailable, "the stream ended within an event").About(core.SubjectAnswer)
}

// lineReader reads lines that end with LF, CR LF or CR.
type lineReader struct {
	in *bufio.Reader
	// begun says that something was read, afterCR that the last line ended with CR.
	begun, afterCR bool
}

// next returns a line without its end, and without a byte order mark.
func (r *lineReader) next() (string, error) {
	var line []byte
	for {
		c, err := r.in.ReadByte()
		if err == nil && c == '\n' && r.afterCR && len(line) == 0 {
			r.afterCR = false
			continue
		}
		if err == nil && c != '\n' && c != '\r' {
			r.afterCR = false
			line = append(line, c)
			continue
		}
		if !r.begun {
			line, r.begun = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")), true
		}
		r.afterCR = err == nil && c == '\r'
		return string(line), err
	}
}

// eventReader collects the lines of a server-sent event.
type eventReader struct {
	name string
	data []string
}

// line reads a line that is not empty.
func (e *eventReader) line(line string) {
	name, v, _ := strings.Cut(line, ":")
	v = strings.TrimPrefix(v, " ")
	switch name {
	case "event":
		e.name = v
	case "data":
		e.data = append(e.data, v)
	}
}

// dispatch returns the event that was read, if it has data.
func (e *eventReader) dispatch() (name, data string, ok bool) {
	name, data, ok = e.name, strings.Join(e.data, "\n"), len(e.data) > 0
	*e = eventReader{}
	return name, data, ok
}
