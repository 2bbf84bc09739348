package realtime_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// benchClient is a way to hold conversations with the benchmark's server.
type benchClient struct {
	name string
	// opener returns a function that opens one conversation.
	opener func(tb testing.TB, url string) func(context.Context) (talker, error)
}

// talker is an open conversation.
type talker interface {
	turn(ctx context.Context) (said, error)
	close() error
}

// said is the reply of a turn: a WAV file, which the caller may keep, and its
// transcript.
type said struct {
	wav  []byte
	text string
}

var benchClients = []benchClient{
	{"bare", func(_ testing.TB, url string) func(context.Context) (talker, error) {
		return func(ctx context.Context) (talker, error) { return dialBare(ctx, url) }
	}},
	{"bare-confirmed", func(_ testing.TB, url string) func(context.Context) (talker, error) {
		return func(ctx context.Context) (talker, error) { return dialConfirmed(ctx, url) }
	}},
	{"target", func(tb testing.TB, url string) func(context.Context) (talker, error) {
		target := openTarget(tb, settings{"endpoint": url, "model": "practice"})
		return func(ctx context.Context) (talker, error) {
			c, err := target.StartConversation(ctx, core.Start{})
			return targetTalker{c}, err
		}
	}},
}

// targetTalker talks through the target.
type targetTalker struct{ conversation core.Conversation }

func (t targetTalker) turn(ctx context.Context) (said, error) {
	reply, err := t.conversation.Send(ctx, core.UserText("hello"))
	if err != nil {
		return said{}, err
	}
	if reply.Finish != core.FinishComplete || len(reply.Warnings) > 0 || len(reply.Message.Parts) != 2 {
		return said{}, fmt.Errorf("a reply of %d parts that ended as %s, warnings %q", len(reply.Message.Parts), reply.Finish, reply.Warnings)
	}
	return said{wav: reply.Message.Parts[0].Data, text: reply.Message.Parts[1].Text()}, nil
}

func (t targetTalker) close() error { return t.conversation.End(context.Background()) }

// bareTalker talks as fast as one can to a server that never misbehaves: one
// goroutine, no deadlines, no ids to compare, no memory of what was said, and of
// an event only what the reply is made of is looked for. It does what no client
// is spared, which is to tell the events apart, to decode the audio and to join
// the transcript; but it parses no JSON, and would take a quote or a backslash
// in a text for the end of it.
type bareTalker struct {
	confirmed bool // it waits until its message is confirmed
	conn      *websocket.Conn
	frame     []byte // the last one read
	wav       []byte // of the reply that is under way
	text      []byte
	turns     int
	size      int // of the last reply's WAV file, which the next is likely to have
}

func dialBare(ctx context.Context, url string) (*bareTalker, error) {
	// The buffers are the target's.
	dialer := websocket.Dialer{ReadBufferSize: 16 << 10, WriteBufferSize: 4 << 10}
	conn, response, err := dialer.DialContext(ctx, url+"/realtime?model=practice", nil)
	if err != nil {
		return nil, err
	}
	if err := response.Body.Close(); err != nil {
		return nil, err
	}
	t := &bareTalker{conn: conn}
	if err := t.await("session.created"); err != nil {
		return nil, err
	}
	if err := t.send(`{"type":"session.update","event_id":"ev_1","session":{"type":"realtime"}}`); err != nil {
		return nil, err
	}
	return t, t.await("session.updated")
}

// dialConfirmed is dialBare for a client that does what the target does for
// good reasons: it asks for no reply before its message has been confirmed.
func dialConfirmed(ctx context.Context, url string) (*bareTalker, error) {
	t, err := dialBare(ctx, url)
	if err == nil {
		t.confirmed = true
	}
	return t, err
}

func (t *bareTalker) send(frame string) error {
	return t.conn.WriteMessage(websocket.TextMessage, []byte(frame))
}

func (t *bareTalker) await(event string) error {
	for {
		if err := t.read(); err != nil {
			return err
		}
		if string(stringAt(t.frame, `"type":"`)) == event {
			return nil
		}
	}
}

func (t *bareTalker) read() (err error) {
	t.frame, err = readWhole(t.conn, t.frame)
	return err
}

func (t *bareTalker) turn(context.Context) (said, error) {
	t.turns++
	item := fmt.Sprintf(`{"type":"conversation.item.create","event_id":"ev_1","item":{"id":"item_%d","type":"message","role":"user","content":[{"type":"input_text","text":"hello"}]}}`, t.turns)
	if err := t.send(item); err != nil {
		return said{}, err
	}
	if t.confirmed {
		if err := t.await("conversation.item.added"); err != nil {
			return said{}, err
		}
	}
	create := fmt.Sprintf(`{"type":"response.create","event_id":"ev_2","response":{"metadata":{"turn":"turn-%d"}}}`, t.turns)
	if err := t.send(create); err != nil {
		return said{}, err
	}
	t.wav, t.text = append(make([]byte, 0, max(len(wavHeader), t.size)), wavHeader...), t.text[:0]
	for {
		if err := t.read(); err != nil {
			return said{}, err
		}
		done, err := t.take()
		if err != nil {
			return said{}, err
		}
		if done {
			return t.said(), nil
		}
	}
}

// take takes what the frame adds to the reply.
func (t *bareTalker) take() (done bool, err error) {
	switch string(stringAt(t.frame, `"type":"`)) {
	case "response.output_audio.delta":
		t.wav, err = base64.StdEncoding.AppendDecode(t.wav, stringAt(t.frame, `"delta":"`))
	case "response.output_audio_transcript.delta":
		t.text = append(t.text, stringAt(t.frame, `"delta":"`)...)
	case "response.done":
		return true, nil
	case "error":
		return false, fmt.Errorf("the server objects: %s", t.frame)
	}
	return false, err
}

// wavHeader begins a WAV file of 24 kHz; the two sizes are still to be set.
const wavHeader = "RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\xc0\x5d\x00\x00\x80\xbb\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"

// said hands the reply over. Only now its size is known.
func (t *bareTalker) said() said {
	wav := t.wav
	t.wav, t.size = nil, len(wav)
	binary.LittleEndian.PutUint32(wav[4:], uint32(len(wav)-8))
	binary.LittleEndian.PutUint32(wav[len(wavHeader)-4:], uint32(len(wav)-len(wavHeader)))
	return said{wav: wav, text: string(t.text)}
}

func (t *bareTalker) close() error { return t.conn.Close() }

// stringAt returns the string that follows a key, up to its closing quote. The
// server escapes nothing.
func stringAt(frame []byte, key string) []byte {
	_, rest, _ := bytes.Cut(frame, []byte(key))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return value
}

// readWhole reads the next message into a buffer, which grows as needed.
func readWhole(conn *websocket.Conn, buffer []byte) ([]byte, error) {
	_, r, err := conn.NextReader()
	if err != nil {
		return buffer, err
	}
	buffer = buffer[:0]
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if errors.Is(err, io.EOF) {
			return buffer, nil
		}
		if err != nil {
			return buffer, err
		}
	}
}
