package realtime

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// notAsked is why a turn ended before the service was asked to answer it, so
// that it can be run again without anything being done twice.
type notAsked struct{ error }

func (e notAsked) Unwrap() error { return e.error }

// wasNotAsked reports whether an error leaves it to the caller to try again.
func wasNotAsked(err error) bool {
	_, ok := errors.AsType[notAsked](err)
	return ok
}

// shared is what the turns of a conversation have in common. While an exchange
// is under way, it is the exchange's alone.
type shared struct {
	config *Config
	terms  *terms
	ledger *ledger
	audio  *bufferPool // for the raw audio of replies
}

// terms are what was agreed in a session, and what the service has shown in it.
type terms struct {
	input, output format
	// transcribes says that the service tells what it hears.
	transcribes bool
	// labels says that the service gives a response's metadata back.
	labels bool
	// outOfSync says that a turn was given up, and that the service may still
	// answer it: the answer to the next could be taken for that of another.
	outOfSync bool
}

// ledger is what a conversation counts, and what it has learned of its service.
type ledger struct {
	ids   int // that were given out
	turns int // that were begun
	// acknowledges says that the service confirms the items that it is sent.
	acknowledges bool
	// replayed says that the service had lost the conversation once.
	replayed bool
	// warnings wait for the reply of the next turn.
	warnings []string
	// unknownTypes are the types of events that were remarked upon.
	unknownTypes map[string]bool
}

// nextID returns an id that no other event or item of the conversation has. It
// is short: the protocol allows 32 characters.
func (l *ledger) nextID(prefix string) string {
	l.ids++
	return prefix + "_" + strconv.Itoa(l.ids)
}

// warn notes something for the reply of the next turn.
func (l *ledger) warn(texts ...string) {
	for _, text := range texts {
		if len(l.warnings) < maxWarnings && !slices.Contains(l.warnings, text) {
			l.warnings = append(l.warnings, text)
		}
	}
}

func (s shared) encoder() *encoder {
	return &encoder{input: s.terms.input, nextID: s.ledger.nextID, detects: s.config.TurnDetection.on()}
}

// turn is one message on its way and the reply to it. Like the exchange that it
// is part of, it does nothing but decide.
type turn struct {
	shared
	message core.Message
	number  int // counts the conversation's turns from 1
	// id travels in the response's metadata, so that the reply is told from
	// what is left of others.
	id      string
	before  int           // the last id that was given out before this turn
	started time.Time     // when the message began to be sent, or had been spoken
	connect time.Duration // how long the connection took that the turn is the first on

	out    outgoing
	answer answer
	heard  transcripts
	// over is the message that is to be said over the reply; nil if the reply is
	// to be heard to its end.
	over *core.Message

	// failed is what went wrong; nil while nothing has.
	failed error
	limits []core.RateLimit
	// onlySpoken says that the message is nothing but audio.
	onlySpoken bool
	warnings   []string
	// objection is the last error event that did not end the turn, and that
	// may be about it.
	objection string
}

// newTurn encodes a message for the present session.
func (s shared) newTurn(m core.Message) (*turn, error) {
	before := s.ledger.ids
	e := s.encoder()
	events, raw, err := e.message(m, m.Delivery.Stream)
	switch {
	case err != nil:
		return nil, err
	case raw != nil && m.Delivery.OutOfBand:
		return nil, core.Errorf(core.ErrorUnsupported, "an out-of-band message cannot be streamed")
	}
	s.ledger.turns++
	t := &turn{
		shared: s, message: m, number: s.ledger.turns, id: "turn-" + strconv.Itoa(s.ledger.turns), before: before,
		out: newOutgoing(events, raw, s.terms.input), warnings: e.warnings,
	}
	t.answer.reply.limit = s.config.MaxReplyBytes
	t.answer.reply.buffers = s.audio
	t.onlySpoken = !slices.ContainsFunc(m.Parts, func(p core.Part) bool { return p.Modality != core.Audio })
	if s.terms.transcribes && !m.Delivery.OutOfBand {
		t.heard.pending = spokenIDs(events)
	}
	return t, nil
}

// makeOutOfBand makes the message the end of what an out-of-band response
// answers, which begins with the conversation so far.
func (t *turn) makeOutOfBand(m *memory) error {
	if m.gap != "" {
		t.warn("the out-of-band turn is answered without the whole conversation: " + m.gap)
	}
	e := t.encoder()
	var input []inputItem
	for _, said := range m.messages {
		items, err := e.history(said)
		if err != nil {
			return fmt.Errorf("the conversation before it: %w", err)
		}
		for _, item := range items {
			input = append(input, item.Item)
		}
	}
	for _, event := range t.out.events {
		create, ok := event.(itemCreate)
		if !ok {
			return core.Errorf(core.ErrorInput, "an out-of-band message has at most %d bytes of audio", maxItemAudio)
		}
		input = append(input, create.Item)
	}
	for i := range input {
		input[i].ID = "" // they are not items of the conversation
	}
	t.out = outgoing{outOfBand: input}
	return nil
}

// deliver begins to say the message.
func (t *turn) deliver(now time.Time) []any {
	t.started = now
	send := t.out.events
	t.out.events = nil
	if len(send) == 0 {
		t.out.onSent(now)
	}
	return send
}

// fail notes what went wrong with the turn.
func (t *turn) fail(err error) {
	if t.failed == nil {
		t.failed = err
	}
}

// asNotAsked marks an error of the connection that came before the service was
// asked. Where the caller has left there is nothing to try again.
func (t *turn) asNotAsked(err error, left bool) error {
	if left || !t.out.asked.IsZero() || t.out.speech.begun() || !retryable(err) {
		return err
	}
	return notAsked{err}
}

// say returns the speech that is due, and the question when all is said.
func (t *turn) say(now time.Time) (send []any) {
	if t.failed != nil || t.out.sent.IsZero() {
		return nil
	}
	return append(t.speak(now), t.ask(now)...)
}

// ask returns the event that asks for the reply when that is to be done: when
// the message is complete and, by a service that confirms messages, confirmed.
// What it has refused must not be answered.
func (t *turn) ask(now time.Time) []any {
	if t.failed != nil || !t.out.complete(t.ledger.acknowledges) {
		return nil
	}
	t.out.asked = now
	if t.out.speech != nil && t.config.TurnDetection.answers() {
		return nil // the service asks itself
	}
	params := responseParams{Metadata: label{t.id}}
	if t.out.outOfBand != nil {
		params.Conversation, params.Input = "none", t.out.outOfBand
	}
	return []any{responseCreate{Type: "response.create", EventID: t.ledger.nextID("ev"), Response: params}}
}

// since is the time since the message was sent, or had been spoken.
func (t *turn) since(now time.Time) time.Duration { return max(now.Sub(t.started), 0) }

// maxWarnings bounds what is noted about one turn.
const maxWarnings = 20

func (t *turn) warn(text string) {
	if len(t.warnings) < maxWarnings && !slices.Contains(t.warnings, text) {
		t.warnings = append(t.warnings, text)
	}
}
