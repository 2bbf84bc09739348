package realtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// script is an exchange without a socket: what happens, and when, and what the
// machine makes of it.
type script struct {
	config   func(*Config)
	terms    func(*terms)
	ledger   func(*ledger)
	messages []core.Message // a written one if there are none
	leaves   time.Duration  // when the caller stops waiting, since the beginning; 0 for never
	beats    []beat

	replies   []string // how each reply ended, and its text: "complete: yes"; the last may be broken
	kind      core.ErrorKind
	says      string // part of the error
	notAsked  bool
	outOfSync bool
	warns     string // part of a warning of the last reply
	detail    string // part of the detail of the last reply
}

// beat is one thing that happens.
type beat struct {
	at    time.Duration // since the beginning
	what  string        // a server event, or one of the words below; "" if only time passes
	sends string        // the types of the client events that are sent because of it
}

// What can happen beside server events.
const (
	begins  = "begins"
	breaks  = "a frame that is no event"
	loses   = "the connection is lost"
	leaves  = "the caller leaves"
	unsends = "nothing can be sent"
)

// The client events, as scripts write them.
const (
	item     = "conversation.item.create"
	ask      = "response.create"
	cancel   = "response.cancel"
	remove   = "conversation.item.delete"
	truncate = "conversation.item.truncate"
	chunk    = "input_audio_buffer.append"
	commit   = "input_audio_buffer.commit"
	empty    = "input_audio_buffer.clear"
)

func created(id string) string {
	return fmt.Sprintf(`{"type":"response.created","response":{"id":%q}}`, id)
}

func labelled(id, turn string) string {
	return fmt.Sprintf(`{"type":"response.created","response":{"id":%q,"metadata":{"turn":%q}}}`, id, turn)
}

func word(id, text string) string {
	return fmt.Sprintf(`{"type":"response.output_text.delta","response_id":%q,"item_id":"o","delta":%q}`, id, text)
}

// sound is an audio delta of 100 ms.
func sound(id string) string {
	return fmt.Sprintf(`{"type":"response.output_audio.delta","response_id":%q,"item_id":"o","delta":"%s"}`, id, strings.Repeat("AAAA", 1600))
}

func ended(id, status string) string {
	return fmt.Sprintf(`{"type":"response.done","response":{"id":%q,"status":%q}}`, id, status)
}

func objects(code, eventID string) string {
	return fmt.Sprintf(`{"type":"error","error":{"type":"invalid_request_error","code":%q,"event_id":%q}}`, code, eventID)
}

func added(id string) string {
	return fmt.Sprintf(`{"type":"conversation.item.added","item":{"id":%q}}`, id)
}

func transcribed(id, text string) string {
	return fmt.Sprintf(`{"type":"conversation.item.input_audio_transcription.completed","item_id":%q,"transcript":%q}`, id, text)
}

const (
	hears     = `{"type":"input_audio_buffer.speech_started","item_id":"u"}`
	committed = `{"type":"input_audio_buffer.committed","item_id":"u"}`
)

const (
	ms = time.Millisecond
	s  = time.Second
)

// clip is a silent message that is spoken in one piece, or as it is said.
func clip(length time.Duration, stream bool) core.Message {
	m := core.Message{Role: core.User, Parts: []core.Part{{Value: core.WAVValue(audio.EncodeWAV(audio.Silence(length, pcmRate)))}}}
	m.Delivery.Stream = stream
	return m
}

func saidOver(m core.Message, after time.Duration) core.Message {
	m.Delivery.InterruptAfter = after
	return m
}

func acknowledges(l *ledger) { l.acknowledges = true }
func transcribes(t *terms)   { t.transcribes = true }
func labels(t *terms)        { t.labels = true }
func speaks(c *Config)       { c.Output = "audio" }

// detects has the service end turns after 200 ms of silence, and answer them.
func detects(c *Config) {
	c.TurnDetection.Mode, c.TurnDetection.SilenceDuration = "server_vad", core.Duration(200*ms)
}

// TestATurnDecides holds the machine to its scripts. The times are those of the
// default configuration.
func TestATurnDecides(t *testing.T) {
	for name, test := range scripts() {
		t.Run(name, func(t *testing.T) { test.play(t) })
	}
}

func scripts() map[string]script {
	all := map[string]script{}
	for _, more := range []map[string]script{
		arrivedScripts(), remoteScripts(), outerScripts(), replyScripts(), deadlineScripts(), errorScripts(), ownershipScripts(), lossScripts(), transcriptScripts(), speechScripts(), interruptionScripts(),
	} {
		for name, test := range more {
			all[name] = test
		}
	}
	return all
}

