package realtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "sk-test-0123456789"

// settings are configuration keys that a test adds or overrides.
type settings map[string]any

// practice is a server to talk to and what it was told.
type practice struct {
	*realtimetest.Server
	address // ws://host:port/v1
	frames  chan []byte
	// replies receives what the server sends.
	replies chan []byte
}

// serve starts a practice server. What clients send is kept in frames.
func serve(t testing.TB, agent realtimetest.Agent, faults ...string) *practice {
	t.Helper()
	p := newPractice(t, agent, faults)
	web := httptest.NewServer(p.Server)
	p.address = address{url: "ws" + strings.TrimPrefix(web.URL, "http") + "/v1"}
	t.Cleanup(func() {
		p.close(t)
		web.Close()
	})
	return p
}

// newPractice returns a practice server that nobody can reach yet.
func newPractice(t testing.TB, agent realtimetest.Agent, faults []string) *practice {
	t.Helper()
	p := &practice{frames: make(chan []byte, 1000), replies: make(chan []byte, 1000)}
	o := realtimetest.Options{APIKey: testKey, Observe: func(fromClient bool, frame []byte) {
		kept := p.replies
		if fromClient {
			kept = p.frames
		}
		select {
		case kept <- bytes.Clone(frame):
		default: // the tests that look at frames cause few of them
		}
	}}
	for _, name := range faults {
		fault, err := realtimetest.ParseFault(name)
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = append(o.Faults, fault)
	}
	p.Server = realtimetest.NewServer(agent, o)
	return p
}

func (p *practice) close(t testing.TB) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// target opens the target on the practice server.
func (p *practice) target(t testing.TB, more settings) core.Target {
	t.Helper()
	config := settings{"endpoint": p.url, "model": "practice", "api_key": testKey}
	for key, value := range more {
		config[key] = value
	}
	return p.open(t, config)
}

func openTarget(t testing.TB, config settings) core.Target {
	t.Helper()
	raw, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := core.Open[core.Target](t.Context(), realtime.Component(), raw)
	if err != nil {
		t.Fatalf("opening the target: %v", err)
	}
	return target
}

// talk starts a conversation that ends with the test.
func (p *practice) talk(t testing.TB, more settings) core.Conversation {
	t.Helper()
	return begin(t, p.target(t, more), core.Start{})
}

func begin(t testing.TB, target core.Target, start core.Start) core.Conversation {
	t.Helper()
	c, err := target.StartConversation(t.Context(), start)
	if err != nil {
		t.Fatalf("starting a conversation: %v", err)
	}
	t.Cleanup(func() {
		if err := c.End(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("ending the conversation: %v", err)
		}
	})
	return c
}

func send(t testing.TB, c core.Conversation, m core.Message) core.Reply {
	t.Helper()
	reply, err := c.Send(t.Context(), m)
	if err != nil {
		t.Fatalf("Send: %v", err)
	}
	return reply
}

// sent returns the frames that clients have sent so far, decoded.
func (p *practice) sent(t testing.TB) []map[string]any {
	t.Helper()
	var events []map[string]any
	for {
		select {
		case frame := <-p.frames:
			var event map[string]any
			if err := json.Unmarshal(frame, &event); err != nil {
				t.Fatal(err)
			}
			events = append(events, event)
		default:
			return events
		}
	}
}

// of returns the events of a type.
func of(events []map[string]any, eventType string) []map[string]any {
	return slices.DeleteFunc(events, func(e map[string]any) bool { return e["type"] != eventType })
}

func typesOf(events []map[string]any) []string {
	var list []string
	for _, e := range events {
		list = append(list, fmt.Sprint(e["type"]))
	}
	return list
}

// long is more audio than fits into one item.
const long = 22 * time.Second

// spoken returns a user message with a 440 Hz tone of a length, as 24 kHz WAV.
func spoken(t testing.TB, length time.Duration) core.Message {
	t.Helper()
	pcm, err := realtimetest.ToneAgent{}.Speak(t.Context(), strings.Repeat("x", int(length/(100*time.Millisecond))))
	if err != nil {
		t.Fatal(err)
	}
	clip, err := audio.FromPCM(pcm, 24000)
	if err != nil {
		t.Fatal(err)
	}
	return userAudio(audio.EncodeWAV(clip))
}

func userAudio(wav []byte) core.Message {
	return core.Message{Role: core.User, Parts: []core.Part{{Value: core.WAVValue(wav)}}}
}

// clipOf returns the only audio of a reply.
func clipOf(t testing.TB, r core.Reply) audio.Clip {
	t.Helper()
	clips := r.Message.Of(core.Audio)
	if len(clips) != 1 {
		t.Fatalf("the reply has %d audio parts, want 1", len(clips))
	}
	clip, warnings, err := audio.DecodeWAV(clips[0].Data)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("the reply's audio: %v %v", err, warnings)
	}
	return clip
}

// remembers answers with the number of user turns it has seen.
func remembers() realtimetest.Agent {
	return realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		var said []string
		for _, it := range items {
			if it.Role == core.User {
				said = append(said, it.Text)
			}
		}
		return strings.Join(said, " then "), nil
	}}
}

// obeys answers with its instructions.
func obeys() realtimetest.Agent {
	return realtimetest.ToneAgent{Reply: func(_ context.Context, instructions string, _ []realtimetest.Item) (string, error) {
		return instructions, nil
	}}
}
