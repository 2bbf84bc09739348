package clienttest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Kind is one kind of request that a target sends: the last one of a conversation. A is
// the type of what answers.
type Kind[A any] struct {
	// Config is the target's configuration except for the address and the model.
	Config map[string]any
	Agent  A
	Start  core.Start
	Turns  []core.Message
}

// Golden holds the requests of a target against the files testdata/requests/KIND.json.
type Golden[A any, S Server] struct {
	Model string
	Kinds map[string]Kind[A]
	// NewServer returns a server, Opened opens the target for a test.
	NewServer func(agent A, o Options) S
	Opened    func(t testing.TB) Open
}

// folder is where the golden files are.
const folder = "testdata/requests"

// Last returns the last request of a kind, under a further configuration.
func (g Golden[A, S]) Last(t *testing.T, kind string, config map[string]any) []byte {
	t.Helper()
	k := g.Kinds[kind]
	var sent []byte
	web := httptest.NewServer(g.NewServer(k.Agent, Options{Observe: func(_ http.Header, _ string, body []byte) { sent = body }}))
	defer web.Close()
	all := map[string]any{"endpoint": web.URL, "model": g.Model}
	maps.Copy(all, k.Config)
	maps.Copy(all, config)
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	target, err := g.Opened(t)(t.Context(), encoded)
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.StartConversation(t.Context(), k.Start)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range k.Turns {
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	return sent
}

// Run compares the request of each kind with its file, in a test that is named for it.
// With update it writes the files first.
func (g Golden[A, S]) Run(t *testing.T, update bool) {
	t.Helper()
	for name := range g.Kinds {
		t.Run(name, func(t *testing.T) {
			var indented bytes.Buffer
			if err := json.Indent(&indented, g.Last(t, name, nil), "", "  "); err != nil {
				t.Fatal(err)
			}
			got := append(indented.Bytes(), '\n')
			file := filepath.Join(folder, name+".json")
			if update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the request is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// NoOther checks that there is no file without a kind.
func (g Golden[A, S]) NoOther(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) != len(g.Kinds) {
		t.Errorf("%d files for %d kinds: %v", len(files), len(g.Kinds), err)
	}
}

// Part is a value of a message.
func Part(m core.Modality, mediaType, data string) core.Part {
	return core.Part{Value: core.Value{Modality: m, MediaType: mediaType, Data: []byte(data)}}
}
