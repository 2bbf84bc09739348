package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/jsoncut"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// jsonVersion is the version of the messages, which the first of them names.
const jsonVersion = 1

// text is a text that a program is sent: every character of it, lone surrogates included.
// Other bytes that are not UTF-8 are an error.
type text string

// MarshalJSON implements [json.Marshaler].
func (t text) MarshalJSON() ([]byte, error) {
	source, err := template.Marshal(string(t))
	return []byte(source), err
}

// part is a part of a message that is no text, and one of several texts.
type part struct {
	Modality  core.Modality   `json:"modality"`
	MediaType string          `json:"media_type,omitempty"`
	Text      *text           `json:"text,omitempty"`
	Data      []byte          `json:"data,omitempty"`  // base64
	Value     json.RawMessage `json:"value,omitempty"` // of tool_call and tool_result
}

// said is a message of the history.
type said struct {
	Role  core.Role `json:"role"`
	Text  text      `json:"text"`
	Parts []part    `json:"parts,omitempty"`
}

// startMessage is the first line that a program reads.
type startMessage struct {
	Type         string `json:"type"`
	Version      int    `json:"version"`
	SystemPrompt text   `json:"system_prompt,omitempty"`
	History      []said `json:"history,omitempty"`
	Seed         uint64 `json:"seed"`
}

// userMessage is a line with a message of a turn.
type userMessage struct {
	Type string `json:"type"`
	ID   int    `json:"id"`
	said
}

// answer is a line that a program writes.
type answer struct {
	Type string `json:"type"`
	ID   number `json:"id"`
	// Text, Parts, Finish, Detail, Usage and Warnings are of a reply, Text of a
	// delta and of a greeting, too.
	Text     *string `json:"text"`
	Parts    []part  `json:"parts"`
	Finish   word    `json:"finish"`
	Detail   word    `json:"detail"`
	Usage    usage   `json:"usage"`
	Warnings remarks `json:"warnings"`
	// Kind, Message and RetryAfter are of an error.
	Kind       word `json:"kind"`
	Message    word `json:"message"`
	RetryAfter wait `json:"retry_after"`
}

// jsonProtocol is a conversation in JSON messages, one a line.
type jsonProtocol struct {
	config JSONConfig
	// limit is the longest line that is read, in bytes.
	limit int
}

var _ protocol = (*jsonProtocol)(nil)

func newJSONProtocol(c JSONConfig) protocol { return &jsonProtocol{c, 2*c.MaxReplyBytes + chunk} }

func (p *jsonProtocol) manner() manner { return manner{} }

func (p *jsonProtocol) opening(start core.Start) ([]byte, error) {
	opening := startMessage{Type: "start", Version: jsonVersion, SystemPrompt: text(start.SystemPrompt), Seed: start.Seed}
	for _, m := range start.History {
		told, err := p.said(m)
		if err != nil {
			return nil, err
		}
		opening.History = append(opening.History, told)
	}
	return line(opening)
}

func (p *jsonProtocol) encode(number int, m core.Message) (data []byte, last bool, err error) {
	if err := sendable(m); err != nil {
		return nil, false, err
	}
	told, err := p.said(m)
	if err != nil {
		return nil, false, err
	}
	data, err = line(userMessage{Type: "message", ID: number, said: told})
	return data, false, err
}

// said returns a message as it is written. Its text is in one place, whatever else
// there is; parts are given only where there is more than one text.
func (p *jsonProtocol) said(m core.Message) (said, error) {
	told := said{Role: m.Role, Text: text(template.TextOf(m))}
	isPlain := len(m.Parts) == 1 && m.Parts[0].Modality == core.Text
	for _, v := range m.Parts {
		switch isOwn := m.Role == core.Assistant; {
		case v.Modality == core.ToolCall && isOwn: // part of what the program itself has said
		case v.Modality == core.ToolCall:
			return said{}, core.Errorf(core.ErrorUnsupported, "a program cannot be sent %s", v.Modality)
		case !slices.Contains(p.config.Accepts, string(v.Modality)):
			return said{}, core.Errorf(core.ErrorInput, "the program takes no %s", v.Modality).
				WithHint("add %s to accepts, if it does", v.Modality)
		}
		if !isPlain {
			told.Parts = append(told.Parts, written(v.Value))
		}
	}
	return told, nil
}

