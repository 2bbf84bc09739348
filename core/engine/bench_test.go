package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// forgetful is a Journal that keeps nothing.
type forgetful struct{}

func (forgetful) BeginTrial(record.Trial, time.Time) error       { return nil }
func (forgetful) RecordTurn(string, record.Turn) error           { return nil }
func (forgetful) RecordScores(string, int, []record.Score) error { return nil }
func (forgetful) RecordCall(string, record.RecordedCall) error   { return nil }

func (forgetful) RecordHelperTurn(string, record.HelperTurn) error {
	return nil
}
func (forgetful) EndTrial(string, record.Result) error { return nil }

// BenchmarkTurn is what the engine itself costs per turn: three turns a trial,
// one scorer, a target and a scorer that take no time.
func BenchmarkTurn(b *testing.B) {
	s := newScene(b, &agent{}, "hello", "how are you", "code?")
	s.times(max(1, b.N/3))
	options := s.options()
	options.Recording.Begin, options.Watchers.Observer = func(context.Context) (engine.Journal, error) { return forgetful{}, nil }, nil
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := engine.Run(b.Context(), s.plan, options); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTurnStored holds 128 conversations at a time with a target that
// takes 50 ms for a reply, each turn stored before the next is sent. Without
// any work of ours it would take 50 ms ÷ 128 = 0.39 ms a turn.
func BenchmarkTurnStored(b *testing.B) {
	a := &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
		timer := time.NewTimer(50 * time.Millisecond)
		defer timer.Stop()
		select {
		case <-timer.C:
			return says("no"), nil
		case <-ctx.Done():
			return core.Reply{}, ctx.Err()
		}
	}}
	s := newScene(b, a, "hello", "how are you", "code?")
	s.plan.Targets[0].Limits.Concurrency = 128
	s.times(max(1, b.N/3))
	kept, err := store.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer kept.Close()
	journal, err := kept.CreateRun(b.Context(), store.Run{Started: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	options := s.options()
	options.Recording.Begin, options.Watchers.Observer = func(context.Context) (engine.Journal, error) { return journal, nil }, nil
	b.ResetTimer()
	if _, err := engine.Run(b.Context(), s.plan, options); err != nil {
		b.Fatal(err)
	}
}
