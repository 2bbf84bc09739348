package httptargettest

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Open opens the target under test with its configuration, a JSON object.
type Open func(ctx context.Context, config []byte) (core.Target, error)

// TestTarget checks that a target for services over HTTP keeps its promises,
// against a server that works and against one with each of the faults. There is one
// test for each promise, named for it.
func TestTarget(t *testing.T, open Open) {
	t.Helper()
	for _, p := range slices.Concat(
		insertionPromises(), otherBodyPromises(), sessionPromises(), takenPromises(), redirectPromises(), boundedRedirectPromises(),
		replyPromises(), wholePromises(), encodingPromises(), formPromises(), plainPromises(),
		errorPromises(), secrecyPromises(), rulePromises(),
		streamPromises(), memoryPromises(), forgottenPromises(), filePromises(), soundPromises(),
	) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.verify(newStage(t, open, p))
		})
	}
}

// promise is one requirement on a target.
type promise struct {
	name string
	// faults are those of the server's answers.
	faults []Fault
	// config is the target's configuration: JSON, in which http://service stands for
	// the server's address, and http://elsewhere for that of another server.
	config string
	// agent answers; nil repeats what was said.
	agent  Agent
	verify func(s *stage)
}

// once are faults of the first answer.
func once(kinds ...FaultKind) []Fault {
	var all []Fault
	for _, kind := range kinds {
		all = append(all, Fault{kind, 1})
	}
	return all
}

// stage is a server, another one, and a target that talks to the first.
type stage struct {
	*testing.T
	server, elsewhere *Server
	// address and other are those of the servers.
	address, other string
	target         core.Target
}

func newStage(t *testing.T, open Open, p promise) *stage {
	t.Helper()
	agent := p.agent
	if agent == nil {
		agent = Echo
	}
	s := &stage{T: t, server: NewServer(agent, p.faults...), elsewhere: NewServer(agent)}
	first, second := httptest.NewServer(s.server), httptest.NewServer(s.elsewhere)
	t.Cleanup(first.Close)
	t.Cleanup(second.Close)
	s.address, s.other = first.URL, second.URL
	config := strings.NewReplacer("http://service", s.address, "http://elsewhere", s.other).Replace(p.config)
	var err error
	if s.target, err = open(t.Context(), []byte(config)); err != nil {
		t.Fatalf("opening the target: %v", err)
	}
	if closer, ok := s.target.(interface{ Close() error }); ok {
		t.Cleanup(func() { _ = closer.Close() })
	}
	return s
}

// talk starts a conversation that ends with the test.
func (s *stage) talk(start core.Start) core.Conversation {
	s.Helper()
	c, err := s.target.StartConversation(s.Context(), start)
	if err != nil {
		s.Fatalf("starting a conversation: %v", err)
	}
	s.Cleanup(func() { _ = c.End(context.WithoutCancel(s.Context())) })
	return c
}

// refused starts a conversation and checks that it fails.
func (s *stage) refused(start core.Start) error {
	s.Helper()
	c, err := s.target.StartConversation(s.Context(), start)
	if err == nil {
		_ = c.End(s.Context())
		s.Fatal("the conversation began all the same")
	}
	return err
}

func (s *stage) say(c core.Conversation, text string) core.Reply {
	s.Helper()
	reply, err := c.Send(s.Context(), core.UserText(text))
	if err != nil {
		s.Fatalf("Send: %v", err)
	}
	return reply
}

// answered sends a text and checks the reply.
func (s *stage) answered(c core.Conversation, text, want string) core.Reply {
	s.Helper()
	reply := s.say(c, text)
	if got := reply.Message.Text(); got != want {
		s.Errorf("answered with %q, want %q", got, want)
	}
	s.ended(reply, core.FinishComplete)
	return reply
}

// fails sends a text and checks the kind of its error.
func (s *stage) fails(c core.Conversation, text string, kind core.ErrorKind, says string) {
	s.Helper()
	_ = s.failed(c, text, kind, says)
}

// failed does the same, and returns the error.
func (s *stage) failed(c core.Conversation, text string, kind core.ErrorKind, says string) error {
	s.Helper()
	_, err := c.Send(s.Context(), core.UserText(text))
	s.kind(err, kind, says)
	return err
}

// breaks says hello, and checks that a part of the reply comes with the error.
func (s *stage) breaks(c core.Conversation, kind core.ErrorKind, want string) {
	s.Helper()
	reply, err := c.Send(s.Context(), core.UserText("hello"))
	s.kind(err, kind, "")
	if got := reply.Message.Text(); got != want || reply.Finish != core.FinishBroken {
		s.Errorf("arrived: %q (%s), want %q (broken)", got, reply.Finish, want)
	}
}

// kind checks the kind of an error.
func (s *stage) kind(err error, want core.ErrorKind, says string) {
	s.Helper()
	if core.KindOf(err) != want || !strings.Contains(fmt.Sprint(err, " ", core.HintOf(err)), says) {
		s.Errorf("got a %q error, want %q saying %q: %v (%s)", core.KindOf(err), want, says, err, core.HintOf(err))
	}
}

// ended checks how a reply ended.
func (s *stage) ended(r core.Reply, want core.Finish) {
	s.Helper()
	if r.Finish != want {
		s.Errorf("the reply is %s (%s), want %s", r.Finish, r.Detail, want)
	}
}

// received returns the last request to a path.
func (s *stage) received(server *Server, path string) Request {
	s.Helper()
	all := server.Received()
	for _, r := range slices.Backward(all) {
		if r.Path == path {
			return r
		}
	}
	s.Fatalf("no request for %s arrived, but %d others", path, len(all))
	return Request{}
}
