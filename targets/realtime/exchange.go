package realtime

import (
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// exchange is the state machine of a turn, and of the turns that are sent while
// its reply plays, one after the other. It decides what is to be sent, and
// [socket.run] sends it: an exchange does no input or output, has no lock and
// no clock, and is used by one goroutine at a time.
type exchange struct {
	shared
	// over are the messages that follow those of turns, each to be sent while
	// the reply to the one before plays.
	over []core.Message
	// callerLeaves is the deadline of the caller's context; zero for none.
	callerLeaves time.Time

	turns turns
	phase phase
	// until is when the phase ends at the latest; zero for no limit.
	until time.Time
	// finish is how the reply ended; set in phaseTranscripts.
	finish core.Finish

	// finished are the turns that were answered, in order.
	finished []finishedTurn
	// err is why the exchange ended before every turn was answered; nil if it
	// did not. broken is the part of a reply that had arrived by then; nil for
	// none.
	err    error
	broken *core.Reply
}

// phase is what the exchange does for its turn.
type phase int

const (
	// phaseReply: the message is being sent, or the reply is awaited.
	phaseReply phase = iota
	// phaseTranscripts: the reply is complete; input transcripts are awaited.
	phaseTranscripts
	// phaseRollBack: the turn has failed; the end of its response is awaited,
	// so that the turn's items can be deleted.
	phaseRollBack
	// phaseOver: the exchange has ended.
	phaseOver
)

// finishedTurn is a turn that was answered.
type finishedTurn struct {
	number  int
	message core.Message
	reply   core.Reply
}

// replyMargin is the part of the caller's time that is not used to wait for
// transcripts, so that a complete reply is returned in time.
const replyMargin = 500 * time.Millisecond

// newExchange returns the exchange of a turn. The other messages are sent while
// replies play, as long as that is possible.
func newExchange(t *turn, over []core.Message, callerLeaves time.Time) *exchange {
	x := &exchange{shared: t.shared, over: over, callerLeaves: callerLeaves}
	x.awaitTurn(t)
	return x
}

// awaitTurn makes t the turn whose reply is awaited.
func (x *exchange) awaitTurn(t *turn) {
	x.turns, x.phase = turns{current: t}, phaseReply
	t.leaves = x.callerLeaves
	if len(x.over) > 0 {
		t.over, x.over = &x.over[0], x.over[1:]
	}
}

// done reports whether the exchange has ended.
func (x *exchange) done() bool { return x.phase == phaseOver }

// on takes a server event, and returns the events to send. changed reports
// whether the results of done or due may have changed, other than to a later
// time.
func (x *exchange) on(e *serverEvent) (send []any, changed bool) {
	switch x.phase {
	case phaseReply, phaseRollBack:
		changed = x.turns.dispatch(e)
	case phaseTranscripts, phaseOver:
		changed = x.turns.onAfterwards(e)
	}
	if changed {
		send = x.proceed(e.came)
	}
	return send, changed
}

// tell takes a signal, and returns the events to send.
func (x *exchange) tell(sig signal, now time.Time) []any {
	switch sig.kind {
	case signalBegan:
		return append(x.turns.current.deliver(now), x.proceed(now)...)
	case signalSent:
		x.turns.onSent(now)
	case signalUnsent:
		x.onUnsent(sig)
	case signalBroken:
		if x.phase == phaseReply {
			x.turns.unanswered().fail(core.Errorf(core.ErrorProtocol, "waiting for the reply: %w", sig.err))
		}
	case signalLost:
		x.onLost(sig)
	case signalTime:
	}
	return x.proceed(now)
}

// onUnsent handles an event that could not be sent because the connection
// failed. The service may have received it.
func (x *exchange) onUnsent(sig signal) {
	x.terms.outOfSync = true
	_, truncates := sig.event.(itemTruncate)
	_, deletes := sig.event.(itemDelete)
	switch {
	case x.phase == phaseRollBack:
		x.end(x.err)
	case x.phase != phaseReply, truncates, deletes: // the event concerns a reply that is complete
	case x.turns.next != nil:
		x.turns.next.fail(x.turns.next.asNotAsked(sending(sig), sig.left))
	default:
		x.end(x.turns.current.asNotAsked(sending(sig), sig.left))
	}
}

// sending describes the step in which an event could not be sent.
func sending(sig signal) error {
	switch sig.event.(type) {
	case audioAppend:
		return fmt.Errorf("sending the audio of the turn: %w", sig.err)
	case responseCreate:
		return fmt.Errorf("asking for the reply: %w", sig.err)
	case responseCancel:
		return fmt.Errorf("cancelling the reply: %w", sig.err)
	}
	return fmt.Errorf("sending the turn: %w", sig.err)
}

// onLost handles the end of the connection or of the caller's context.
func (x *exchange) onLost(sig signal) {
	switch x.phase {
	case phaseTranscripts: // the reply is complete without transcripts
		x.turns.current.heard.giveUp(x.turns.current, sig.err)
	case phaseRollBack:
		x.end(x.err)
	case phaseReply:
		x.end(x.turns.current.asNotAsked(fmt.Errorf("waiting for the reply: %w", sig.err), sig.left))
	case phaseOver:
	}
}

// end ends the exchange in a session that may still answer the turn.
func (x *exchange) end(err error) {
	x.terms.outOfSync = true
	x.fail(err)
}

// fail ends the exchange with an error. The part of the reply that has arrived
// is kept as evidence.
func (x *exchange) fail(err error) {
	x.err, x.phase = err, phaseOver
	x.broken = x.turns.current.breakOff(err)
}

// proceed does what is due at a time, and returns the events to send.
func (x *exchange) proceed(now time.Time) (send []any) {
	for again := true; again; {
		var more []any
		switch x.phase {
		case phaseReply:
			more, again = x.awaitReply(now)
		case phaseTranscripts:
			more, again = x.awaitTranscripts(now)
		case phaseRollBack:
			more, again = x.awaitRollBack(now)
		case phaseOver:
			return send
		}
		send = append(send, more...)
	}
	return send
}

// awaitReply does what is due while a reply is awaited. again reports whether
// to call it again.
func (x *exchange) awaitReply(now time.Time) (send []any, again bool) {
	t := x.turns.current
	if t.failed == nil {
		send = x.act(now)
	}
	switch limit := t.deadline(); {
	case wasNotAsked(t.failed):
		x.end(t.failed)
	case t.failed != nil:
		return append(send, x.rollBack(now, t.failed)...), true
	case x.turns.complete():
		x.close(now)
	case t.abandoned(now):
		return append(send, x.abandon(now)...), true
	case t.mustStop(now):
		return append(send, x.stop(now)...), true
	case !limit.IsZero() && !now.Before(limit):
		return append(send, x.expire(now)...), true
	default:
		return send, false
	}
	return send, true
}

// act returns the events that are due: audio of this turn or of the one over
// its reply, response.create, the interruption, or response.cancel for a reply
// that is too long.
func (x *exchange) act(now time.Time) (send []any) {
	t := x.turns.current
	send = append(t.say(now), x.turns.interrupt(now)...)
	if x.turns.next != nil {
		send = append(send, x.turns.next.say(now)...)
	} else {
		send = append(send, t.proceedRemotely(now)...)
	}
	if a := &t.answer; a.reply.full != "" && a.cancel.why == "" && a.ended == nil {
		send = append(send, t.cancelReply(now, a.reply.full))
	}
	return send
}

// close handles the end of the response.
func (x *exchange) close(now time.Time) {
	t := x.turns.current
	finish, err := t.answer.outcome()
	if err != nil {
		t.fail(err)
		return
	}
	t.answer.timing.Total = t.since(now)
	x.phase, x.finish = phaseTranscripts, finish
	x.until = now.Add(x.config.Timeouts.Transcript.Std())
	if !x.callerLeaves.IsZero() {
		x.until = earliest(x.until, x.callerLeaves.Add(-replyMargin))
	}
}

// awaitTranscripts waits a moment for input transcripts that are missing when
// the reply is complete. A turn that has begun over the reply does not wait.
func (x *exchange) awaitTranscripts(now time.Time) (send []any, again bool) {
	t := x.turns.current
	if t.heard.waiting() && x.turns.next == nil {
		if now.Before(x.until) {
			return nil, false
		}
		t.heard.giveUp(t, fmt.Errorf("no transcript came within %s", x.config.Timeouts.Transcript))
	}
	reply, err := t.build(x.finish, t.answer.detail(x.finish))
	if err != nil {
		return x.rollBack(now, err), true
	}
	t.measure(&reply)
	if x.finish == core.FinishComplete {
		if doubt := t.doubt(reply.Message); doubt != "" {
			reply.Finish, reply.Detail = core.FinishUnconfirmed, doubt
		}
	}
	return x.conclude(reply), true
}

// abandon makes a reply of what arrived when the service never ended the
// response. The session is not used after that, unless the service reports that
// no response is active.
func (x *exchange) abandon(now time.Time) (send []any) {
	t := x.turns.current
	t.answer.timing.Total = t.since(now)
	idle := t.answer.cancel.idle
	x.terms.outOfSync = x.terms.outOfSync || !idle
	reply, err := t.build(t.answer.unended())
	switch {
	case err == nil:
		return x.conclude(reply)
	case !idle:
		x.end(err)
		return nil
	}
	return x.removeTurn(err)
}

// conclude keeps the reply, tells the service how much of it was played, and
// goes on with the turn that has begun over it, if there is one.
func (x *exchange) conclude(reply core.Reply) (send []any) {
	t := x.turns.current
	if t.answer.playback.cut && !x.terms.outOfSync {
		send = t.truncate()
	}
	t.rememberRemote()
	x.finished = append(x.finished, finishedTurn{number: t.number, message: t.message, reply: reply})
	if x.turns.next == nil {
		x.phase = phaseOver
	} else {
		t.answer.reply.release()
		x.awaitTurn(x.turns.next)
	}
	return send
}
