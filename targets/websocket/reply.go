package wstarget

import (
	"context"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/ending"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
)

// maxWords is how much of a service's own words is shown, in bytes.
const maxWords = 4 << 10

// reply collects the reply to one turn.
type reply struct {
	target *target
	text   []byte
	sound  []byte
	isCut  bool
	// isOver says that the service, or the time without a piece, has ended it; isQuiet
	// that it was the time.
	isOver, isQuiet bool
	// hasEnd says that an event has come that reply.end holds for, and no piece since.
	hasEnd bool
	// owed says that the first such event is the end of an earlier reply, if it comes
	// before a piece.
	owed bool
	// isBroken says that a piece came in a message that was not UTF-8.
	isBroken bool
	finish   core.Finish
	detail   string
	heard    string
	// isHeardTold says that the service has told what it heard, if only nothing.
	isHeardTold bool
	// failure is the error that the service reports.
	failure               *core.Error
	first                 time.Time
	last                  time.Time // of its last piece
	over                  time.Time
	firstSound, lastSound time.Time
	warnings              []string
}

func (r *reply) hasBegun() bool { return !r.last.IsZero() }

// endQuietly ends a reply because nothing has come for a time.
func (r *reply) endQuietly() {
	r.isOver, r.isQuiet, r.over = true, true, r.last
	r.finish, r.detail = core.FinishUnconfirmed, "the reply was taken for over since nothing came for "+r.target.config.Reply.Quiet.String()
}

// join adds what came after this reply was taken for over.
func (r *reply) join(more *reply) {
	if len(r.text) > 0 && len(more.text) > 0 {
		r.add(&r.text, []byte("\n"), more.first)
	}
	r.add(&r.text, more.text, more.first)
	r.addSound(more.sound, more.first)
	r.heard += more.heard
	r.isHeardTold = r.isHeardTold || more.isHeardTold
	r.isCut, r.isBroken = r.isCut || more.isCut, r.isBroken || more.isBroken
	r.last, r.over = more.last, more.over
}

// add adds a piece, as far as there is room.
func (r *reply) add(to *[]byte, piece []byte, now time.Time) {
	if len(piece) == 0 {
		return
	}
	if room := max(0, r.target.config.MaxReplyBytes-len(r.text)-len(r.sound)); len(piece) > room {
		piece, r.isCut = piece[:room], true
	}
	*to = append(*to, piece...)
	r.last, r.hasEnd = now, false
	if r.first.IsZero() {
		r.first = now
	}
}

// take takes an event as a part of the reply.
func (r *reply) take(ctx context.Context, e event, values []any) error {
	p := r.target.plan
	defer func() {
		if r.isOver {
			r.over = e.at
		}
	}()
	if e.isBinary {
		if !r.target.config.Sound.Binary {
			return core.Errorf(core.ErrorProtocol, "the service sent a binary message").About(core.SubjectAnswer).WithHint("set sound.binary, if it is sound")
		}
		r.addSound(e.data, e.at)
		r.endAtFirstPiece()
		return nil
	}
	is, say, err := r.target.ruleFor(ctx, e, values)
	switch {
	case err != nil:
		r.takeLate(ctx, e, values)
		return err
	case is == "ignored":
		return nil
	case is != "":
		r.apply(is, say)
	}
	if r.failure == nil || r.hasTextBeside() {
		if err := r.takePieces(ctx, e, values); err != nil && r.failure == nil {
			return err
		}
	}
	ends, err := holds(ctx, p.end, e.json, values)
	if err != nil {
		return err
	}
	if ends {
		r.end()
	}
	r.endAtFirstPiece()
	return nil
}

// lateTime is how long an event may be read that came before the time was over.
const lateTime = time.Second

// takeLate takes the pieces in an event whose rules were not known before the time was
// over.
func (r *reply) takeLate(ctx context.Context, e event, values []any) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lateTime)
	defer cancel()
	_ = r.takePieces(ctx, e, values) // that the time is over is the error
}

// hasTextBeside reports whether there may be a text in an event that is an error: where
// the campaign says where one is, and the message was not refused.
func (r *reply) hasTextBeside() bool {
	kind := core.KindOf(r.failure)
	return (r.target.plan.regex != nil || r.target.plan.text != nil) && kind != core.ErrorRateLimited && kind != core.ErrorAuth
}

// takePieces takes the text and the sound in an event, and what was heard.
func (r *reply) takePieces(ctx context.Context, e event, values []any) error {
	pieces, err := r.target.pieces(ctx, e, values)
	if err != nil {
		return err
	}
	for _, piece := range pieces {
		r.add(&r.text, []byte(piece), e.at)
		r.isBroken = r.isBroken || e.isBroken
	}
	if err := r.takeSound(ctx, e, values); err != nil {
		return err
	}
	heard, err := found(ctx, r.target.plan.heard, e.json, values)
	if err != nil {
		return err
	}
	for _, v := range heard {
		r.heard += fmt.Sprint(v)
		r.isHeardTold = true
	}
	return nil
}

// end takes the event that ends the reply, or an earlier one.
func (r *reply) end() {
	if r.owed && !r.hasBegun() {
		r.owed = false
		return
	}
	r.isOver, r.hasEnd = true, true
}

// takeSound takes the sound in an event.
func (r *reply) takeSound(ctx context.Context, e event, values []any) error {
	sounds, err := outputs(ctx, r.target.plan.audio, e.json, values)
	if err != nil {
		return err
	}
	for _, v := range sounds {
		text, ok := v.(string)
		if !ok {
			return core.Errorf(core.ErrorProtocol, "reply.sound gives %T, not a text in base64", v).About(core.SubjectAnswer)
		}
		data, err := decodeBase64(text)
		if err != nil {
			return err
		}
		r.addSound(data, e.at)
	}
	return nil
}

