package realtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// hold carries a turn through to its reply; over is the message that is to be
// said over that, or nil. A turn that fails is taken back, unless nothing can be
// sent any more.
func (t *turn) hold(ctx context.Context, over *core.Message) (core.Reply, error) {
	t.over = over
	t.c.socket.handle = t.handle
	defer t.reply.release()
	for {
		lost, err := t.step(ctx)
		switch {
		case lost:
			t.c.unsure = true
			return core.Reply{}, t.untried(ctx, fmt.Errorf("waiting for the reply: %w", err))
		case wasNotAsked(err):
			t.c.unsure = true
			return core.Reply{}, err
		case err != nil:
			t.takeBack(ctx, t.ended != nil)
			return core.Reply{}, err
		case t.complete():
			return t.finish(ctx, t.ended)
		case t.abandoned(time.Now()):
			return t.unfinished(ctx)
		}
	}
}

// step does what is due and waits until there is more to be done. lost says
// that no more events will come.
func (t *turn) step(ctx context.Context) (lost bool, err error) {
	if t.failed == nil {
		err = t.act(ctx, time.Now())
	}
	switch { // the service may have said something while something was sent
	case t.failed != nil:
		return false, t.failed
	case err != nil || t.complete():
		return false, err
	}
	t.until = earliest(t.deadline(), t.due())
	err = t.c.socket.wait(ctx, t.until)
	switch {
	case err == nil:
		return false, t.failed
	case !errors.Is(err, errExpired):
		return true, err
	}
	if limit := t.deadline(); limit.IsZero() || time.Now().Before(limit) {
		return false, nil // something else is due, or the service has gone on
	}
	return false, t.expire(ctx)
}

// act does what is due at a time: the next piece of speech, of this turn or of
// the one that is said over its reply, the asking, the interruption, the end of
// a reply that is too long.
func (t *turn) act(ctx context.Context, now time.Time) error {
	if err := t.say(ctx, now); err != nil {
		return err
	}
	if err := t.interrupt(ctx, now); err != nil {
		return err
	}
	if t.next != nil && t.next.failed == nil {
		t.next.fail(t.next.say(ctx, now))
	}
	if t.reply.full != "" && t.giveUp == "" && t.ended == nil {
		return t.cancel(ctx, t.reply.full)
	}
	return nil
}

// say sends the speech that is due, and asks for the reply when all is said.
func (t *turn) say(ctx context.Context, now time.Time) error {
	if err := t.speak(ctx, now); err != nil {
		return err
	}
	return t.askOnce(ctx)
}

// fail notes what went wrong with the turn, for when it is held.
func (t *turn) fail(err error) {
	if t.failed == nil {
		t.failed = err
	}
}

// due is when the next thing has to be done; zero where nothing has.
func (t *turn) due() time.Time {
	due := earliest(t.spoken.due(), t.dueInterruption())
	if t.next != nil && t.next.failed == nil {
		due = earliest(due, t.next.spoken.due())
	}
	return due
}

// complete reports whether the reply is whole, and nothing more is to be done
// about it.
func (t *turn) complete() bool {
	return t.ended != nil && t.spoken.answered() && t.interrupted()
}

// handle looks at one event, while the turn waits or sends.
func (t *turn) handle(e *serverEvent, err error) (wake bool) {
	switch {
	case t.closed:
		return err == nil && t.takeAfterwards(e)
	case err == nil:
		return t.take(e)
	case !t.complete(): // or else the reply is there, whatever comes after it
		t.blamed().fail(core.Errorf(core.ErrorProtocol, "waiting for the reply: %w", err))
	}
	return true
}

// urgent reports whether something is to be done about what was noted, or
// sooner than was thought when the turn began to wait. Only a message that is
// spoken, and one that is to be said over the reply, have more to be done than
// to ask, which askAtOnce has seen to.
func (t *turn) urgent() bool {
	if t.failed != nil || t.spoken != nil || t.over != nil {
		return true
	}
	until := t.deadline()
	return !until.IsZero() && (t.until.IsZero() || until.Before(t.until))
}

// deadline is when the turn stops waiting for the next event; zero where it
// only waits for something that is due.
func (t *turn) deadline() time.Time {
	timeouts := t.c.config.Timeouts
	switch {
	case t.giveUp != "" && t.ended == nil:
		return t.cancelBy
	case t.spoken.speaking(), t.ended != nil && t.spoken.answered():
		return time.Time{}
	case t.ended != nil: // a part of the turn was answered, and its end not yet
		return latest(t.last, t.asked).Add(timeouts.FirstEvent.Std())
	case t.asked.IsZero():
		return t.sent.Add(timeouts.Session.Std())
	}
	end := t.asked.Add(timeouts.Turn.Std())
	switch {
	case t.response == "":
		return earliest(end, t.asked.Add(timeouts.FirstEvent.Std()))
	case t.reply.begun():
		return earliest(end, t.last.Add(timeouts.Quiet.Std()))
	}
	return end
}

// earliest returns the earlier of two times; zero is none.
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

// expire is called when the deadline has passed. A reply that never began is
// an error; one that did is cancelled, and the service has a moment to say so.
func (t *turn) expire(ctx context.Context) error {
	timeouts := t.c.config.Timeouts
	switch {
	case t.ended != nil: // it may still come, and must not be taken for the answer to the next turn
		t.partial, t.c.unsure = true, true
		t.spoken.settle()
		return nil
	case t.giveUp != "":
		return nil // abandoned
	case t.asked.IsZero(): // the connection has died without a word
		return t.untried(ctx, t.timeout("the service did not confirm the message within %s", timeouts.Session))
	case t.response == "":
		return t.timeout("no sign of a reply within %s", min(timeouts.FirstEvent, timeouts.Turn))
	case time.Since(t.asked) >= timeouts.Turn.Std():
		return t.cancel(ctx, fmt.Sprintf("the reply was not complete within %s", timeouts.Turn))
	}
	return t.cancel(ctx, fmt.Sprintf("nothing came for %s, and no response.done", timeouts.Quiet))
}

// abandoned reports whether the service did not even end the reply when it was
// cancelled, or knows of none.
func (t *turn) abandoned(now time.Time) bool {
	return t.giveUp != "" && t.ended == nil && (t.idle || !now.Before(t.cancelBy))
}

// cancel asks the service to end the reply.
func (t *turn) cancel(ctx context.Context, why string) error {
	t.giveUp, t.cancelID = why, t.c.nextID("ev")
	t.cancelBy = time.Now().Add(t.c.config.Timeouts.Cancel.Std())
	event := responseCancel{Type: "response.cancel", EventID: t.cancelID, ResponseID: t.response}
	if err := t.c.socket.send(ctx, event); err != nil {
		return fmt.Errorf("cancelling the reply: %w", err)
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
