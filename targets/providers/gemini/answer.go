package gemini

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genai"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
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

	// finish is the last reason of an end, message what the service says of it, and
	// flagged the categories for which it blocked the answer, or the prompt.
	finish                          genai.FinishReason
	message, flagged, flaggedPrompt string
	// begun says that there is a candidate.
	begun bool
	// index is that of the candidate which is judged.
	index int
	// blocked says why the prompt was blocked.
	blocked string
	// tooLarge says that an event or the answer was not read to its end, unread that a
	// part of the reply is of a form that is not known: what it says nobody judges.
	tooLarge, unread string
	calls            []*answeredCall
	// inPieces is the call of which more follows, nil for none, and firstPiece the part
	// that began it.
	inPieces   *answeredCall
	firstPiece json.RawMessage
	images     int
	// parts are what the service gets back, without thoughts; texts without a
	// signature are joined.
	parts    []json.RawMessage
	text     []byte
	warnings []string
}

func newAnswer(t *target) *answer {
	return &answer{target: t, sent: time.Now(), reply: reply.Builder{Limit: t.config.MaxReplyBytes}}
}

// warn adds a warning, once.
func (a *answer) warn(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(a.warnings, text) {
		a.warnings = append(a.warnings, text)
	}
}

// pass notes that a part of the reply is not read.
func (a *answer) pass(format string, args ...any) {
	a.warn(format, args...)
	if a.unread == "" {
		a.unread = a.warnings[len(a.warnings)-1]
	}
}

// take takes an answer, or one event of it.
func (a *answer) take(r response) error {
	if r.Usage != nil {
		a.usage = r.Usage
	}
	taken := false
	for _, c := range r.Candidates {
		if !a.begun {
			a.begun, a.index = true, c.Index
		}
		if taken || c.Index != a.index {
			a.warn("the service gave several answers; the first is judged")
			continue
		}
		taken = true
		if err := a.takeCandidate(c); err != nil {
			return err
		}
	}
	if r.PromptFeedback != nil {
		a.flaggedPrompt = cmp.Or(r.PromptFeedback.Ratings.blocked(), a.flaggedPrompt)
	}
	if f := r.PromptFeedback; f != nil && f.BlockReason != "" && f.BlockReason != genai.BlockedReasonUnspecified {
		a.blocked = explained("the prompt was blocked: "+string(f.BlockReason), f.BlockReasonMessage, f.Ratings.blocked())
	}
	return nil
}

// isNothing reports whether there is neither an answer nor a blocked prompt. Without an
// answer, a rating for which the prompt was blocked says so.
func (a *answer) isNothing() bool {
	if !a.begun && a.blocked == "" && a.flaggedPrompt != "" {
		a.blocked = explained("the prompt was blocked", "", a.flaggedPrompt)
	}
	return !a.begun && a.blocked == ""
}

// explained adds what a service says of a reason, and categories, to it.
func explained(reason, message, categories string) string {
	if message = strings.TrimSpace(message); message != "" {
		reason += ": " + service.Shown([]byte(message))
	}
	if categories != "" {
		reason += " (" + categories + ")"
	}
	return reason
}

func (a *answer) takeCandidate(c candidate) error {
	for _, data := range c.Content.Parts {
		if err := a.takePart(data); err != nil {
			return err
		}
	}
	if a.timing.FirstEvent == 0 && !a.reply.Empty() {
		a.timing.FirstEvent = time.Since(a.sent)
	}
	a.takeSearches(c.Grounding.WebSearchQueries)
	if flagged := c.Ratings.blocked(); flagged != "" {
		a.flagged = flagged
	}
	if c.FinishReason == "" {
		return nil
	}
	a.takeFinish(c.FinishReason, c.FinishMessage)
	if failures()[c.FinishReason] {
		return core.Errorf(core.ErrorProtocol, "the reply failed: %s", explained(string(a.finish), a.message, "")).About(core.SubjectAnswer)
	}
	return nil
}

// takeFinish takes a reason of the end. Of several that differ, one that says that the
// reply is not whole counts, whichever comes last. After CONTINUATION the reply goes on,
// and FINISH_REASON_UNSPECIFIED is none.
func (a *answer) takeFinish(reason genai.FinishReason, message string) {
	switch a.finish {
	case reason, "", genai.FinishReasonContinuation, genai.FinishReasonUnspecified:
	default:
		a.warn("the service gives several reasons for the end of the reply: %q and %q", a.finish, reason)
		if a.finish != genai.FinishReasonStop && !failures()[reason] {
			return
		}
	}
	a.finish, a.message = reason, message
}