// written returns a value as a part.
func written(v core.Value) part {
	p := part{Modality: v.Modality, MediaType: v.MediaType}
	switch isJSON := v.Modality == core.ToolCall || v.Modality == core.ToolResult; {
	case isJSON && json.Valid(v.Data):
		p.Value = v.Data
	case v.Modality == core.Text:
		content := text(v.Text())
		p.Text = &content
	default:
		p.Data = v.Data
	}
	return p
}

// line encodes a message as one line.
func line(m any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out) // it writes the line end
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(m); err != nil {
		return nil, core.Errorf(core.ErrorInput, "encoding the message: %w", err).WithHint("a text that is not UTF-8 can be sent encoded, with a converter")
	}
	return out.Bytes(), nil
}

func (p *jsonProtocol) unasked(arrived []byte) (used int, notes []string, err error) {
	for {
		next, used2, ok := cutLine(arrived[used:])
		if !ok {
			if len(bytes.TrimSpace(arrived[used:])) > 0 {
				return used, notes, unaskedError(arrived[used:])
			}
			return used, notes, nil
		}
		used += used2
		if len(bytes.TrimSpace(next)) == 0 {
			continue
		}
		a, err := decode(next)
		if err != nil || a.Type != "greeting" {
			return used, notes, unaskedError(next)
		}
		if len(notes) < mostWarnings {
			notes = append(notes, greetingNote(a))
		}
	}
}

func greetingNote(a answer) string {
	if a.Text == nil {
		return "the program greets without a text"
	}
	return "before the first message the program said: " + phrase.ShortenBytes(*a.Text, noteBytes)
}

// cutLine returns the first line, and how many bytes it has with its end.
func cutLine(arrived []byte) (line []byte, used int, ok bool) {
	i := bytes.IndexByte(arrived, '\n')
	if i < 0 {
		return nil, 0, false
	}
	return arrived[:i], i + 1, true
}

func (p *jsonProtocol) read(a arrival, r *reply) (used int, over bool, err error) {
	for !over && err == nil {
		next, n, ok := cutLine(a.bytes[used:])
		if !ok && a.ended && len(a.bytes) > used {
			next, n, ok = a.bytes[used:], len(a.bytes)-used, true
		}
		if !ok {
			break
		}
		used += n
		over, err = p.take(next, r)
	}
	if over && r.failure == nil && r.finish.Conclusive() && len(bytes.TrimSpace(a.bytes[used:])) > 0 {
		r.finish, r.detail = core.FinishUnconfirmed, "the program wrote on after its reply"
	}
	if !over && err == nil && len(a.bytes)-used > p.limit {
		err = core.Errorf(core.ErrorProtocol, "the program wrote a line of more than %d bytes", p.limit)
	}
	return used, over, err
}

// partial takes the text of a line that was cut off.
func (p *jsonProtocol) partial(arrived []byte, r *reply) {
	a, err := decode(jsoncut.Close(arrived))
	if err == nil && a.Text != nil && (a.Type == "delta" || a.Type == "reply") {
		r.add([]byte(*a.Text))
	}
}

// take takes one line as a part of the reply.
func (p *jsonProtocol) take(text []byte, r *reply) (over bool, err error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return false, nil
	}
	r.isBroken = r.isBroken || !utf8.Valid(text)
	a, err := decode(text)
	if err != nil {
		p.partial(text, r)
		return false, err
	}
	switch {
	case a.ID.odd:
		r.warn("the id of a line is no number; it is taken for that of the message")
	case a.ID.told && a.ID.value != r.number:
		if a.Text != nil {
			r.add([]byte(*a.Text))
		}
		return false, core.Errorf(core.ErrorProtocol, "the program answers message %d, and was asked message %d", a.ID.value, r.number)
	}
	switch a.Type {
	case "delta":
		if a.Text != nil {
			r.add([]byte(*a.Text))
		}
	case "greeting":
		r.warn(greetingNote(a))
	case "error":
		r.failure = a.failure()
		return true, nil
	case "reply":
		return true, a.complete(r)
	default:
		return false, core.Errorf(core.ErrorProtocol, "the program wrote a line of the type %q", phrase.ShortenBytes(a.Type, 100)).
			WithHint("reply, delta, error or greeting")
	}
	return false, nil
}

