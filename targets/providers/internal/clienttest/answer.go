package clienttest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Answer is what a service answers, byte for byte, and what becomes of it.
type Answer struct {
	Name string
	// Stream says whether a stream is asked for.
	Stream bool
	// Status is the HTTP status; 0 is 200. Type is the media type; "" is JSON.
	Status int
	Type   string
	Body   string
	// Cut says that the connection is lost after Body.
	Cut bool

	// Text is what has to have come, Finish how the reply has to end, Kind what has to be
	// wrong, "" for nothing, and Says is part of the error, or of the detail where there is
	// none.
	Text   string
	Finish core.Finish
	Kind   core.ErrorKind
	Says   string
}

// Answers checks what becomes of answers, each in a test of its own.
func Answers(t *testing.T, opened func(t testing.TB) Open, answers []Answer) {
	t.Helper()
	for _, a := range answers {
		t.Run(a.Name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.write(w, r) }))
			defer web.Close()
			r, err := a.asked(t, opened(t), web.URL)
			said := r.Detail
			if err != nil {
				said = err.Error()
			}
			if core.KindOf(err) != a.Kind || !strings.Contains(said, a.Says) {
				t.Errorf("%s, %q: want %s, and %q in it", core.KindOf(err), said, a.Kind, a.Says)
			}
			if r.Message.Text() != a.Text || r.Finish != a.Finish {
				t.Errorf("%q had come, and the reply is %q (%s): want %q and %q", r.Message.Text(), r.Finish, r.Detail, a.Text, a.Finish)
			}
			if err == nil && r.Timing.Total <= 0 {
				t.Errorf("the reply took %s", r.Timing.Total)
			}
		})
	}
}

// write answers.
func (a Answer) write(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	if a.Type != "" {
		w.Header().Set("Content-Type", a.Type)
	}
	if a.Status != 0 {
		w.WriteHeader(a.Status)
	}
	_, _ = io.WriteString(w, a.Body)
	if a.Cut {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// asked opens a target for an address, and takes one turn.
func (a Answer) asked(t *testing.T, open Open, address string) (core.Reply, error) {
	t.Helper()
	config, err := json.Marshal(map[string]any{"endpoint": address, "model": "m", "stream": a.Stream})
	if err != nil {
		t.Fatal(err)
	}
	target, err := open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatal(err)
	}
	return c.Send(t.Context(), core.UserText("the code?"))
}
