package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// seen returns the events of one type, in order.
func seen[T record.Event](s *scene) []T {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	var all []T
	for _, e := range s.seen.events {
		if e, ok := e.(T); ok {
			all = append(all, e)
		}
	}
	return all
}

func TestAnObserverSeesEachPauseOfATargetAndItsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		start error // of the first conversation
		first error // of the first message
		reply core.Reply
		want  record.TargetPaused
	}{
		"the service asks for it": {
			first: core.Errorf(core.ErrorRateLimited, "slow down").After(12 * time.Second),
			want:  record.TargetPaused{Target: "agent", For: 12 * time.Second, Reason: record.PauseAsked},
		},
		"the service asks for it at a start": {
			start: core.Errorf(core.ErrorRateLimited, "slow down").After(12 * time.Second),
			want:  record.TargetPaused{Target: "agent", For: 12 * time.Second, Reason: record.PauseAsked},
		},
		"a limit is used up": {
			reply: left(core.RateLimit{Name: "requests", Reset: 20 * time.Second}),
			want:  record.TargetPaused{Target: "agent", For: 20 * time.Second, Reason: record.PauseUsedUp},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun, asked := 0, 0
				a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
					if asked++; asked == 1 && test.start == nil {
						return test.reply, test.first
					}
					time.Sleep(time.Second)
					return says("no"), nil
				}}
				a.start = func(context.Context, core.Start) error {
					if begun++; begun == 1 {
						return test.start
					}
					return nil
				}
				s := newScene(t, a, "one", "two")
				s.plan.Targets[0].Limits.Retries = 4
				s.run(t.Context())
				paused := seen[record.TargetPaused](s)
				if len(paused) == 0 || paused[0] != test.want {
					t.Errorf("pauses %+v, want %+v", paused, test.want)
				}
				if resumed := seen[record.TargetResumed](s); len(resumed) != 1 || resumed[0].Target != "agent" {
					t.Errorf("resumed %+v, want once", resumed)
				}
			})
		})
	}
}

func TestAnObserverSeesATargetGoDownAndComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, unreachable(10*time.Second, time.Minute), "hello")
		s.plan.Targets[0].Limits.Retries = 4
		s.times(100)
		if summary := s.run(t.Context()); summary.Tally.Defended != 100 {
			t.Errorf("%+v, want no trial lost by the outage", summary.Tally)
		}
		down, up := seen[record.TargetDown](s), seen[record.TargetUp](s)
		if len(down) != 1 || down[0] != (record.TargetDown{Target: "agent", Kind: core.ErrorUnavailable}) {
			t.Errorf("down %+v, want once", down)
		}
		if len(up) != 1 || up[0].After < 30*time.Second || up[0].After > 5*time.Minute {
			t.Errorf("up %+v, want once, after the outage of 50 s and at most a few tries", up)
		}
		if !slices.ContainsFunc(seen[record.TargetPaused](s), func(p record.TargetPaused) bool { return p.Reason == record.PauseDown }) {
			t.Error("no pause says that the target is down")
		}
		retried := seen[record.RequestRetried](s)
		if len(retried) == 0 || retried[0] != (record.RequestRetried{Target: "agent", Start: true, Try: 1, Kind: core.ErrorUnavailable}) {
			t.Errorf("retried %+v, want the first start again", retried)
		}
	})
}

func TestNobodyIsToldOfTheEndOfAPauseThatOutlastsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			return left(core.RateLimit{Name: "requests", Reset: time.Minute}), nil
		}}, "one")
		s.run(t.Context())
		time.Sleep(2 * time.Minute)
		s.seen.mu.Lock()
		defer s.seen.mu.Unlock()
		if _, last := s.seen.events[len(s.seen.events)-1].(record.RunEnded); !last {
			t.Errorf("events after the run's end: %T", s.seen.events[len(s.seen.events)-1])
		}
	})
}

func TestAnObserverSeesWhatComponentsDoAndHowLongItTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := judged(t, &agent{}, &agent{answer: answers("leaked")}, "code?")
		s.converter("speak", convert(func(_ context.Context, v core.Value) (core.Value, error) {
			time.Sleep(3 * time.Second)
			return v, errors.New("no voice")
		}))
		first := s.plan.Trials[0]
		s.times(2)
		s.plan.Trials[0].Turns = strategy.Script{strategy.Say(core.TextValue("code?"), "speak")}
		s.plan.Trials[1].Turns = first.Turns
		s.run(t.Context())
		converted := seen[record.ConverterEnded](s)
		if len(converted) != 1 || converted[0].Name != "speak" || converted[0].Took != 3*time.Second || converted[0].Failure == nil {
			t.Errorf("converters %+v", converted)
		}
		helped := seen[record.HelperTurnEnded](s)
		if len(helped) != 1 || helped[0].Trial.ID != s.plan.Trials[1].ID || helped[0].Turn.Kind != core.KindScorer {
			t.Errorf("helpers %+v", helped)
		}
		if scored := seen[record.ScorerEnded](s); len(scored) != len(s.trial().Scorers) || scored[0].Trial.ID != s.plan.Trials[1].ID {
			t.Errorf("scorers %+v", scored)
		}
	})
}