func (r *reply) addSound(data []byte, now time.Time) {
	if len(data) == 0 {
		return
	}
	r.add(&r.sound, data, now)
	if r.firstSound.IsZero() {
		r.firstSound = now
	}
	r.lastSound = now
}

// endAtFirstPiece ends a reply of which nothing else says where it ends.
func (r *reply) endAtFirstPiece() {
	if r.hasBegun() && r.target.endsAtFirst() {
		r.isOver = true
	}
}

// apply ends the reply by a rule.
func (r *reply) apply(is, say string) {
	r.isOver, r.detail = true, say
	says := func(kind core.ErrorKind, what string) *core.Error {
		if say != "" {
			what += ": " + say
		}
		return core.Errorf(kind, "%s", what)
	}
	switch is {
	case "complete":
	case "blocked":
		r.finish = core.FinishBlocked
	case "truncated":
		r.finish = core.FinishTruncated
	case "rate_limited":
		r.failure = says(core.ErrorRateLimited, "the service refused the message because of its limits")
	case "unavailable":
		r.failure = says(core.ErrorUnavailable, "the service says that it is unavailable").About(core.SubjectAnswer)
	case "auth":
		r.failure = says(core.ErrorAuth, "the service refused the credentials")
	default:
		r.failure = says(core.ErrorProtocol, "the service answered with an error").About(core.SubjectAnswer)
	}
}

// judgeHeard notes that the service heard nothing of a message's sound, or did not say
// what, where the configuration reads it.
func (t *target) judgeHeard(out *core.Reply, isTold bool, m core.Message) {
	sounds := len(m.Of(core.Audio))
	switch {
	case t.plan.heard == nil || sounds == 0 || out.Heard != "":
	case !isTold:
		out.HeardMissing = true
	case sounds == len(m.Parts):
		out.Unheard = true
	}
}

// result returns the reply.
func (r *reply) result(began time.Time) core.Reply {
	out := core.Reply{Message: core.Message{Role: core.Assistant}, Finish: r.finish, Detail: r.detail, Heard: r.heard, Warnings: r.warnings}
	if len(r.text) > 0 {
		out.Message.Parts = append(out.Message.Parts, core.Part{Value: core.TextValue(string(r.text)), Transcript: len(r.sound) > 0})
	}
	if clip, err := r.target.config.Sound.decodeClip(r.sound); err == nil && len(clip.Samples) > 0 {
		out.Message.Parts = append(out.Message.Parts, core.Part{Value: core.WAVValue(audio.EncodeWAV(clip))})
	}
	if out.Finish == "" {
		out.Finish = core.FinishComplete
	}
	switch {
	case r.isCut:
		ending.Cut(&out)
	case r.isBroken && out.Finish == core.FinishComplete:
		out.Finish, out.Detail = core.FinishUnconfirmed, "a message of the service is not UTF-8, and may mean something else than can be read"
	}
	ending.Doubt(&out, "the service")
	since := func(at time.Time) time.Duration {
		if at.IsZero() {
			return 0
		}
		return max(0, at.Sub(began))
	}
	out.Timing = core.Timing{FirstEvent: since(r.first), FirstAudio: since(r.firstSound), LastAudio: since(r.lastSound), Total: time.Since(began)}
	if !r.over.IsZero() {
		out.Timing.Total = since(r.over)
	}
	return out
}

// ruleFor returns what the first rule that holds says of an event; "" where none does.
func (t *target) ruleFor(ctx context.Context, e event, values []any) (is, say string, err error) {
	for _, rule := range t.plan.rules {
		if len(rule.close) > 0 || rule.regex != nil && !rule.regex.Match(e.data) {
			continue
		}
		if rule.jq != nil {
			does, err := holds(ctx, rule.jq, e.json, values)
			if err != nil {
				return "", "", err
			}
			if !does {
				continue
			}
		}
		words, err := found(ctx, rule.say, e.json, values)
		if len(words) > 0 {
			say = phrase.ShortenBytes(fmt.Sprint(words[0]), maxWords)
		}
		return rule.is, say, err
	}
	return "", "", nil
}

// endsAtFirst reports whether nothing says where a reply ends, so that its first event is
// taken for all of it.
func (t *target) endsAtFirst() bool {
	return t.plan.end == nil && t.config.Reply.Quiet == 0 && !t.hasCompleteRule()
}

func (t *target) hasCompleteRule() bool {
	for _, rule := range t.plan.rules {
		if rule.is == "complete" {
			return true
		}
	}
	return false
}

// pieces returns the pieces of text in an event.
func (t *target) pieces(ctx context.Context, e event, values []any) ([]string, error) {
	var all []string
	switch {
	case t.plan.regex != nil:
		for _, m := range t.plan.regex.FindAllSubmatch(e.data, -1) {
			all = append(all, string(extract.Matched(m)))
		}
	case t.plan.text != nil:
		texts, err := outputs(ctx, t.plan.text, e.json, values)
		if err != nil {
			return nil, err
		}
		for _, v := range texts {
			text, ok := v.(string)
			if !ok {
				return nil, core.Errorf(core.ErrorProtocol, "reply.text gives %T, not a text", v).About(core.SubjectAnswer)
			}
			all = append(all, text)
		}
	case t.plan.audio == nil && !t.config.Sound.Binary:
		all = append(all, string(e.data))
	}
	return all, nil
}
