package chat

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/reply"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// answer collects what a service answers to one request.
type answer struct {
	target *target
	reply  reply.Builder
	sent   time.Time
	timing core.Timing
	limits []core.RateLimit
	usage  *usage
	// words are those of the conversation that was sent, without the assistant's
	// messages, of which templates drop what was thought.
	words int

	// finish is the reason of the end; nil while there is none.
	finish *string
	// begun says that there is a choice, ended that the answer came to its last mark.
	begun, ended bool
	// index is that of the choice which is judged.
	index int
	// refusal is what the service gives as the model's refusal; refused says that it
	// gives one.
	refusal string
	refused bool
	// blocked says what a filter objected to, promptBlocked that it did so before the
	// model answered.
	blocked       string
	promptBlocked bool
	// flagged are the categories of Azure's filter for which content was filtered.
	flagged []string
	// flaggedPrompt are those for which the messages were.
	flaggedPrompt []string
	// tooLarge says that an event or the answer was not read to its end.
	tooLarge    string
	audio       sound
	calls       []*streamedCall
	fingerprint string
	warnings    []string
}

// streamedCall is a call with what the protocol says of it.
type streamedCall struct {
	*reply.Call
	index    int
	extra    json.RawMessage
	function bool
}

func newAnswer(t *target) *answer {
	return &answer{target: t, sent: time.Now(), reply: reply.Builder{Limit: t.config.MaxReplyBytes}}
}

// warn adds a warning, once.
func (a *answer) warn(format string, args ...any) {
	a.warnings = openaiapi.Add(a.warnings, fmt.Sprintf(format, args...))
}

