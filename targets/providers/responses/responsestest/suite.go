package responsestest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Open opens the target under test with its configuration, a JSON object.
type Open func(ctx context.Context, config []byte) (core.Target, error)

// TestTarget checks that a target behaves as a client of the responses API has to,
// against a server that works and against one with each of the faults, with streamed
// replies and with whole ones. There is one test for each promise, named for it.
//
// The target's configuration needs the keys of the target "responses".
func TestTarget(t *testing.T, open Open) {
	t.Helper()
	promises := slices.Concat(
		turnPromises(), recordPromises(), usagePromises(), toolPromises(), callPromises(), reasoningPromises(), hostedPromises(), endPromises(), blockPromises(), errorPromises(), cutPromises(),
	)
	for _, p := range promises {
		for _, stream := range []bool{true, false} {
			if p.only != "" && (p.only == "stream") != stream {
				continue
			}
			name := p.name
			if !stream {
				name += ", in one piece"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p.verify(newStage(t, open, p, stream))
			})
		}
	}
}

// promise is one requirement on a client.
type promise struct {
	name string
	// only is "stream" or "whole" where it is about one of them; "" is for both.
	only string
	// faults are those of the server, config the target's configuration except for
	// the server's address.
	faults []string
	config map[string]any
	// agent answers; nil repeats what it hears.
	agent  Agent
	verify func(s *stage)
}

// stageKey is the API key that the stage's server requires.
const stageKey = "sk-practice-0123456789"

// sentRequest is a request that the target sent.
type sentRequest struct {
	header http.Header
	url    string
	body   []byte
}

// stage is a server and a target that talks to it.
type stage struct {
	*testing.T
	stream bool
	server *Server
	target core.Target

	mu   sync.Mutex
	sent []sentRequest
}

func newStage(t *testing.T, open Open, p promise, stream bool) *stage {
	t.Helper()
	s := &stage{T: t, stream: stream}
	o := Options{APIKey: stageKey, Observe: s.observe}
	for _, name := range p.faults {
		fault, err := ParseFault(name)
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = append(o.Faults, fault)
	}
	s.server = NewServer(p.agent, o)
	web := httptest.NewServer(s.server)
	t.Cleanup(web.Close)
	config := map[string]any{"endpoint": web.URL, "model": "practice", "api_key": stageKey, "stream": stream}
	maps.Copy(config, p.config)
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if s.target, err = open(t.Context(), encoded); err != nil {
		t.Fatalf("opening the target: %v", err)
	}
	return s
}

func (s *stage) observe(header http.Header, url string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, sentRequest{header.Clone(), url, body})
}

// requests returns what the target has sent, decoded.
func (s *stage) requests() []map[string]any {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []map[string]any
	for _, r := range s.sent {
		var decoded map[string]any
		if err := json.Unmarshal(r.body, &decoded); err != nil {
			s.Fatalf("the target sent what is not JSON: %.100s", r.body)
		}
		all = append(all, decoded)
	}
	return all
}

// last returns the last request of the target.
func (s *stage) last() map[string]any {
	s.Helper()
	all := s.requests()
	if len(all) == 0 {
		s.Fatal("the target has sent nothing")
	}
	return all[len(all)-1]
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

// reply sends a message in a conversation of its own.
func (s *stage) reply(text string) core.Reply {
	s.Helper()
	return s.say(s.talk(core.Start{}), core.UserText(text))
}

// ended checks how a reply ended.
func (s *stage) ended(r core.Reply, want core.Finish, says string) {
	s.Helper()
	if r.Finish != want || !strings.Contains(r.Detail, says) {
		s.Errorf("the reply is %s (%s), want %s saying %q", r.Finish, r.Detail, want, says)
	}
}

// fails sends a message and checks its error.
func (s *stage) fails(kind core.ErrorKind, says string) error {
	s.Helper()
	reply, err := s.talk(core.Start{}).Send(s.Context(), four())
	s.kind(err, kind, says)
	if reply.Finish != "" || !reply.Message.Empty() {
		s.Errorf("with the error comes a reply that is %q", reply.Finish)
	}
	return err
}

// kind checks the kind of an error.
func (s *stage) kind(err error, want core.ErrorKind, says string) {
	s.Helper()
	if core.KindOf(err) != want || !strings.Contains(fmt.Sprint(err), says) {
		s.Errorf("got a %q error, want %q saying %q: %v", core.KindOf(err), want, says, err)
	}
	if strings.Contains(fmt.Sprint(err)+core.HintOf(err), stageKey) {
		s.Errorf("the error shows the key: %v", err)
	}
}

// about checks the subject of an error.
func (s *stage) about(err error, want core.ErrorSubject) {
	s.Helper()
	if got := core.SubjectOf(err); got != want {
		s.Errorf("the error speaks of %s, want %s: %v", got, want, err)
	}
}

// warned checks that a reply has a warning, and how many in all.
func (s *stage) warned(r core.Reply, says ...string) {
	s.Helper()
	for _, text := range says {
		if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, text) }) {
			s.Errorf("no warning says %q: %q", text, r.Warnings)
		}
	}
	if len(r.Warnings) != len(says) {
		s.Errorf("%d warnings, want %d: %q", len(r.Warnings), len(says), r.Warnings)
	}
}

// four is a message whose halves tests tell apart.
func four() core.Message { return core.UserText("one two three four") }

const (
	all  = "one two three four"
	half = "one two "
)
