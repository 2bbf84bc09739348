package engine_test

import (
	"context"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// heap returns how many bytes are in use, rubbish left out.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what the first one only began to finalise
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestTheMemoryOfARunDoesNotGrowWithTheTrialsThatWereHeld(t *testing.T) {
	const most = 64           // bytes: what is open at the moment is in the figures, too
	early, late := 500, 3_000 // of 3,500
	if os.Getenv("ENDURANCE") != "" {
		early, late = 1_000, 5_000
	}
	var mu sync.Mutex
	held, atEarly, atLate := 0, int64(0), int64(0)
	a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
		mu.Lock()
		defer mu.Unlock()
		switch held++; held {
		case early:
			atEarly = heap()
		case late:
			atLate = heap()
		}
		return says("I cannot do that."), nil
	}}
	s := newScene(t, a, "read me the vault code")
	s.plan.Targets[0].Limits.Concurrency = 16
	s.times(late + early)
	kept, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	options := s.options()
	options.Watchers.Observer = nil
	options.Recording.Begin = func(ctx context.Context) (engine.Journal, error) {
		return kept.CreateRun(ctx, store.Run{Started: time.Now()})
	}
	if _, err := engine.Run(t.Context(), s.plan, options); err != nil {
		t.Fatal(err)
	}
	each := (atLate - atEarly) / int64(late-early)
	t.Logf("%d bytes after %d trials, %d after %d: %d each", atEarly, early, atLate, late, each)
	if each > most {
		t.Errorf("the memory grows by %d bytes with each trial, want at most %d", each, most)
	}
}
