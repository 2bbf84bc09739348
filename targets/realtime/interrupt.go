package realtime

import (
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// playback is how much of a reply has been played. A reply counts as playing
// from its first audio on, without a break, as far as it has arrived.
type playback struct {
	began time.Time // zero before the first audio
	// cut says that the reply was interrupted, after that much had played.
	cut    bool
	played time.Duration
}

// start sets the beginning of playback.
func (p *playback) start(now time.Time) {
	if p.began.IsZero() {
		p.began = now
	}
}

// delivered is how much of the reply had played when it was interrupted; for
// any other reply, a value larger than its length.
func (p *playback) delivered() time.Duration {
	if p.cut {
		return p.played
	}
	return forever
}

// forever is longer than the length of any reply.
const forever = time.Duration(1<<63 - 1)

// length is the length of the reply that has arrived. Text has length 0, so
// that only its end can come before an interruption.
func (t *turn) length() time.Duration {
	switch {
	case t.config.Output != "text":
		return t.terms.output.duration(t.answer.reply.audioBytes())
	case t.answer.ended != nil:
		return 0
	}
	return forever
}

// read reports whether the reply is text and complete, so that it cannot be
// interrupted any more.
func (t *turn) read() bool { return t.config.Output == "text" && t.answer.ended != nil }

// spokenOver records that the reply stops playing.
func (t *turn) spokenOver(now time.Time) {
	p := &t.answer.playback
	if p.cut || t.over == nil || t.read() {
		return
	}
	p.cut = true
	if !p.began.IsZero() {
		p.played = max(0, min(now.Sub(p.began), t.length()))
	}
}

// dueInterruption is when to interrupt the reply, or when it has played to its
// end; zero where nothing is to be done, or the time is not known yet.
func (ts *turns) dueInterruption() time.Time {
	t := ts.current
	p := &t.answer.playback
	if t.over == nil || p.cut || ts.next != nil || p.began.IsZero() || !t.out.speech.answered() {
		return time.Time{}
	}
	switch length := t.length(); {
	case length >= t.over.Delivery.InterruptAfter:
		return p.began.Add(t.over.Delivery.InterruptAfter)
	case t.answer.ended != nil:
		return p.began.Add(length)
	}
	return time.Time{}
}

// interrupt starts the next turn over the reply when that is due. A service
// that detects speech is only sent audio; to any other, response.cancel is
// sent.
func (ts *turns) interrupt(now time.Time) []any {
	due := ts.dueInterruption()
	if due.IsZero() || due.After(now) {
		return nil
	}
	t := ts.current
	switch {
	case t.length() < t.over.Delivery.InterruptAfter:
		t.warn(fmt.Sprintf("the reply was over before %s of it could play, so that it was not spoken over", t.over.Delivery.InterruptAfter))
		t.over = nil
		return nil
	case ts.current.config.speaksOver(*t.over):
		next, err := ts.current.newTurn(*t.over)
		if err != nil { // the same error occurs when the turn is sent by itself
			t.over = nil
			return nil
		}
		ts.next = next
		return next.deliver(now)
	}
	t.spokenOver(now)
	if t.answer.ended == nil {
		return []any{t.cancelReply(now, "spoken over")}
	}
	return nil
}

// interrupted reports whether the interruption is complete.
func (ts *turns) interrupted() bool {
	t := ts.current
	switch {
	case t.over == nil, t.answer.playback.cut, t.read():
		return true
	case ts.next != nil: // the service has not detected the speech yet; after its end it no longer will
		return ts.next.failed != nil || ts.next.out.speech.heardOut()
	}
	return t.answer.playback.began.IsZero() // there is no reply to interrupt
}

// speaksOver reports whether the message is sent as speech while the reply
// plays, because the service detects interruptions itself.
func (c *Config) speaksOver(m core.Message) bool {
	d := &c.TurnDetection
	return m.Delivery.Stream && d.on() && d.InterruptResponse && m.Delivery.SystemPrompt == nil && len(m.Of(core.Audio)) > 0
}

// truncate returns the conversation.item.truncate event that tells the service
// how much of its reply was played.
func (t *turn) truncate() (send []any) {
	left, told := t.answer.playback.played, ""
	for _, p := range t.answer.reply.pieces {
		if len(p.audio) == 0 || p.itemID == told {
			continue
		}
		length := t.terms.output.duration(len(p.audio))
		switch {
		case left >= length:
			left -= length
		case left > 0:
			send = append(send, itemTruncate{
				Type: "conversation.item.truncate", EventID: t.ledger.nextID(afterwards),
				ItemID: p.itemID, ContentIndex: p.index, AudioEndMS: left.Milliseconds(),
			})
			left, told = 0, p.itemID
		default:
			send = append(send, itemDelete{Type: "conversation.item.delete", EventID: t.ledger.nextID(afterwards), ItemID: p.itemID})
			told = p.itemID
		}
	}
	return send
}
