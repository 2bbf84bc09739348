package realtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// notAsked is why a turn ended before the service was asked to answer it, so
// that it can be held again without anything being done twice.
type notAsked struct{ error }

func (e notAsked) Unwrap() error { return e.error }

// wasNotAsked reports whether an error leaves it to the caller to try again.
func wasNotAsked(err error) bool {
	_, ok := errors.AsType[notAsked](err)
	return ok
}

// turn is one message on its way and the reply to it.
type turn struct {
	c       *conversation
	message core.Message
	number  int // counts the conversation's turns from 1
	// id travels in the response's metadata, so that the reply is told from
	// what is left of others.
	id     string
	before int   // the last id that was given out before this turn
	events []any // what says the message, before the response is asked for
	// spoken is what is streamed after the events; nil where nothing is.
	spoken *speech
	// outOfBand is what the answer to a message that leaves no trace is to be
	// about; nil for any other.
	outOfBand []inputItem

	// buffered says that the message goes through the input buffer.
	buffered bool

	items       []string // ids of what was said, as far as they are known
	unconfirmed []string // those that the service has yet to confirm
	// failed is what went wrong while the turn before was still being held.
	failed error

	started time.Time // when the message began to be sent, or had been spoken
	sent    time.Time // when all of it was sent
	asked   time.Time // when the service had to begin to answer; zero before
	connect time.Duration
	limits  []core.RateLimit

	answer
	interruption

	// onlySpoken says that the message is nothing but audio.
	onlySpoken bool
	unheard    []string // ids of items with audio, whose transcripts are still to come
	heard      []string // what the service transcribed of the message's audio
	warnings   []string
	// objection is the last error event that did not end the turn, and that
	// may be about it.
	objection string
}

// answer is a response of the service to a turn, as far as it has come. A
// service that detects turns may begin to answer in the middle of one, and again
// at its end: then there is another.
type answer struct {
	response string // id of the response, once the service has named it
	reply    reply
	// ended is the response when it is over, though the turn may go on.
	ended *responseBody
	// partial says that only a part of the turn was answered.
	partial bool

	last    time.Time // when the last event of the response came
	playing time.Time // when the reply began to play
	timing  core.Timing

	// giveUp says why the reply was cancelled; "" while it was not.
	giveUp   string
	cancelBy time.Time // when to stop waiting for the cancellation
	cancelID string    // id of the response.cancel event
	// idle says that the service had nothing to cancel.
	idle bool
	// cut says that the reply was spoken over, when that much had played.
	cut    bool
	played time.Duration
}

// newTurn encodes a message for the present session.
func (c *conversation) newTurn(m core.Message) (*turn, error) {
	before := c.ids
	e := c.encoder()
	events, speech, err := e.message(m, m.Delivery.Stream)
	if err != nil {
		return nil, err
	}
	c.turns++
	t := &turn{c: c, message: m, number: c.turns, id: "turn-" + strconv.Itoa(c.turns), before: before, events: events}
	t.reply.limit = c.config.MaxReplyBytes
	t.onlySpoken = !slices.ContainsFunc(m.Parts, func(p core.Part) bool { return p.Modality != core.Audio })
	if speech != nil {
		t.spoken = newSpeech(speech, c.input)
	}
	t.warnings = e.warnings
	t.buffered = t.spoken != nil || slices.ContainsFunc(events, func(event any) bool { _, ok := event.(audioAppend); return ok })
	if m.Delivery.OutOfBand {
		return t, t.leaveNoTrace()
	}
	t.items = itemIDs(events)
	t.unconfirmed = slices.Clone(t.items)
	if c.transcribes {
		t.unheard = spokenIDs(events)
	}
	return t, nil
}