func TestAnObserverSeesWhyARunEnded(t *testing.T) {
	t.Run("a bound", func(t *testing.T) {
		s := newScene(t, &agent{}, "one", "two")
		s.plan.Bounds.MaxTurns = 1
		s.run(t.Context())
		if bound := seen[record.BoundReached](s); len(bound) != 1 || !strings.Contains(bound[0].Why, "max_turns: 1 of 1 turns are used") {
			t.Errorf("bounds %+v", bound)
		}
		if n := len(seen[record.TrialInterrupted](s)); n != 1 {
			t.Errorf("%d trials were interrupted, want 1", n)
		}
		if ended := seen[record.RunEnded](s); len(ended) != 1 || ended[0].Summary.Stopped == "" || ended[0].Failure != nil {
			t.Errorf("ended %+v", ended)
		}
	})
	t.Run("a record that cannot be kept", func(t *testing.T) {
		s := newScene(t, &agent{}, "one")
		s.diary.fail = func(method, _ string) error {
			if method == "RecordTurn" {
				return errors.New("the disk is full")
			}
			return nil
		}
		if _, err := engine.Run(t.Context(), s.plan, s.options()); err == nil {
			t.Fatal("the run did not fail")
		}
		if ended := seen[record.RunEnded](s); len(ended) != 1 || ended[0].Failure == nil {
			t.Errorf("ended %+v", ended)
		}
	})
	t.Run("nothing begun", func(t *testing.T) {
		s := newScene(t, &agent{}, "one")
		s.shelf.broken["agent"] = errors.New("no")
		if _, err := engine.Run(t.Context(), s.plan, s.options()); err == nil {
			t.Fatal("the run did not fail")
		}
		if n := len(s.seen.events); n != 0 {
			t.Errorf("%d events, want none", n)
		}
	})
}

// pathTracer notes each step with those that it is within.
type pathTracer struct {
	mu    sync.Mutex
	began []string
	ended map[string]record.StepEnd
}

type pathKey struct{}

func (p *pathTracer) Begin(ctx context.Context, s record.Step) (context.Context, func(record.StepEnd)) {
	path, _ := ctx.Value(pathKey{}).(string)
	path += fmt.Sprintf("/%s %s", s.Kind, s.Name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began = append(p.began, path)
	return context.WithValue(ctx, pathKey{}, path), func(e record.StepEnd) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.ended == nil {
			p.ended = map[string]record.StepEnd{}
		}
		p.ended[path] = e
	}
}

func TestATracerSeesEachStepWithinTheOneThatItBelongsTo(t *testing.T) {
	s := judged(t, &agent{answer: answers("blue eleven")}, &agent{answer: answers("yes")}, "code?")
	s.converter("speak", convert(func(_ context.Context, v core.Value) (core.Value, error) { return v, nil }))
	s.trial().Turns = strategy.Script{strategy.Say(core.TextValue("code?"), "speak")}
	tracer, options := &pathTracer{}, s.options()
	options.Watchers.Tracer = tracer
	if _, err := engine.Run(t.Context(), s.plan, options); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/run test",
		"/run test/trial polite/1",
		"/run test/trial polite/1/start agent",
		"/run test/trial polite/1/turn ",
		"/run test/trial polite/1/turn /convert speak",
		"/run test/trial polite/1/turn /send agent",
		"/run test/trial polite/1/turn /score " + s.trial().Scorers[0],
		"/run test/trial polite/1/turn /score " + s.trial().Scorers[0] + "/start judge",
		"/run test/trial polite/1/turn /score " + s.trial().Scorers[0] + "/send judge",
	}
	if !slices.Equal(tracer.began, want) {
		t.Errorf("steps\n%s\nwant\n%s", strings.Join(tracer.began, "\n"), strings.Join(want, "\n"))
	}
	if len(tracer.ended) != len(want) {
		t.Errorf("%d of %d steps ended", len(tracer.ended), len(want))
	}
	if outcome := tracer.ended[want[1]].Outcome; outcome == "" {
		t.Error("the trial ended without its outcome")
	}
}

func TestATrialThatNothingMayBeSentInIsNotBegun(t *testing.T) {
	s := newScene(t, &agent{}, "one")
	s.times(3)
	s.plan.Targets[0].Limits.Concurrency = 1
	s.plan.Bounds.MaxTurns = 1
	s.run(t.Context())
	if started := seen[record.TrialStarted](s); len(started) != 1 || len(s.diary.begun) != 1 {
		t.Errorf("%d trials were started and %d begun in the record, want one", len(started), len(s.diary.begun))
	}
}
