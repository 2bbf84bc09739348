package realtime

import (
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// deadline is when the turn stops waiting for the next event; zero where it has
// no deadline of its own and waits for due.
func (t *turn) deadline() time.Time {
	timeouts, a := &t.config.Timeouts, &t.answer
	switch {
	case t.out.sent.IsZero():
		return time.Time{}
	case a.cancel.why != "" && a.ended == nil:
		return a.cancel.until
	case t.isUnanswered():
		return t.remoteDeadline()
	case t.out.speech.speaking(), a.ended != nil && t.out.speech.answered():
		return time.Time{}
	case a.ended != nil: // a part of the turn was answered; the response to its end is not there yet
		return latest(a.last, t.out.asked).Add(timeouts.FirstEvent.Std())
	case t.out.asked.IsZero() && t.out.complete(t.ledger.acknowledges): // approved calls run
		return t.remoteDeadline()
	case t.out.asked.IsZero():
		return earliest(t.out.sent.Add(timeouts.Session.Std()), t.givenUp())
	}
	end := t.out.asked.Add(timeouts.Turn.Std())
	switch {
	case a.response == "":
		return earliest(earliest(end, t.out.asked.Add(timeouts.FirstEvent.Std())), t.givenUp())
	case a.reply.begun():
		return earliest(end, a.last.Add(timeouts.Quiet.Std()))
	}
	return end
}

// givenUp is when an error event that names nothing is taken for the answer to the
// turn, since no reply has begun; zero where there was none.
func (t *turn) givenUp() time.Time {
	if t.refusal == nil {
		return time.Time{}
	}
	return t.refusedAt.Add(t.config.Timeouts.Cancel.Std())
}

// stops is when the turn stops waiting so that what has arrived reaches its caller in
// time; zero for never. The caller's deadline would end everything at once.
func (t *turn) stops() time.Time {
	if t.leaves.IsZero() {
		return time.Time{}
	}
	return t.leaves.Add(-min(t.config.Timeouts.Cancel.Std()+replyMargin, t.leaves.Sub(t.started)/4))
}

// mustStop reports whether the turn, which is not over, has to stop now.
func (t *turn) mustStop(now time.Time) bool {
	stops := t.stops()
	return !stops.IsZero() && !now.Before(stops) && t.answer.cancel.why == ""
}

// stop ends a turn whose caller is about to leave, and says what it waited for. A
// reply that has begun is cancelled.
func (x *exchange) stop(now time.Time) (send []any) {
	t := x.turns.current
	within := t.since(now).Round(time.Millisecond)
	switch {
	case t.isUnanswered():
		t.giveUpRemotely(within)
	case t.answer.ended != nil: // a response may still come
		t.answer.partial, x.terms.outOfSync = true, true
		t.out.speech.settle()
		t.over = nil
	case t.answer.response != "":
		return []any{t.cancelReply(now, fmt.Sprintf("the reply was not complete within %s, in which limits.timeout ends", within))}
	case t.out.sent.IsZero():
		x.end(t.timeout("the turn was not sent within %s, in which limits.timeout ends", within))
	case t.out.asked.IsZero() && t.out.complete(t.ledger.acknowledges):
		x.end(t.timeout("the service did not end the call that was approved within %s, in which limits.timeout ends", within))
	case t.out.asked.IsZero() && t.out.speech != nil:
		x.end(t.timeout("the service did not say that the turn is over within %s, in which limits.timeout ends", within))
	case t.out.asked.IsZero():
		x.end(t.timeout("the service did not confirm the message within %s, in which limits.timeout ends", within))
	default:
		x.end(t.timeout("no sign of a reply within %s, in which limits.timeout ends", within))
	}
	return nil
}

func (t *turn) timeout(format string, args ...any) error {
	err := core.Errorf(core.ErrorTimeout, format, args...)
	if t.objection != "" {
		return err.WithHint("the service objected: %s", t.objection)
	}
	return err
}

// due is when proceed has to be called even if no event arrives; zero for
// never. Until a reply has begun, it is no later than the deadline for its
// beginning, so that the beginning of a reply does not change it.
func (x *exchange) due(now time.Time) time.Time {
	switch x.phase {
	case phaseTranscripts, phaseRollBack:
		return x.until
	case phaseOver:
		return time.Time{}
	case phaseReply:
	}
	t := x.turns.current
	due := earliest(earliest(t.deadline(), t.out.speech.due()), x.turns.dueInterruption())
	if t.answer.cancel.why == "" {
		due = earliest(due, t.stops())
	}
	if t.out.asked.IsZero() || t.isUnanswered() && t.remote.continued.IsZero() {
		due = earliest(due, t.remote.due())
	}
	if x.turns.next != nil && x.turns.next.failed == nil {
		due = earliest(due, x.turns.next.out.speech.due())
	}
	if !t.out.asked.IsZero() && !t.answer.reply.begun() {
		due = earliest(due, now.Add(x.config.Timeouts.Quiet.Std()))
	}
	return due
}

// earliest returns the earlier of two times. Zero means no time.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// expire is called when the turn's deadline has passed. A reply that never
// began is an error; one that did is cancelled, and the service has a moment to
// confirm.
func (x *exchange) expire(now time.Time) (send []any) {
	t, timeouts := x.turns.current, &x.config.Timeouts
	switch {
	case t.isUnanswered():
		t.giveUpRemotely(t.since(now).Round(time.Millisecond))
	case t.answer.ended != nil: // a response may still come, and must not be taken for the answer to the next turn
		t.answer.partial, x.terms.outOfSync = true, true
		t.out.speech.settle()
	case t.refusal != nil && t.answer.response == "" && !now.Before(t.givenUp()):
		t.fail(t.refusal)
	case t.out.asked.IsZero() && t.out.complete(t.ledger.acknowledges):
		t.fail(t.timeout("the service did not end the call that was approved within %s", timeouts.Turn))
	case t.out.asked.IsZero(): // the connection was lost without a close frame
		t.fail(t.asNotAsked(t.timeout("the service did not confirm the message within %s", timeouts.Session), false))
	case t.answer.response == "":
		t.fail(t.timeout("no sign of a reply within %s", min(timeouts.FirstEvent, timeouts.Turn)))
	case now.Sub(t.out.asked) >= timeouts.Turn.Std():
		send = append(send, t.cancelReply(now, fmt.Sprintf("the reply was not complete within %s", timeouts.Turn)))
	default:
		send = append(send, t.cancelReply(now, fmt.Sprintf("no event for %s (timeouts.quiet), and no response.done", timeouts.Quiet)))
	}
	return send
}