// leaveNoTrace makes the message the end of what an out-of-band response
// answers, which begins with the conversation so far.
func (t *turn) leaveNoTrace() error {
	if t.spoken != nil {
		return core.Errorf(core.KindUnsupported, "a message that leaves no trace cannot be streamed")
	}
	if gap := t.c.memory.gap; gap != "" {
		t.warn("what is asked aside is answered without the whole conversation: " + gap)
	}
	e := t.c.encoder()
	for _, m := range t.c.memory.messages {
		items, err := e.history(m)
		if err != nil {
			return fmt.Errorf("what was said before: %w", err)
		}
		for _, item := range items {
			t.outOfBand = append(t.outOfBand, item.Item)
		}
	}
	for _, event := range t.events {
		create, ok := event.(itemCreate)
		if !ok {
			return core.Errorf(core.KindInput, "a message that leaves no trace has at most %d bytes of audio", maxItemAudio)
		}
		t.outOfBand = append(t.outOfBand, create.Item)
	}
	for i := range t.outOfBand {
		t.outOfBand[i].ID = "" // they are nobody's items
	}
	t.events = nil
	return nil
}

// deliver sends the message, and asks for the reply unless the service has to
// confirm the message first.
func (t *turn) deliver(ctx context.Context) error {
	c := t.c
	c.used = true
	t.connect, c.connected = c.connected, 0
	t.started = time.Now()
	for _, event := range t.events {
		if err := c.socket.send(ctx, event); err != nil {
			c.unsure = true
			return t.untried(ctx, fmt.Errorf("sending the turn: %w", err))
		}
	}
	t.events = nil
	t.sent = time.Now()
	if t.spoken != nil {
		t.spoken.started = t.sent
	}
	return t.askOnce(ctx)
}

// untried marks an error of the connection that came before the service was
// asked. Where the caller has gone there is nothing to try again.
func (t *turn) untried(ctx context.Context, err error) error {
	if ctx.Err() != nil || !t.asked.IsZero() || t.spoken.begun() || !retryable(err) {
		return err
	}
	return notAsked{err}
}

// askOnce asks for the reply when the message is complete and, by a service
// that confirms messages, confirmed: what it has refused must not be answered,
// and on a connection that has died unseen nothing is asked.
func (t *turn) askOnce(ctx context.Context) error {
	if !t.asked.IsZero() || t.c.acknowledges && len(t.unconfirmed) > 0 || t.spoken != nil && !t.spoken.heardOut() {
		return nil
	}
	if t.c.socket.over() {
		t.c.unsure = true
		return t.untried(ctx, t.c.socket.lost())
	}
	t.asked = time.Now()
	if t.spoken != nil && t.c.config.TurnDetection.on() && t.c.config.TurnDetection.CreateResponse {
		return nil // the service asks itself
	}
	params := responseParams{Metadata: map[string]string{"turn": t.id}}
	if t.outOfBand != nil {
		params.Conversation, params.Input = "none", t.outOfBand
	}
	event := responseCreate{Type: "response.create", EventID: t.c.nextID("ev"), Response: params}
	if err := t.c.socket.send(ctx, event); err != nil {
		t.c.unsure = true // it may have arrived all the same
		return fmt.Errorf("asking for the reply: %w", err)
	}
	return nil
}

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
			return t.finish(ctx, *t.ended)
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
	limit := t.deadline()
	err = t.c.socket.wait(ctx, earliest(limit, t.due()))
	switch {
	case err == nil:
		return false, t.failed
	case !errors.Is(err, errExpired):
		return true, err
	}
	if limit = t.deadline(); limit.IsZero() || time.Now().Before(limit) {
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

// fail notes what went wrong with the turn while the one before is still being
// held, whose reply has nothing to do with it.
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
func (t *turn) handle(e serverEvent, err error) (wake bool) {
	if err == nil {
		return t.take(e)
	}
	if !t.complete() { // or else the reply is there, whatever comes after it
		t.fail(core.Errorf(core.KindProtocol, "waiting for the reply: %w", err))
	}
	return true
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
	err := core.Errorf(core.KindTimeout, format, args...)
	if t.objection != "" {
		return err.WithHint("the service objected: %s", t.objection)
	}
	return err
}

// maxWarnings bounds what is noted about one turn.
const maxWarnings = 20

func (t *turn) warn(text string) {
	if len(t.warnings) < maxWarnings && !slices.Contains(t.warnings, text) {
		t.warnings = append(t.warnings, text)
	}
}

// warn notes something for the reply of the next turn.
func (c *conversation) warn(texts ...string) {
	for _, text := range texts {
		if len(c.warnings) < maxWarnings && !slices.Contains(c.warnings, text) {
			c.warnings = append(c.warnings, text)
		}
	}
}
