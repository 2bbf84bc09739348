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
	// failed is what went wrong, noted while the turn waited, or while the one
	// before was still being held.
	failed error
	// closed says that the reply is being made: what comes now is about
	// something else.
	closed bool

	started time.Time // when the message began to be sent, or had been spoken
	sent    time.Time // when all of it was sent
	asked   time.Time // when the service had to begin to answer; zero before
	until   time.Time // when to stop waiting for events; zero for never
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
		return core.Errorf(core.ErrorUnsupported, "a message that leaves no trace cannot be streamed")
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
			return core.Errorf(core.ErrorInput, "a message that leaves no trace has at most %d bytes of audio", maxItemAudio)
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

// toBeAsked reports whether the reply is to be asked for now: when the message
// is complete and, by a service that confirms messages, confirmed. What it has
// refused must not be answered.
func (t *turn) toBeAsked() bool {
	return t.failed == nil && t.asked.IsZero() && (!t.c.acknowledges || len(t.unconfirmed) == 0) && (t.spoken == nil || t.spoken.heardOut())
}

// askOnce asks for the reply when that is to be done. On a connection that has
// died unseen nothing is asked.
func (t *turn) askOnce(ctx context.Context) error {
	if !t.toBeAsked() {
		return nil
	}
	if t.c.socket.over() {
		t.c.unsure = true
		return t.untried(ctx, t.c.socket.lost())
	}
	t.asked = time.Now()
	if t.spoken != nil && t.c.config.TurnDetection.answers() {
		return nil // the service asks itself
	}
	if err := t.c.socket.send(ctx, t.question()); err != nil {
		t.c.unsure = true // it may have arrived all the same
		return fmt.Errorf("asking for the reply: %w", err)
	}
	return nil
}

// askAtOnce is askOnce for when the service has just confirmed the message: it
// leaves the asking to whoever read that, for which nobody has to be woken.
// While the message is still being sent, deliver is about to ask.
func (t *turn) askAtOnce() {
	if t.sent.IsZero() || t.spoken != nil || !t.toBeAsked() {
		return
	}
	t.asked = time.Now()
	t.fail(t.c.socket.answer(t.question()))
}

// question is the event that asks for the reply.
func (t *turn) question() responseCreate {
	params := responseParams{Metadata: label{t.id}}
	if t.outOfBand != nil {
		params.Conversation, params.Input = "none", t.outOfBand
	}
	return responseCreate{Type: "response.create", EventID: t.c.nextID("ev"), Response: params}
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
