package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// entry is a call and its answer as JSON. Texts that may hold any byte are bytes.
type entry struct {
	Kind         CallKind  `json:"kind"`
	Name         string    `json:"name"`
	ByKind       core.Kind `json:"by_kind,omitempty"`
	By           string    `json:"by,omitempty"`
	Turn         int       `json:"turn,omitempty"`
	Conversation int       `json:"conversation,omitempty"`

	SystemPrompt []byte    `json:"system_prompt,omitempty"`
	History      []message `json:"history,omitempty"`
	Messages     []message `json:"messages,omitempty"`
	Values       []value   `json:"values,omitempty"`
	Objective    []byte    `json:"objective,omitempty"`
	Said         string    `json:"said,omitempty"`

	Replies   []reply  `json:"replies,omitempty"`
	Value     *value   `json:"value,omitempty"`
	Score     *score   `json:"score,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
	Error     *failure `json:"error,omitempty"`
	Unsent    bool     `json:"unsent,omitempty"`
	Abandoned bool     `json:"abandoned,omitempty"`
}

type message struct {
	Role     core.Role      `json:"role"`
	Parts    []part         `json:"parts,omitempty"`
	Delivery *core.Delivery `json:"delivery,omitempty"`
}

type part struct {
	value
	Original    *value   `json:"original,omitempty"`
	Converters  []string `json:"converters,omitempty"`
	Transcript  bool     `json:"transcript,omitempty"`
	Undelivered bool     `json:"undelivered,omitempty"`
}

// value has its data, or the name under which they are kept.
type value struct {
	Modality  core.Modality `json:"modality,omitempty"`
	MediaType string        `json:"media_type,omitempty"`
	Data      []byte        `json:"data,omitempty"`
	Kept      string        `json:"kept,omitempty"`
}

type reply struct {
	Message message `json:"message"`
	Reply
}

// score has its value as a text, because a scorer may give one that is no number.
type score struct {
	Type      core.ScoreType `json:"type,omitempty"`
	Value     string         `json:"value"`
	Rationale string         `json:"rationale,omitempty"`
}

// failure is a [Failure] that keeps when to try again, which the subject may be implied by.
type failure struct {
	Failure
	RetryAfter time.Duration `json:"retry_after,omitempty"`
}

func failureOf(err error) *failure {
	retryAfter := core.RetryAfterOf(err)
	kept := *FailureOf(err)
	kept.Subject = explicitSubject(err, retryAfter)
	return &failure{kept, retryAfter}
}

// EncodeCall returns a recorded call as JSON, without its index. keep is asked to keep
// each value elsewhere, and returns its name there; "" leaves it in the JSON.
func EncodeCall(r RecordedCall, keep func(core.Value) (string, error)) ([]byte, error) {
	e := encoder{keep: keep}
	c, a := r.Call, r.Answer
	encoded := entry{
		Kind: c.Kind, Name: c.Name, ByKind: c.ByKind, By: c.By, Turn: c.Turn, Conversation: c.Conversation,
		SystemPrompt: []byte(c.Start.SystemPrompt), History: each(c.Start.History, e.message), Messages: each(c.Messages, e.message),
		Values: each(c.Values, e.value), Objective: []byte(c.Objective), Said: c.Said,
		Replies: each(a.Replies, e.reply), Unsent: a.Unsent, Abandoned: a.Abandoned,
	}
	switch {
	case a.Err != nil:
		encoded.Error = failureOf(a.Err)
	case c.Kind == CallConvert:
		converted := e.value(a.Value)
		encoded.Value, encoded.Warnings = &converted, a.Warnings
	case c.Kind == CallScore:
		encoded.Score = &score{a.Score.Type, strconv.FormatFloat(a.Score.Value, 'g', -1, 64), a.Score.Rationale}
	}
	if e.err != nil {
		return nil, e.err
	}
	return json.Marshal(encoded)
}

// encoder remembers the first error of keep.
type encoder struct {
	keep func(core.Value) (string, error)
	err  error
}

func each[A, B any](list []A, translate func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	translated := make([]B, len(list))
	for i, a := range list {
		translated[i] = translate(a)
	}
	return translated
}

func (e *encoder) value(v core.Value) value {
	kept := value{Modality: v.Modality, MediaType: v.MediaType}
	if e.err == nil {
		kept.Kept, e.err = e.keep(v)
	}
	if kept.Kept == "" {
		kept.Data = v.Data
	}
	return kept
}

func (e *encoder) message(m core.Message) message {
	encoded := message{Role: m.Role, Parts: each(m.Parts, e.part)}
	if !m.Delivery.IsZero() {
		encoded.Delivery = &m.Delivery
	}
	return encoded
}

func (e *encoder) part(p core.Part) part {
	encoded := part{value: e.value(p.Value), Converters: p.Converters, Transcript: p.Transcript, Undelivered: p.Undelivered}
	if p.Original != nil {
		original := e.value(*p.Original)
		encoded.Original = &original
	}
	return encoded
}

func (e *encoder) reply(r core.Reply) reply { return reply{e.message(r.Message), ReplyOf(r)} }

// DecodeCall returns what [EncodeCall] encoded. load returns the data of a value by the name
// that keep gave it.
func DecodeCall(data []byte, load func(name string) ([]byte, error)) (RecordedCall, error) {
	var e entry
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return RecordedCall{}, fmt.Errorf("decoding a recorded call: %w", err)
	}
	if decoder.More() {
		return RecordedCall{}, errors.New("decoding a recorded call: there is more than one JSON value")
	}
	if !slices.Contains(callKinds(), e.Kind) {
		return RecordedCall{}, fmt.Errorf("decoding a recorded call: %q is no kind of call", e.Kind)
	}
	d := decoding{load: load}
	r := RecordedCall{Call: d.call(e), Answer: d.answer(e)}
	if d.err != nil {
		return RecordedCall{}, fmt.Errorf("decoding a recorded call: %w", d.err)
	}
	return r, nil
}

// decoding remembers the first error.
type decoding struct {
	load func(name string) ([]byte, error)
	err  error
}

func (d *decoding) call(e entry) Call {
	return Call{
		Kind: e.Kind, Name: e.Name, ByKind: e.ByKind, By: e.By, Turn: e.Turn, Conversation: e.Conversation,
		Start:    core.Start{SystemPrompt: string(e.SystemPrompt), History: each(e.History, d.message)},
		Messages: each(e.Messages, d.message), Values: each(e.Values, d.value), Objective: string(e.Objective), Said: e.Said,
	}
}

func (d *decoding) answer(e entry) Answer {
	a := Answer{Replies: each(e.Replies, d.reply), Unsent: e.Unsent, Abandoned: e.Abandoned}
	if e.Value != nil {
		a.Value, a.Warnings = d.value(*e.Value), e.Warnings
	}
	if e.Score != nil {
		number, err := strconv.ParseFloat(e.Score.Value, 64)
		if d.err == nil {
			d.err = err
		}
		a.Score = core.Score{Type: e.Score.Type, Value: number, Rationale: e.Score.Rationale}
	}
	if f := e.Error; f != nil {
		if f.Subject != "" && !slices.Contains(core.ErrorSubjects(), f.Subject) {
			d.err = errors.Join(d.err, fmt.Errorf("%q is not what an error can speak of: want one of %q", f.Subject, core.ErrorSubjects()))
		}
		a.Err = &core.Error{Kind: f.Kind, Subject: f.Subject, Hint: f.Hint, RetryAfter: f.RetryAfter, Err: errors.New(f.Message)}
	}
	d.err = errors.Join(d.err, checkReplies(e, a))
	return a
}

// checkReplies checks that a call can have so many replies, and that the error, if any,
// is where a reply broke off or is missing.
func checkReplies(e entry, a Answer) error {
	var problems []error
	sent, failed := len(e.Messages), a.Err != nil
	if len(a.Replies) > sent || e.Kind == CallSend && !failed && len(a.Replies) < sent {
		problems = append(problems, fmt.Errorf("%d replies to %d messages", len(a.Replies), sent))
	}
	first := slices.IndexFunc(a.Replies, func(r core.Reply) bool { return r.Finish == core.FinishBroken })
	brokeOff := first >= 0
	if brokeOff && first < len(a.Replies)-1 {
		problems = append(problems, errors.New("a reply broke off, and others follow it"))
	}
	if brokeOff && !failed {
		problems = append(problems, errors.New("a reply broke off, and no error says why"))
	}
	if failed && sent > 0 && len(a.Replies) == sent && !brokeOff {
		problems = append(problems, errors.New("a call that failed has all replies"))
	}
	return errors.Join(problems...)
}

func (d *decoding) value(v value) core.Value {
	decoded := core.Value{Modality: v.Modality, MediaType: v.MediaType, Data: v.Data}
	if v.Kept != "" && d.err == nil {
		decoded.Data, d.err = d.load(v.Kept)
	}
	return decoded
}

func (d *decoding) message(m message) core.Message {
	decoded := core.Message{Role: m.Role, Parts: each(m.Parts, d.part)}
	if m.Delivery != nil {
		decoded.Delivery = *m.Delivery
	}
	return decoded
}

func (d *decoding) part(p part) core.Part {
	decoded := core.Part{Value: d.value(p.value), Converters: p.Converters, Transcript: p.Transcript, Undelivered: p.Undelivered}
	if p.Original != nil {
		original := d.value(*p.Original)
		decoded.Original = &original
	}
	return decoded
}

func (d *decoding) reply(r reply) core.Reply { return r.With(d.message(r.Message)) }
