package realtime

import (
	"context"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// interruption is what is to be said over a reply. The reply counts as playing
// from its first audio on, without a break, as far as it has come.
type interruption struct {
	// over is the message; nil if the reply is to be heard to its end.
	over *core.Message
	// next is the turn of the message once that is being said, over a reply
	// that is still playing.
	next *turn
}

// forever is longer than any reply.
const forever = time.Duration(1<<63 - 1)

// length is how much of the reply there is to play so far. What is written
// takes no time to read, so that only its end can come before an interruption.
func (t *turn) length() time.Duration {
	if t.c.config.Output == "text" {
		if t.ended != nil {
			return 0
		}
		return forever
	}
	return t.c.output.duration(t.reply.audioBytes())
}

// dueInterruption is when to speak over the reply, or when it has played to
// its end; zero where nothing is to be done, or the time is not known yet.
func (t *turn) dueInterruption() time.Time {
	if t.over == nil || t.cut || t.next != nil || t.playing.IsZero() || !t.spoken.answered() {
		return time.Time{}
	}
	switch length := t.length(); {
	case length >= t.over.Delivery.InterruptAfter:
		return t.playing.Add(t.over.Delivery.InterruptAfter)
	case t.ended != nil:
		return t.playing.Add(length)
	}
	return time.Time{}
}

// interrupt speaks over the reply when that is due. A service that notices it
// by itself is simply spoken to; any other is told to stop.
func (t *turn) interrupt(ctx context.Context, now time.Time) error {
	due := t.dueInterruption()
	if due.IsZero() || due.After(now) {
		return nil
	}
	if t.length() < t.over.Delivery.InterruptAfter {
		t.warn(fmt.Sprintf("the reply was over before %s of it could play, so that it was not spoken over", t.over.Delivery.InterruptAfter))
		t.over = nil
		return nil
	}
	if t.c.speaksOver(*t.over) {
		next, err := t.c.newTurn(*t.over)
		if err != nil { // which it is when the turn is held by itself, too
			t.over = nil
			return nil //nolint:nilerr // it is not this turn's
		}
		t.next = next
		next.fail(next.deliver(ctx))
		return nil
	}
	t.spokenOver(now)
	if t.ended == nil {
		return t.cancel(ctx, "spoken over")
	}
	return nil
}

// read reports whether the reply is written and whole: there is nothing left to
// be spoken over.
func (t *turn) read() bool { return t.c.config.Output == "text" && t.ended != nil }

// spokenOver notes that the reply plays no further.
func (t *turn) spokenOver(now time.Time) {
	if t.cut || t.over == nil || t.read() {
		return
	}
	t.cut = true
	if !t.playing.IsZero() {
		t.played = max(0, min(now.Sub(t.playing), t.length()))
	}
}

// interrupted reports whether all is done that was to interrupt the reply.
func (t *turn) interrupted() bool {
	switch {
	case t.over == nil, t.cut, t.read():
		return true
	case t.next != nil: // the service has yet to notice; at the end of the speech it will not any more
		return t.next.failed != nil || t.next.spoken.heardOut()
	}
	return t.playing.IsZero() // there is nothing to speak over
}

// truncate tells the service how much of its reply was heard: it forgets what
// nobody heard.
func (t *turn) truncate(ctx context.Context) error {
	left, told := t.played, ""
	for _, p := range t.reply.pieces {
		if len(p.audio) == 0 || p.itemID == told {
			continue
		}
		length := t.c.output.duration(len(p.audio))
		var event any
		switch {
		case left >= length:
			left -= length
			continue
		case left > 0:
			event = itemTruncate{
				Type: "conversation.item.truncate", EventID: t.c.nextID(afterwards),
				ItemID: p.itemID, ContentIndex: p.index, AudioEndMS: left.Milliseconds(),
			}
			left, told = 0, p.itemID
		default:
			told = p.itemID
			event = itemDelete{Type: "conversation.item.delete", EventID: t.c.nextID(afterwards), ItemID: p.itemID}
		}
		if err := t.c.socket.send(ctx, event); err != nil {
			return fmt.Errorf("telling how much of the reply was heard: %w", err)
		}
	}
	return nil
}
