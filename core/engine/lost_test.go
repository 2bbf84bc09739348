package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

func isLost(err error) bool {
	_, ok := errors.AsType[engine.Lost](err)
	return ok
}

// resumed holds the trials that have no outcome.
func (s *scene) resumed(t *testing.T) record.Summary {
	t.Helper()
	options := s.options()
	options.Done = map[string]core.Outcome{}
	for _, e := range seen[record.TrialEnded](s) {
		options.Done[e.Trial.ID] = e.Result.Outcome
	}
	summary, err := engine.Run(t.Context(), s.plan, options)
	if err != nil {
		t.Errorf("resuming: %v", err)
	}
	return summary
}

func TestATargetThatRefusesEverybodyStopsItsTrials(t *testing.T) {
	for name, test := range map[string]struct {
		err      error
		atStart  bool
		lost     string
		errored  int
		answered int // before the refusals
		refused  int // before the answers, where there are such
	}{
		"credentials at the start":                    {err: core.Errorf(core.ErrorAuth, "HTTP 401"), atStart: true, lost: "5 of 5 were refused"},
		"credentials at the message":                  {err: core.Errorf(core.ErrorAuth, "HTTP 401"), lost: "5 of 5 were refused"},
		"a configuration":                             {err: core.Errorf(core.ErrorConfig, "no such model"), lost: "5 of 5 were refused"},
		"a service that is not there, at the message": {err: core.Errorf(core.ErrorUnavailable, "connection refused"), lost: "it has never answered"},
		"a message":                                   {err: core.Errorf(core.ErrorInput, "too long"), errored: 200},
		"a bug":                                       {err: core.Errorf(core.ErrorProtocol, "odd"), errored: 200},
		"a target that has answered once":             {err: core.Errorf(core.ErrorAuth, "HTTP 401"), errored: 199, answered: 1},
		"one that refuses four, and then answers":     {err: core.Errorf(core.ErrorAuth, "HTTP 401"), errored: 4, refused: 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				said, mended := 0, false
				refuse := func() error {
					mu.Lock()
					defer mu.Unlock()
					if said++; said <= test.answered || mended || test.refused > 0 && said > test.refused {
						return nil
					}
					return test.err
				}
				a := &agent{
					start: func(context.Context, core.Start) error {
						time.Sleep(50 * time.Millisecond)
						if test.atStart {
							return refuse()
						}
						return nil
					},
					answer: func(context.Context, []core.Message) (core.Reply, error) {
						if test.atStart {
							return says("no"), nil
						}
						if err := refuse(); err != nil {
							return core.Reply{}, err
						}
						return says("no"), nil
					},
				}
				s := newScene(t, a, "hello")
				s.plan.Targets[0].Limits.Concurrency = 8
				s.times(200)
				summary, err := engine.Run(t.Context(), s.plan, s.options())
				if isLost(err) != (test.lost != "") || summary.Tally.Errored != test.errored || summary.Interrupted {
					t.Fatalf("%+v, %v; want lost: %q with %d errored", summary.Tally, err, test.lost, test.errored)
				}
				if test.lost == "" {
					return
				}
				if !strings.Contains(err.Error(), test.lost) || !strings.Contains(err.Error(), "stopped with 200 of 200 trials left") || !strings.Contains(err.Error(), test.err.Error()) {
					t.Errorf("%v", err)
				}
				mended = true
				if summary = s.resumed(t); summary.Tally.Defended != 200 {
					t.Errorf("resumed: %+v, want all held", summary.Tally)
				}
			})
		})
	}
}

func TestATargetThatComesUpAfterTheRunLosesNoTrial(t *testing.T) {
	for _, concurrency := range []int{1, 5, 32} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, unreachable(0, 1500*time.Millisecond), "hello")
			s.plan.Targets[0].Limits.Concurrency, s.plan.Targets[0].Limits.Retries = concurrency, 4
			s.times(300)
			if summary := s.run(t.Context()); summary.Tally.Errored > 0 || summary.Tally.Total() != 300 {
				t.Errorf("%d at a time: %+v, want none errored", concurrency, summary.Tally)
			}
		})
	}
}

func TestATargetThatStaysDownLeavesTrialsToResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, unreachable(10*time.Second, 30*time.Minute), "hello")
		s.plan.Targets[0].Limits.Concurrency, s.plan.Targets[0].Limits.Retries = 8, 4
		s.times(400)
		summary, err := engine.Run(t.Context(), s.plan, s.options())
		if !isLost(err) || summary.Tally.Errored > 8 || summary.Interrupted || summary.Stopped != "" {
			t.Fatalf("%+v, %v", summary, err)
		}
		time.Sleep(30 * time.Minute)
		if summary := s.resumed(t); summary.Tally.Total() != 400 {
			t.Errorf("resumed: %+v", summary.Tally)
		}
	})
}

func TestAPluginThatIsGoneEndsTheRunAndBurnsNothing(t *testing.T) {
	gone := core.Errorf(core.ErrorInternal, "plugin died 4 times; %w", core.ErrGone)
	for name, breakIt := range map[string]func(s *scene, a *agent){
		"of the target, at the start": func(_ *scene, a *agent) { a.start = func(context.Context, core.Start) error { return gone } },
		"of the target, at a message": func(_ *scene, a *agent) {
			a.answer = func(context.Context, []core.Message) (core.Reply, error) { return core.Reply{}, gone }
		},
		"of a scorer": func(s *scene, _ *agent) {
			s.shelf.scorers["leaked"] = score(func(context.Context, core.Evidence) (core.Score, error) { return core.Score{}, gone })
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := &agent{}
			s := newScene(t, a, "hello")
			breakIt(s, a)
			s.times(500)
			summary, err := engine.Run(t.Context(), s.plan, s.options())
			if !isLost(err) || summary.Tally.Total() != 0 {
				t.Errorf("%+v, %v; want no outcome", summary.Tally, err)
			}
			ended := seen[record.RunEnded](s)
			if len(ended) != 1 || ended[0].Status() != record.RunFailed {
				t.Errorf("ended as %+v", ended)
			}
		})
	}
}
