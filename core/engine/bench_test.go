package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// forgetful is a Journal that keeps nothing.
type forgetful struct{}

func (forgetful) BeginTrial(context.Context, *plan.Trial, time.Time) error        { return nil }
func (forgetful) RecordTurn(context.Context, string, engine.Turn) error           { return nil }
func (forgetful) RecordScores(context.Context, string, int, []engine.Score) error { return nil }
func (forgetful) EndTrial(context.Context, string, engine.Result) error           { return nil }

// BenchmarkTurn is what the engine itself costs per turn: three turns a trial,
// one scorer, a target and a scorer that take no time.
func BenchmarkTurn(b *testing.B) {
	a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) { return says("no"), nil }}
	s := newScene(b, a, "hello", "how are you", "code?")
	s.times(max(1, b.N/3))
	options := s.options()
	options.Journal, options.Observer = forgetful{}, nil
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := engine.Run(b.Context(), s.plan, options); err != nil {
		b.Fatal(err)
	}
}