// take takes an answer, or one event of it.
func (a *answer) take(c completion) error {
	for _, u := range []*usage{c.Groq.Usage, c.Usage} {
		if u != nil && (a.usage == nil || u.says()) {
			a.usage = u
		}
	}
	if c.Fingerprint != "" {
		a.fingerprint = c.Fingerprint
	}
	for _, p := range c.PromptFilter {
		a.noteFilter(p.Results, "the message")
		a.flaggedPrompt = openaiapi.Add(a.flaggedPrompt, p.Results.Filtered()...)
	}
	reply, prompt := c.flagged()
	a.flagged, a.flaggedPrompt = openaiapi.Add(a.flagged, reply...), openaiapi.Add(a.flaggedPrompt, prompt...)
	for _, choice := range c.Choices {
		if !a.begun {
			a.begun, a.index = true, c.first()
		}
		if choice.Index != a.index {
			a.warn("the service gave several answers; the first is judged")
			continue
		}
		if err := a.takeChoice(choice); err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) takeChoice(c choice) error {
	a.noteFilter(c.Filter, "the reply")
	a.flagged = openaiapi.Add(a.flagged, c.Filter.Filtered()...)
	for _, s := range []*said{c.Message, c.Delta} {
		if s == nil {
			continue
		}
		if err := a.takeSaid(s); err != nil {
			return err
		}
	}
	if !service.Empty(c.Error) {
		return a.failed(c.Error)
	}
	if c.FinishReason == nil || slices.Contains([]string{"", "null", "None"}, *c.FinishReason) {
		return nil
	}
	if err := a.takeFinish(*c.FinishReason); err != nil {
		return err
	}
	if native := openaiapi.EndingOf(c.Native); native > openaiapi.Whole && native != openaiapi.EndingOf(*c.FinishReason) {
		return a.takeFinish(c.Native)
	}
	return nil
}

// takeFinish takes a reason of the end. Of several that differ, one that says that the
// reply is not whole counts, whichever comes last. One that says that the service broke
// off is an error.
func (a *answer) takeFinish(reason string) error {
	if openaiapi.EndingOf(reason) == openaiapi.Failed {
		return core.Errorf(core.ErrorUnavailable, "the service broke the reply off: finish_reason %q", reason).About(core.SubjectAnswer)
	}
	if a.finish != nil && *a.finish != reason {
		a.warn("the service gives several reasons for the end of the reply: %q and %q", *a.finish, reason)
		if openaiapi.EndingOf(*a.finish) != openaiapi.Whole {
			return nil
		}
	}
	a.finish = &reason
	return nil
}

func (a *answer) noteFilter(f openaiapi.FilterResults, of string) {
	if why := f.Failed(); why != "" {
		a.warn("unfiltered: the service's content filter did not run on %s: %s", of, why)
	}
}

// takeSaid takes a message, or a piece of one.
func (a *answer) takeSaid(s *said) error {
	for _, c := range []content{s.ReasoningContent, s.Reasoning} {
		a.reply.Reasoning("", c.text+c.reasoning)
		if c.text != "" {
			break // some servers give both, with the same text
		}
	}
	a.reply.Reasoning("", s.Content.reasoning)
	a.reply.Text("", s.Content.text)
	for _, kind := range s.Content.unknown {
		a.warn("the reply has a part of type %q, which is not read", kind)
	}
	refusal := s.Content.refusal + s.Refusal.text
	a.refused = a.refused || s.Refusal.given || refusal != ""
	a.refusal += refusal
	a.reply.Text("refusal", refusal)
	if s.Audio != nil {
		if err := a.takeSound(s.Audio); err != nil {
			return err
		}
	}
	for i, c := range s.ToolCalls {
		a.takeCall(i, c)
	}
	if f := s.FunctionCall; f != nil && (f.Name != "" || f.Arguments != "") {
		c := a.callFor(0, true)
		a.fill(c, "", f.Name, string(f.Arguments))
	}
	if a.timing.FirstEvent == 0 && !a.reply.Empty() {
		a.timing.FirstEvent = time.Since(a.sent)
	}
	return nil
}

func (a *answer) takeSound(s *sound) error {
	data, err := base64.StdEncoding.DecodeString(s.Data)
	if err != nil {
		return core.Errorf(core.ErrorProtocol, "the sound of the reply is not base64: %w", err).About(core.SubjectAnswer)
	}
	a.audio.ID, a.audio.ExpiresAt = orElse(s.ID, a.audio.ID), max(s.ExpiresAt, a.audio.ExpiresAt)
	a.reply.Sound("", mediaTypeOf(a.target.config.audioFormat()), data)
	a.reply.Transcript("", s.Transcript)
	if len(data) > 0 {
		a.timing.LastAudio = time.Since(a.sent)
		if a.timing.FirstAudio == 0 {
			a.timing.FirstAudio = a.timing.LastAudio
		}
	}
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// mediaTypeOf is the media type of a format of the protocol.
func mediaTypeOf(format string) string {
	switch format {
	case "pcm16":
		return reply.PCM
	case "mp3":
		return "audio/mpeg"
	}
	return "audio/" + format
}

// takeCall takes a call, or a piece of one. The place is the call's in its list.
func (a *answer) takeCall(place int, c call) {
	if c.Index != nil {
		place = *c.Index
	}
	of := a.callFor(place, false)
	if of != nil && c.ID != "" && of.ID != "" && c.ID != of.ID { // a server that gives each call the index 0
		of = a.callByID(c.ID, place)
	}
	if of != nil && c.Function.Name != "" && json.Valid(of.Arguments) { // the call is whole
		switch {
		case c.ID == "":
			of = a.newCall(place, false)
		case of.Name == c.Function.Name && string(of.Arguments) == string(c.Function.Arguments):
			return // it is repeated
		}
	}
	if c.Custom != nil {
		a.fill(of, c.ID, c.Custom.Name, c.Custom.Input)
		return
	}
	a.fill(of, c.ID, c.Function.Name, string(c.Function.Arguments))
	if of != nil && !lenient.IsNull(c.Extra) {
		of.extra = c.Extra
	}
}

// callFor returns the last call of an index, which begins at its first use; nil where
// there are too many.
func (a *answer) callFor(index int, function bool) *streamedCall {
	for i := len(a.calls) - 1; i >= 0; i-- {
		if a.calls[i].index == index && a.calls[i].function == function {
			return a.calls[i]
		}
	}
	return a.newCall(index, function)
}

// callByID returns the call with an identifier, which begins at its first use; nil
// where there are too many.
func (a *answer) callByID(id string, index int) *streamedCall {
	for _, c := range a.calls {
		if c.ID == id {
			return c
		}
	}
	return a.newCall(index, false)
}

func (a *answer) newCall(index int, function bool) *streamedCall {
	c := a.reply.Call(strconv.Itoa(len(a.calls)))
	if c == nil {
		return nil
	}
	a.calls = append(a.calls, &streamedCall{Call: c, index: index, function: function})
	return a.calls[len(a.calls)-1]
}

// fill adds a piece to a call.
func (a *answer) fill(c *streamedCall, id, name, arguments string) {
	if c == nil {
		return
	}
	c.ID = orElse(c.ID, id)
	if c.Name != name { // some servers repeat it in each piece
		c.Name += name
	}
	c.Argue(arguments)
}

// assistant is what the conversation remembers of the answer.
func (a *answer) assistant() assistant {
	said := assistant{text: a.reply.Said(), refusal: a.refusal}
	if said.refusal != "" {
		said.text = ""
	}
	if a.audio.ID != "" && time.Until(time.Unix(a.audio.ExpiresAt, 0)) > time.Minute {
		said.audio = a.audio.ID
	}
	for _, c := range a.calls {
		said.calls = append(said.calls, sentCall{
			Call:  tool.Call{ID: c.ID, Name: c.Name, Arguments: string(c.Arguments)},
			extra: c.extra, function: c.function,
		})
	}
	return said
}
