package realtimetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Open opens the target under test with its configuration, a JSON object.
type Open func(ctx context.Context, config []byte) (core.Target, error)

// TestTarget checks that a target behaves as a client of the Realtime protocol
// has to, against a server that works and against one with each of the faults.
// There is one test for each promise, named for it.
//
// The target's configuration needs the keys of the target "realtime" that the
// promises use: endpoint, model, api_key and so on.
func TestTarget(t *testing.T, open Open) {
	t.Helper()
	promises := slices.Concat(
		connectPromises(), settingPromises(), turnPromises(), mediaPromises(),
		replyPromises(), remarkPromises(), toldPromises(), errorPromises(), survivalPromises(), voicePromises(),
	)
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.verify(newStage(t, open, p))
		})
	}
}

// promise is one requirement on a client.
type promise struct {
	name string
	// faults are those of the server, config the target's configuration except
	// for the server's address.
	faults []string
	config map[string]any
	// agent answers; nil repeats what it hears.
	agent  Agent
	verify func(s *stage)
}

// stageKey is the API key that the stage's server requires.
const stageKey = "sk-practice-0123456789"

// stage is a server and a target that talks to it.
type stage struct {
	*testing.T
	server *Server
	target core.Target

	mu   sync.Mutex
	sent [][]byte // frames that the target sent
}

func newStage(t *testing.T, open Open, p promise) *stage {
	t.Helper()
	s := &stage{T: t}
	o := Options{APIKey: stageKey, Observe: s.observe}
	for _, name := range p.faults {
		fault, err := ParseFault(name)
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = append(o.Faults, fault)
	}
	agent := p.agent
	if agent == nil {
		agent = ToneAgent{}
	}
	s.server = NewServer(agent, o)
	web := httptest.NewServer(s.server)
	t.Cleanup(func() {
		if err := s.server.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
		web.Close()
	})
	config := map[string]any{"endpoint": web.URL + "/v1", "model": "practice", "api_key": stageKey}
	for key, value := range p.config {
		config[key] = value
	}
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if s.target, err = open(t.Context(), encoded); err != nil {
		t.Fatalf("opening the target: %v", err)
	}
	return s
}

func (s *stage) observe(fromClient bool, frame []byte) {
	if !fromClient {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, bytes.Clone(frame))
}

// events returns the events of a type that the target has sent.
func (s *stage) events(eventType string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []map[string]any
	for _, frame := range s.sent {
		var event map[string]any
		if err := json.Unmarshal(frame, &event); err != nil {
			s.Fatalf("the target sent what is not JSON: %.100s", frame)
		}
		if event["type"] == eventType {
			all = append(all, event)
		}
	}
	return all
}

// talk starts a conversation that ends with the test.
func (s *stage) talk(start core.Start) core.Conversation {
	s.Helper()
	c, err := s.target.StartConversation(s.Context(), start)
	if err != nil {
		s.Fatalf("starting a conversation: %v", err)
	}
	s.Cleanup(func() {
		if err := c.End(context.WithoutCancel(s.Context())); err != nil {
			s.Errorf("ending the conversation: %v", err)
		}
	})
	return c
}

// refused starts a conversation and checks that it fails.
func (s *stage) refused() error {
	s.Helper()
	c, err := s.target.StartConversation(s.Context(), core.Start{})
	if err == nil {
		_ = c.End(s.Context())
		s.Fatal("the conversation began all the same")
	}
	return err
}

func (s *stage) say(c core.Conversation, m core.Message) core.Reply {
	s.Helper()
	reply, err := c.Send(s.Context(), m)
	if err != nil {
		s.Fatalf("Send: %v", err)
	}
	return reply
}

// answered sends a message and checks the reply.
func (s *stage) answered(c core.Conversation, m core.Message, want string) core.Reply {
	s.Helper()
	reply := s.say(c, m)
	if got := reply.Message.Text(); got != want {
		s.Errorf("answered with %q, want %q", got, want)
	}
	return reply
}

// fails sends a message and checks the kind of its error.
func (s *stage) fails(c core.Conversation, m core.Message, kind core.ErrorKind, says string) {
	s.Helper()
	_, err := c.Send(s.Context(), m)
	s.kind(err, kind, says)
}

// kind checks the kind of an error.
func (s *stage) kind(err error, want core.ErrorKind, says string) {
	s.Helper()
	if core.KindOf(err) != want || !strings.Contains(fmt.Sprint(err), says) {
		s.Errorf("got a %q error, want %q saying %q: %v", core.KindOf(err), want, says, err)
	}
}

// about checks the subject of an error.
func (s *stage) about(err error, want core.ErrorSubject) {
	s.Helper()
	if got := core.SubjectOf(err); got != want {
		s.Errorf("the error speaks of %s, want %s: %v", got, want, err)
	}
}

// ended checks how a reply ended.
func (s *stage) ended(r core.Reply, want core.Finish) {
	s.Helper()
	if r.Finish != want {
		s.Errorf("the reply is %s (%s), want %s", r.Finish, r.Detail, want)
	}
}

// warned checks that a reply has a warning.
func (s *stage) warned(r core.Reply, says string) {
	s.Helper()
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, says) }) {
		s.Errorf("no warning says %q: %q", says, r.Warnings)
	}
}

// recollection answers with the texts of all user items.
func recollection() Agent {
	return ToneAgent{Reply: func(_ context.Context, _ string, items []Item) (string, error) {
		var said []string
		for _, it := range items {
			if it.Role == core.User {
				said = append(said, it.Text)
			}
		}
		return strings.Join(said, " then "), nil
	}}
}

// obedience answers with the session's instructions.
func obedience() Agent {
	return ToneAgent{Reply: func(_ context.Context, instructions string, _ []Item) (string, error) { return instructions, nil }}
}
