package clienttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// All is a message whose halves tests tell apart, and Half its first half.
const (
	All  = "one two three four"
	Half = "one two "
)

// Four is [All] as a message of the user.
func Four() core.Message { return core.UserText(All) }

// SentRequest is a request that the target sent.
type SentRequest struct {
	Header http.Header
	URL    string
	Body   []byte
}

// Stage is a server of the type S, and a target that talks to it.
type Stage[S Server] struct {
	*testing.T
	// Stream says whether the target asks for streamed replies.
	Stream bool
	Server S
	Target core.Target
	key    string

	mu   sync.Mutex
	sent []SentRequest
}

func (s *Stage[S]) observe(header http.Header, url string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, SentRequest{header.Clone(), url, body})
}

// Sent returns what the target has sent, which is one request at the least.
func (s *Stage[S]) Sent() []SentRequest {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sent) == 0 {
		s.Fatal("the target has sent nothing")
	}
	return slices.Clone(s.sent)
}

// Requests returns what the target has sent, decoded.
func (s *Stage[S]) Requests() []map[string]any {
	s.Helper()
	var all []map[string]any
	for _, r := range s.Sent() {
		var decoded map[string]any
		if err := json.Unmarshal(r.Body, &decoded); err != nil {
			s.Fatalf("the target sent what is not JSON: %.100s", r.Body)
		}
		all = append(all, decoded)
	}
	return all
}

// Last returns the last request of the target.
func (s *Stage[S]) Last() map[string]any {
	s.Helper()
	all := s.Requests()
	return all[len(all)-1]
}

// Raw returns the last request of the target, with its numbers as they were sent and
// with sorted members.
func (s *Stage[S]) Raw() json.RawMessage {
	s.Helper()
	sent := s.Sent()
	decoder := json.NewDecoder(bytes.NewReader(sent[len(sent)-1].Body))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		s.Fatalf("the target sent what is not JSON: %v", err)
	}
	sorted, err := json.Marshal(decoded)
	if err != nil {
		s.Fatal(err)
	}
	return sorted
}

// Talk starts a conversation that ends with the test.
func (s *Stage[S]) Talk(start core.Start) core.Conversation {
	s.Helper()
	c, err := s.Target.StartConversation(s.Context(), start)
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

// Say sends a message, which has to be answered.
func (s *Stage[S]) Say(c core.Conversation, m core.Message) core.Reply {
	s.Helper()
	reply, err := c.Send(s.Context(), m)
	if err != nil {
		s.Fatalf("Send: %v", err)
	}
	return reply
}

// Answered sends a message and checks the reply.
func (s *Stage[S]) Answered(c core.Conversation, m core.Message, want string) core.Reply {
	s.Helper()
	reply := s.Say(c, m)
	if got := reply.Message.Text(); got != want {
		s.Errorf("answered with %q, want %q", got, want)
	}
	return reply
}

// Reply sends a message in a conversation of its own.
func (s *Stage[S]) Reply(text string) core.Reply {
	s.Helper()
	return s.Say(s.Talk(core.Start{}), core.UserText(text))
}

// Ended checks how a reply ended.
func (s *Stage[S]) Ended(r core.Reply, want core.Finish, says string) {
	s.Helper()
	if r.Finish != want || !strings.Contains(r.Detail, says) {
		s.Errorf("the reply is %s (%s), want %s saying %q", r.Finish, r.Detail, want, says)
	}
}

// Fails sends a message and checks its error.
func (s *Stage[S]) Fails(kind core.ErrorKind, says string) error {
	s.Helper()
	reply, err := s.Talk(core.Start{}).Send(s.Context(), Four())
	s.Kind(err, kind, says)
	if reply.Finish != "" || !reply.Message.Empty() {
		s.Errorf("with the error comes a reply that is %q", reply.Finish)
	}
	return err
}

// Kind checks the kind of an error, and that it hides the key.
func (s *Stage[S]) Kind(err error, want core.ErrorKind, says string) {
	s.Helper()
	if core.KindOf(err) != want || !strings.Contains(fmt.Sprint(err), says) {
		s.Errorf("got a %q error, want %q saying %q: %v", core.KindOf(err), want, says, err)
	}
	if strings.Contains(fmt.Sprint(err)+core.HintOf(err), s.key) {
		s.Errorf("the error shows the key: %v", err)
	}
}

// About checks the subject of an error.
func (s *Stage[S]) About(err error, want core.ErrorSubject) {
	s.Helper()
	if got := core.SubjectOf(err); got != want {
		s.Errorf("the error speaks of %s, want %s: %v", got, want, err)
	}
}

// Warned checks that a reply has a warning of each text, and no other.
func (s *Stage[S]) Warned(r core.Reply, says ...string) {
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
