package plugintest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

const (
	// concurrent is how many calls are made at a time.
	concurrent = 16
	// prompt is how long a call may take to notice that it is cancelled.
	prompt = time.Second
	// unknownKey is a key that no component has.
	unknownKey = "no_component_has_this_key"
)

// configured opens a component of any kind. It returns what was opened.
type configured func(ctx context.Context, config []byte) (any, error)

// component checks what holds for all kinds.
func component(t *testing.T, s Source, kind core.Kind, use, config string, open configured) {
	t.Helper()
	info, described, ok := s.Lookup(kind, use)
	if !ok {
		t.Fatalf("there is no %s %q", kind, use)
	}
	t.Run("is described", func(t *testing.T) { describes(t, info, described, config) })
	t.Run("refuses an unknown key", func(t *testing.T) { refusesUnknownKey(t, config, open) })
	t.Run("takes its configuration before it is opened", func(t *testing.T) {
		if err := s.CheckConfig(t.Context(), kind, use, []byte(config)); err != nil {
			t.Errorf("checking %s: %v", config, err)
		}
	})
	t.Run("outlives the context it was opened with", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		opened, err := open(ctx, []byte(config))
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		closesTwice(t, opened)
	})
}

func describes(t *testing.T, info core.Info, described *schema.Schema, config string) {
	t.Helper()
	if info.Summary == "" {
		t.Error("it has no summary")
	}
	if info.Kind != core.KindScorer && (len(info.In) == 0 || len(info.Out) == 0) {
		t.Errorf("it takes %v and gives %v; both have to be said", info.In, info.Out)
	}
	for _, m := range slices.Concat(info.In, info.Out) {
		if !slices.Contains(core.Modalities(), m) {
			t.Errorf("modality %q is not one of core's", m)
		}
	}
	encoded, err := json.Marshal(described)
	if err != nil {
		t.Fatalf("its schema: %v", err)
	}
	if _, err := schema.Parse(encoded); err != nil {
		t.Errorf("its schema: %v\n%s", err, encoded)
	}
	for _, c := range described.Check([]byte(config)) {
		t.Errorf("its schema refuses the test's configuration: %s: %s", c.Path, c.Message)
	}
}

func refusesUnknownKey(t *testing.T, config string, open configured) {
	t.Helper()
	keys := map[string]json.RawMessage{}
	if config != "" {
		if err := json.Unmarshal([]byte(config), &keys); err != nil {
			t.Fatalf("the test's configuration: %v", err)
		}
	}
	keys[unknownKey] = json.RawMessage(`1`)
	wrong, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := open(t.Context(), wrong)
	if err == nil {
		closesTwice(t, opened)
		t.Fatal("it was accepted")
	}
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Kind != core.KindConfig || e.Field != unknownKey {
		t.Errorf("error %v (%s), want one of kind config that names the field %s", err, core.KindOf(err), unknownKey)
	}
}

// closesTwice closes what can be closed, and again.
func closesTwice(t *testing.T, opened any) {
	t.Helper()
	closer, ok := opened.(io.Closer)
	if !ok {
		return
	}
	for _, time := range []string{"first", "second"} {
		if err := closer.Close(); err != nil {
			t.Errorf("closing it for the %s time: %v", time, err)
		}
	}
}

// atOnce makes concurrent calls.
func atOnce(t *testing.T, call func(ctx context.Context) error) {
	t.Helper()
	var calls sync.WaitGroup
	for range concurrent {
		calls.Go(func() {
			if err := call(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
}

// promptly makes a call whose context is over, and returns its error. A call
// that finishes its work all the same is fine.
func promptly(t *testing.T, call func(ctx context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done := make(chan error, 1)
	go func() { done <- call(ctx) }()
	timer := time.NewTimer(prompt)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		t.Fatalf("a call does not end within %v of its cancellation", prompt)
		return nil
	}
}
