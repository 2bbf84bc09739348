package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
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
	events, err := os.ReadFile(eventlog.File(dir, first.Run))
	for _, event := range []string{"plugin_started", "run_started", "trial_ended", "run_ended"} {
		if err != nil || !strings.Contains(string(events), `"event":"`+event+`"`) {
			t.Errorf("the event log lacks %s (%v):\n%s", event, err, events)
		}
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

func TestALogThatLacksEventsIsWarnedOfAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "events"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var warnings []string
	f := &followers{log: eventlog.New(eventlog.Options{Warn: func(message string) { warnings = append(warnings, message) }})}
	f.begin(dir, "r1")
	f.observer().Observe(record.TargetResumed{Target: "agent"})
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 2 || !strings.Contains(warnings[1], "the event log of run r1 lacks 1 events") {
		t.Errorf("warnings %q, want one at once and one at the end", warnings)
	}
}

func TestARunIsResumedByThePlanThatItBeganWith(t *testing.T) {
	p := &plan.Plan{Name: "demo"}
	same, other := store.Run{ID: "a", Plan: p.Fingerprint(), Version: "v1"}, store.Run{ID: "a", Plan: "0123456789", Version: "v1"}
	for name, test := range map[string]struct {
		run     store.Run
		changed []string
		allow   bool
		want    string
		warned  int
	}{
		"nothing has changed":           {same, nil, false, "", 0},
		"a file has changed":            {same, []string{"c.yaml has changed"}, false, "c.yaml has changed\nrun a is not resumed: one thing has changed since it began", 0},
		"two have":                      {same, []string{"c", "d"}, false, "c\nd\nrun a is not resumed: 2 things have changed since it began", 0},
		"it has, and that is allowed":   {same, []string{"c.yaml has changed"}, true, "", 1},
		"the plan is another one":       {other, nil, false, "run a is not resumed: its campaign comes to other trials now", 0},
		"another plan is never allowed": {other, []string{"c.yaml has changed"}, true, "run a is not resumed: its campaign comes to other trials now", 1},
	} {
		log := &notes{}
		err := recorder{log: log}.accept(test.run, p, test.changed, test.allow)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if len(log.warned) != test.warned {
			t.Errorf("%s: warned %q", name, log.warned)
		}
	}
}

func TestWhatCannotBeReadIsNotCompared(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if c, err := Compare(stopped, s.Reader, store.Run{}, store.Run{ID: "a"}, compare.Alpha); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v; want that it was stopped", c, err)
	}
}

func TestAReferenceToASecretThatIsNoneIsAMistake(t *testing.T) {
	p := &plan.Plan{Targets: []plan.Target{{Component: plan.Component{Name: "agent", Config: []byte(`{"key":"${}"}`)}}}}
	if err := (&Secrets{Files: lost{}}).Check(&campaign.Campaign{File: "/c.yaml"}, p); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("error %v, want one of config", err)
	}
}