// play plays the script and checks what comes of it.
func (test script) play(t *testing.T) {
	t.Helper()
	c := newConversation(&target{config: defaultConfig(), endpoint: endpoint{dialect: compatible()}, access: &access.Access{}}, core.Start{})
	c.config.Output = "text"
	if test.config != nil {
		test.config(c.config)
	}
	c.session.terms = terms{input: c.config.inputFormat(), output: c.config.outputFormat()}
	if test.terms != nil {
		test.terms(&c.session.terms)
	}
	if test.ledger != nil {
		test.ledger(&c.ledger)
	}
	messages := test.messages
	if messages == nil {
		messages = []core.Message{core.UserText("hello")}
	}
	turn, err := c.begin(t.Context(), messages[0])
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var callerLeaves time.Time
	if test.leaves > 0 {
		callerLeaves = began.Add(test.leaves)
	}
	x := newExchange(turn, messages[1:], callerLeaves)
	var until time.Time // when the socket tells the time
	for i, b := range test.beats {
		now := began.Add(b.at)
		sent, changed := happens(t, x, b.what, now)
		if got := strings.Join(sent, " "); got != b.sends {
			t.Fatalf("beat %d, at %s: sends %q, want %q", i+1, b.at, got, b.sends)
		}
		if b.what == "" && (b.sends != "" || x.done()) && (until.IsZero() || until.After(now)) {
			t.Fatalf("beat %d, at %s: nobody would have told the time before %s", i+1, b.at, until.Sub(began))
		}
		if changed {
			until = x.due(now)
		}
		if over := i+1 == len(test.beats) || len(x.finished) == len(test.replies) && x.done(); x.done() != over {
			t.Fatalf("beat %d, at %s: done %v (%v)", i+1, b.at, x.done(), x.err)
		}
	}
	test.check(t, x)
}

// happens has something happen, and all that the machine wants sent be sent. It
// returns the types of that, and whether the machine is to be asked anew when it
// wants to be told the time.
func happens(t *testing.T, x *exchange, what string, now time.Time) (types []string, changed bool) {
	t.Helper()
	var send []any
	changed = true
	gone := core.Errorf(core.ErrorUnavailable, "lost")
	switch what {
	case "":
		send = x.tell(signal{kind: signalTime}, now)
	case begins:
		send = x.tell(signal{kind: signalBegan}, now)
	case breaks:
		send = x.tell(signal{kind: signalBroken, err: errMalformed}, now)
	case loses:
		send = x.tell(signal{kind: signalLost, err: gone}, now)
	case leaves:
		send = x.tell(signal{kind: signalLost, err: context.DeadlineExceeded, left: true}, now)
	case unsends:
		send = x.tell(signal{kind: signalUnsent, err: gone}, now)
	default:
		event, err := scanned([]byte(what), ids{})
		if err != nil {
			t.Fatal(err)
		}
		event.came = now
		send, changed = x.on(&event)
	}
	for len(send) > 0 {
		for _, event := range send {
			types = append(types, typeOfClientEvent(t, event))
		}
		send = x.tell(signal{kind: signalSent}, now)
	}
	return types, changed
}

func typeOfClientEvent(t *testing.T, event any) string {
	t.Helper()
	frame, err := compatible().encode(event)
	if err != nil {
		t.Fatal(err)
	}
	kind, err := memberString(frame, "type")
	if err != nil {
		t.Fatal(err)
	}
	return kind
}

func (test script) check(t *testing.T, x *exchange) {
	t.Helper()
	var all []core.Reply
	for _, turn := range x.finished {
		all = append(all, turn.reply)
	}
	if x.broken != nil {
		all = append(all, *x.broken)
	}
	var replies, warnings []string
	var detail string
	for _, r := range all {
		reply := string(r.Finish) + ": " + r.Message.Text()
		if r.Heard != "" {
			reply += " (heard " + r.Heard + ")"
		}
		replies, warnings, detail = append(replies, reply), r.Warnings, r.Detail
	}
	if got, want := strings.Join(replies, "; "), strings.Join(test.replies, "; "); got != want {
		t.Errorf("replies %q, want %q (%v)", got, want, x.err)
	}
	if core.KindOf(x.err) != test.kind || x.err != nil && !strings.Contains(x.err.Error(), test.says) {
		t.Errorf("got a %q error, want %q saying %q: %v", core.KindOf(x.err), test.kind, test.says, x.err)
	}
	if got := wasNotAsked(x.err); got != test.notAsked {
		t.Errorf("not asked: %v, want %v", got, test.notAsked)
	}
	if got := x.terms.outOfSync; got != test.outOfSync {
		t.Errorf("out of sync: %v, want %v", got, test.outOfSync)
	}
	if said := strings.Join(warnings, "\n"); test.warns != "" && !strings.Contains(said, test.warns) {
		t.Errorf("warnings %q, want one that says %q", said, test.warns)
	}
	if !strings.Contains(detail, test.detail) {
		t.Errorf("detail %q, want one that says %q", detail, test.detail)
	}
	if errors.Is(x.err, errMalformed) && test.kind != core.ErrorProtocol {
		t.Error("a frame that is no event is the service's fault")
	}
}

// TestAPieceOfAReplyCostsNoMemory holds the machine to what it is made for: most
// events decide nothing.
func TestAPieceOfAReplyCostsNoMemory(t *testing.T) {
	x, now := fedTurn(t, false, 1<<30)
	for _, frame := range []string{created("r"), word("r", "a"), sound("r")} {
		happens(t, x, frame, now)
	}
	for i := range x.turns.current.answer.reply.pieces { // room for what follows
		p := x.turns.current.answer.reply.pieces[i]
		p.audio, p.deltas = make([]byte, 0, 1<<20), make([]byte, 0, 1<<20)
	}
	for _, frame := range []string{word("r", "a"), sound("r"), `{"type":"response.output_audio.done","response_id":"r"}`} {
		event, err := scanned([]byte(frame), ids{})
		if err != nil {
			t.Fatal(err)
		}
		event.came = now
		if n := testing.AllocsPerRun(10, func() { x.on(&event) }); n > 0 {
			t.Errorf("%s: %.1f allocations", event.Type, n)
		}
	}
}
