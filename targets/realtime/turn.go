package realtime

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// notAsked is the error of a turn that ended before its response was requested.
// Such a turn can be run again without being answered twice.
type notAsked struct{ error }

func (e notAsked) Unwrap() error { return e.error }

// wasNotAsked reports whether the turn of an error can be run again.
func wasNotAsked(err error) bool {
	_, ok := errors.AsType[notAsked](err)
	return ok
}

// shared is what the turns of a conversation share. While an exchange runs,
// only the exchange uses it.
type shared struct {
	config *Config
	terms  *terms
	ledger *ledger
	audio  *bufferPool // for the raw audio of replies
}

// terms are what was agreed in a session, and what the service has shown in it.
type terms struct {
	input, output format
	// transcribes says that the service sends input transcripts.
	transcribes bool
	// labels says that the service returns a response's metadata.
	labels bool
	// outOfSync says that a turn was given up and that the service may still
	// answer it, so that its answer could be taken for that to the next turn.
	outOfSync bool
	// remote are the types of the items with calls of MCP servers, and requests for
	// approval, that wait for something, by their ids.
	remote map[string]string
}

// ledger holds a conversation's counters and what is known of its service.
type ledger struct {
	ids   int // number of ids issued
	turns int // number of turns begun
	// acknowledges says that the service confirms items.
	acknowledges bool
	// replayed says that the conversation was restored at least once.
	replayed bool
	// warnings are added to the reply of the next turn.
	warnings []string
	// unknownTypes are the unknown event types that have caused a warning.
	unknownTypes map[string]bool
}

// nextID returns an id that is unique in the conversation, of at most 32
// characters, the protocol's limit.
func (l *ledger) nextID(prefix string) string {
	l.ids++
	return prefix + "_" + strconv.Itoa(l.ids)
}

// warn adds a warning to the reply of the next turn.
func (l *ledger) warn(texts ...string) {
	for _, text := range texts {
		if len(l.warnings) < maxWarnings && !slices.Contains(l.warnings, text) {
			l.warnings = append(l.warnings, text)
		}
	}
}

func (s shared) encoder() *encoder {
	return &encoder{input: s.terms.input, nextID: s.ledger.nextID, detects: s.config.TurnDetection.on(), remote: s.terms.remote}
}

// turn is one message that is being sent and the reply to it. Like its
// exchange, it does no input or output.
type turn struct {
	shared
	message core.Message
	number  int // position in the conversation, from 1
	// id is in the response's metadata and tells the reply from those of other
	// turns.
	id      string
	before  int           // the last id issued before this turn
	started time.Time     // when the message began to be sent, or, of speech, had been sent
	leaves  time.Time     // when the caller stops waiting; zero for never
	connect time.Duration // connection time, if this turn is the first on its connection; else zero

	out    outgoing
	answer answer
	heard  transcripts
	remote remoteCalls
	// over is the message that is to interrupt the reply; nil if the reply is
	// to play to its end.
	over *core.Message

	// failed is the turn's error; nil while there is none.
	failed error
	limits []core.RateLimit
	// onlySpoken says that the message consists of audio only.
	onlySpoken bool
	warnings   []string
	// objection is the last error event that did not end the turn, and that may
	// concern it.
	objection string
	// refusal is an error event that names nothing and arrived at refusedAt, before any
	// sign of the reply; nil for none. It is the reply, unless one comes soon.
	refusal   error
	refusedAt time.Time
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
	t.remote.approved = approvals(events)
	t.answer.reply.limit = s.config.MaxReplyBytes
	t.answer.reply.buffers = s.audio
	t.onlySpoken = !slices.ContainsFunc(m.Parts, func(p core.Part) bool { return p.Modality != core.Audio })
	if s.terms.transcribes && !m.Delivery.OutOfBand {
		t.heard.pending = spokenIDs(events)
	}
	return t, nil
}

// makeOutOfBand turns the message into the end of an out-of-band response's
// input, which begins with the conversation so far.
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

// deliver begins to send the message.
func (t *turn) deliver(now time.Time) []any {
	t.started = now
	send := t.out.events
	t.out.events = nil
	if len(send) == 0 {
		t.out.onSent(now)
	}
	return send
}

// fail sets the turn's error.
func (t *turn) fail(err error) {
	if t.failed == nil {
		t.failed = err
	}
}

// asNotAsked marks a connection error from before the response was requested.
// If the caller's context has ended, there is nothing to run again.
func (t *turn) asNotAsked(err error, left bool) error {
	if left || !t.out.asked.IsZero() || t.out.speech.begun() || !access.Retryable(err) {
		return err
	}
	return notAsked{err}
}

// say returns the audio that is due, and response.create when everything is
// sent.
func (t *turn) say(now time.Time) (send []any) {
	if t.failed != nil || t.out.sent.IsZero() {
		return nil
	}
	return append(t.speak(now), t.ask(now)...)
}

// ask returns response.create when the message is complete and confirmed by a
// service that confirms items. After the service has refused an item, no
// response is requested.
func (t *turn) ask(now time.Time) []any {
	if t.failed != nil || !t.out.complete(t.ledger.acknowledges) || !t.atRest(now) {
		return nil
	}
	t.out.asked = now
	if t.out.speech != nil && t.config.TurnDetection.answers() {
		return nil // the service responds without a request
	}
	return []any{t.request()}
}

// request returns the response.create event of the turn.
func (t *turn) request() any {
	params := responseParams{Metadata: label{t.id}}
	if t.out.outOfBand != nil {
		params.Conversation, params.Input = "none", t.out.outOfBand
	}
	return responseCreate{Type: "response.create", EventID: t.ledger.nextID("ev"), Response: params}
}

// since is the time since the message was sent, or, of speech, had been sent.
func (t *turn) since(now time.Time) time.Duration { return max(now.Sub(t.started), 0) }

// maxWarnings is the number of warnings of one turn.
const maxWarnings = 20

func (t *turn) warn(text string) {
	if len(t.warnings) < maxWarnings && !slices.Contains(t.warnings, text) {
		t.warnings = append(t.warnings, text)
	}
}
