package clienttest

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Open opens the target under test with its configuration, a JSON object.
type Open func(ctx context.Context, config []byte) (core.Target, error)

// Server is a server of a protocol.
type Server interface {
	http.Handler
	// Turns counts the requests so far.
	Turns() int
	// RedirectTo has every request redirected to another address.
	RedirectTo(url string)
}

// Promise is one requirement on a client. A is the type of what answers in a server of
// the type S.
type Promise[A any, S Server] struct {
	Name string
	// Only is "stream" or "whole" where it is about one of them; "" is for both.
	Only string
	// Faults are those of the server, Config the target's configuration except for
	// the server's address.
	Faults []string
	Config map[string]any
	// Agent answers; nil repeats what it hears.
	Agent  A
	Verify func(s *Stage[S])
}

// Suite is what the promises of a protocol have in common.
type Suite[A any, S Server] struct {
	// Key is the API key that the server requires.
	Key string
	// Recall is the agent that answers with the texts of all messages of the user,
	// Obey the one that answers with the system prompt.
	Recall, Obey A
	// NewServer returns a server, ParseFault one of its faults, which FaultNames lists.
	NewServer  func(agent A, o Options) S
	ParseFault func(string) (Fault, error)
	FaultNames func() []string
}

// Run checks each promise, with streamed replies and with whole ones, in a test of its
// own that is named for it. Each fault of the server has to be in a promise.
func (u Suite[A, S]) Run(t *testing.T, open Open, promises []Promise[A, S]) {
	t.Helper()
	for _, name := range u.unpromised(promises) {
		t.Errorf("no promise is about the fault %q", name)
	}
	for _, p := range promises {
		for _, stream := range []bool{true, false} {
			if p.Only != "" && (p.Only == "stream") != stream {
				continue
			}
			name := p.Name
			if !stream {
				name += ", in one piece"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p.Verify(u.stage(t, open, p, stream))
			})
		}
	}
}

// unpromised returns the faults that are in no promise.
func (u Suite[A, S]) unpromised(promises []Promise[A, S]) []string {
	promised := map[string]bool{}
	for _, p := range promises {
		for _, fault := range p.Faults {
			name, _, _ := strings.Cut(fault, "@")
			promised[name] = true
		}
	}
	return slices.DeleteFunc(u.FaultNames(), func(name string) bool { return promised[name] })
}

// stage sets up a server and a target for a promise.
func (u Suite[A, S]) stage(t *testing.T, open Open, p Promise[A, S], stream bool) *Stage[S] {
	t.Helper()
	s := &Stage[S]{T: t, Stream: stream, key: u.Key}
	o := Options{APIKey: u.Key, Observe: s.observe}
	for _, name := range p.Faults {
		fault, err := u.ParseFault(name)
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = append(o.Faults, fault)
	}
	s.Server = u.NewServer(p.Agent, o)
	web := httptest.NewServer(s.Server)
	t.Cleanup(web.Close)
	config := map[string]any{"endpoint": web.URL, "model": "practice", "api_key": u.Key, "stream": stream}
	maps.Copy(config, p.Config)
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if s.Target, err = open(t.Context(), encoded); err != nil {
		t.Fatalf("opening the target: %v", err)
	}
	return s
}
