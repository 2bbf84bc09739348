package app

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// told is a Reporter that keeps what came of a run.
type told struct {
	steps
	concluded []Conclusion
	headlines []string
}

func (*told) Observe(record.Event) {}

func (r *told) Conclude(c Conclusion) { r.concluded = append(r.concluded, c) }

func (r *told) Compare(c compare.Comparison) { r.headlines = append(r.headlines, c.Headline()) }

func TestARunIsCarriedOutReplayedAndJudgedAgain(t *testing.T) {
	const echoing = `version: 1
name: demo
targets: {agent: {use: echo}}
scorers: {leaked: {use: said}}
attacks: [{name: a, target: agent, objective: x, trials: 2, turns: [{user: hello}], scorers: [leaked]}]
`
	dir := t.TempDir()
	r := idle(t, nil)
	reporter := &told{}
	r.Planner, r.Reporter = planning(t, echoing), reporter
	r.Store = func(ctx context.Context) (*store.Store, error) { return store.Open(ctx, dir) }
	goOn := func(run string) string { return "resume " + run }
	run := func(spec Spec) Outcome {
		t.Helper()
		spec.GoOn = goOn
		out, err := r.Run(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(reporter.concluded); n == 0 || reporter.concluded[n-1].Run != out.Run || reporter.concluded[n-1].Verdict != out.Verdict {
			t.Errorf("told %+v, and the outcome is %+v", reporter.concluded, out)
		}
		return out
	}
	first := run(Spec{Kind: New, File: "demo.yaml", Record: true, Fallback: campaign.Previous})
	if first.Verdict != Findings || first.Why != "findings: the objective was reached in 2 of 2 trials" || first.Headline == "" || !slices.Equal(reporter.headlines, []string{first.Headline}) {
		t.Errorf("the outcome is %+v, told %q", first, reporter.headlines)
	}
	s, err := store.OpenReader(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	kept, err := s.Run(t.Context(), first.Run)
	if err != nil || kept.Status != store.Finished || !kept.Recorded || kept.Trials != 2 || kept.Outcomes[core.Succeeded] != 2 {
		t.Errorf("kept is %+v, %v", kept, err)
	}
	if len(kept.Plugins) != 1 || kept.Plugins[0].Trust != store.Bundled || kept.Plugins[0].Version != "1.2.0" {
		t.Errorf("the plugins are %+v", kept.Plugins)
	}
	for kind, of := range map[Kind]Spec{
		Replay:  {Kind: Replay, From: kept},
		Rescore: {Kind: Rescore, From: kept, File: "demo.yaml"},
	} {
		out := run(of)
		again, err := s.Run(t.Context(), out.Run)
		if err != nil || out.Verdict != Findings || out.Run == first.Run || again.Origin != first.Run || again.Outcomes[core.Succeeded] != 2 {
			t.Errorf("kind %d: %+v, kept %+v, %v", kind, out, again, err)
		}
	}
	out, err := r.Run(t.Context(), Spec{Kind: Resume, From: kept, GoOn: goOn})
	if core.KindOf(err) != core.ErrorConfig || !errors.Is(err, store.ErrFinished) || out != (Outcome{}) {
		t.Errorf("a finished run is resumed: %+v, %v", out, err)
	}
	if len(reporter.concluded) != 3 {
		t.Errorf("told %d conclusions, want 3", len(reporter.concluded))
	}
}