// decode reads one line. Keys that are not known are passed over.
func decode(text []byte) (answer, error) {
	var a answer
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
	err := decoder.Decode(&a)
	hint := "what is for people goes to standard error; a program that writes plain text is attacked with use: command/lines"
	if errors.Is(err, io.ErrUnexpectedEOF) {
		hint = "a message is one line, without line ends for people to read it"
	}
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	if err != nil {
		return answer{}, core.Errorf(core.ErrorProtocol, "the program wrote %q, which is no JSON object of a line's: %w", phrase.ShortenBytes(string(text), 200), err).
			WithHint("%s", hint)
	}
	return a, nil
}

// failure is the error that a program reports.
func (a answer) failure() *core.Error {
	kind := core.ErrorKind(a.Kind)
	if !slices.Contains(core.ErrorKinds(), kind) {
		kind = core.ErrorProtocol
	}
	message := phrase.ShortenBytes(string(a.Message), noteBytes)
	if message == "" {
		message = "no message"
	}
	err := core.Errorf(kind, "the program reports an error: %s", message)
	switch kind {
	case core.ErrorRateLimited:
		return err.After(time.Duration(a.RetryAfter))
	case core.ErrorUnavailable, core.ErrorTimeout, core.ErrorAuth, core.ErrorInput:
		return err.About(core.SubjectAnswer)
	default:
		return err
	}
}

// complete makes a line of the type reply the end of the reply. Text that was
// written in pieces is not lost where the line has another one.
func (a answer) complete(r *reply) error {
	before := string(r.text)
	switch {
	case a.Text == nil || *a.Text == before:
	case before == "":
		r.add([]byte(*a.Text))
	default:
		r.addPart(core.TextValue(*a.Text))
		r.warn("the text of the reply is another one than that of its pieces; both are kept")
	}
	for _, p := range a.Parts {
		v, err := p.value()
		if err != nil {
			return err
		}
		r.addPart(v)
	}
	r.finish, r.detail, r.usage = core.Finish(a.Finish), phrase.ShortenBytes(string(a.Detail), noteBytes), a.Usage.counts
	if a.Usage.odd {
		r.warn("the usage of the reply has counts that are none; they are taken for unknown")
	}
	for _, w := range a.Warnings {
		r.warn(w)
	}
	switch r.finish {
	case "":
		r.finish = core.FinishComplete
	case core.FinishComplete, core.FinishBlocked, core.FinishTruncated, core.FinishInterrupted, core.FinishUnconfirmed:
	default:
		r.detail = strings.TrimSuffix("the program says that the reply ended as "+phrase.ShortenBytes(string(a.Finish), 100)+": "+r.detail, ": ")
		r.finish = core.FinishUnconfirmed
	}
	return nil
}

// value returns a part as a value.
func (p part) value() (core.Value, error) {
	given := 0
	for _, is := range []bool{p.Text != nil, p.Data != nil, p.Value != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		return core.Value{}, core.Errorf(core.ErrorProtocol, "a part of the reply does not have one of text, data and value")
	}
	v := core.Value{Modality: p.Modality, MediaType: p.MediaType, Data: p.Data}
	switch {
	case p.Text != nil:
		v = core.TextValue(string(*p.Text))
	case p.Modality == core.ToolCall && p.Value != nil:
		v.MediaType, v.Data = core.MediaJSON, p.Value
	case p.Data == nil || p.Modality != core.Audio && p.Modality != core.Image || v.BaseMediaType() == "":
		return core.Value{}, core.Errorf(core.ErrorProtocol, "the program gave a part of the modality %q and the media type %q", p.Modality, p.MediaType).
			WithHint("text; audio or image, with media_type and data in base64; or tool_call, with value")
	}
	return v, nil
}