// takePart takes one part of the content.
func (a *answer) takePart(data json.RawMessage) error {
	var p part
	if err := lenient.Unmarshal(data, &p); err != nil {
		return core.Errorf(core.ErrorProtocol, "a part of the reply cannot be read: %w: %s", err, service.Shown(data)).About(core.SubjectAnswer)
	}
	names := membersOf(data)
	if p.Thought && p.FunctionCall == nil {
		a.reply.Reasoning("", p.Text)
		return nil // thoughts are not sent back
	}
	if p.Text != "" {
		a.reply.Text("", p.Text)
	}
	switch {
	case p.FunctionCall != nil:
		whole, isWhole := a.takeCall(*p.FunctionCall, data)
		if !isWhole {
			return nil
		}
		data = whole
	case a.takeHosted(p.hostedParts):
	case p.InlineData != nil:
		a.takeData(*p.InlineData)
		a.reply.Transcript("", p.Transcription.Text)
	case p.Text == "" && !lenient.IsText(data, "text"):
		a.pass("the reply has a text in another form, which is not read")
	case p.Text == "" && !slices.Contains(names, "text") && len(names) > 0 && p.ThoughtSignature == "":
		a.pass("the reply has a part %q, which is not read", strings.Join(names, ", "))
	}
	return a.keep(data, p, names)
}

// keep keeps a part to be sent back: as it came, since the service checks signatures
// and the parts that they stand with.
func (a *answer) keep(data json.RawMessage, p part, names []string) error {
	if slices.Equal(names, []string{"text"}) {
		a.text = append(a.text, p.Text...)
		return nil
	}
	if len(names) == 0 {
		return nil
	}
	if err := a.flush(); err != nil {
		return err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return core.Errorf(core.ErrorProtocol, "a part of the reply is not JSON: %w", err).About(core.SubjectAnswer)
	}
	a.parts = append(a.parts, compact.Bytes())
	return nil
}

// flush makes a part of the text that was joined.
func (a *answer) flush() error {
	if len(a.text) == 0 {
		return nil
	}
	encoded, err := encode(genai.Part{Text: string(a.text)})
	a.parts, a.text = append(a.parts, encoded), nil
	return err
}

// takeData takes sound or an image.
func (a *answer) takeData(b blob) {
	if strings.HasPrefix(b.MIMEType, "image/") {
		a.images++
		a.reply.Image(strconv.Itoa(a.images), b.MIMEType, b.Data)
		return
	}
	if !strings.HasPrefix(b.MIMEType, "audio/") {
		a.pass("the reply has a part of type %q, which is not read", b.MIMEType)
		return
	}
	a.reply.Sound("", soundType(b.MIMEType), b.Data)
	if len(b.Data) > 0 {
		a.timing.LastAudio = time.Since(a.sent)
		if a.timing.FirstAudio == 0 {
			a.timing.FirstAudio = a.timing.LastAudio
		}
	}
}

// soundType is the media type of a sound: raw sound of 24 kHz, such as
// audio/L16;codec=pcm;rate=24000, becomes a WAV file. Against RFC 2586 its bytes are
// little-endian.
func soundType(mediaType string) string {
	plain := strings.ToLower(strings.ReplaceAll(mediaType, " ", ""))
	isRaw := strings.HasPrefix(plain, "audio/l16") || strings.HasPrefix(plain, "audio/pcm")
	if isRaw && (strings.Contains(plain, ";rate=24000") || !strings.Contains(plain, ";rate=")) {
		return reply.PCM
	}
	return mediaType
}

// content is what the conversation remembers of the answer, and its calls.
func (a *answer) content() (modelContent, []sentCall) {
	_ = a.flush() // a text always encodes
	var calls []sentCall
	for _, c := range a.calls {
		if c.isCarriedOut {
			continue
		}
		calls = append(calls, sentCall{Call: tool.Call{ID: c.ID, Name: c.Name, Arguments: string(c.Arguments)}, id: c.id})
	}
	return modelContent{Role: genai.RoleModel, Parts: a.parts}, calls
}
