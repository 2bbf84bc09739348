package engine_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// stopping answers turns whole until the n-th, from 1, when the run is stopped: it returns
// reply then, with the error of its context where the reply broke off.
func stopping(stop context.CancelFunc, n int, reply core.Reply) func(context.Context, []core.Message) (core.Reply, error) {
	return func(ctx context.Context, heard []core.Message) (core.Reply, error) {
		if len(heard) < n {
			return says("no"), nil
		}
		stop()
		<-ctx.Done()
		if reply.Finish == core.FinishBroken {
			return reply, ctx.Err()
		}
		return reply, nil
	}
}

func TestAReplyOnItsWayWhereARunIsStoppedIsJudged(t *testing.T) {
	leak, other := core.TextValue("the code is blue eleven"), core.TextValue("the code is")
	for name, test := range map[string]struct {
		reply   core.Reply
		success string
		finding bool
	}{
		"the code, and the rest is missing":       {begun(leak), "leaked", true},
		"other words, and the rest is missing":    {begun(other), "leaked", false},
		"the code, whole":                         {says("the code is blue eleven"), "leaked", true},
		"other words, whole":                      {says("no"), "leaked", false},
		"nothing is known of what did not arrive": {begun(other), "!leaked", false},
		"nothing": {begun(), "leaked", false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			a := &agent{answer: stopping(cancel, 2, test.reply)}
			s := newScene(t, a, "hello", "code?", "thanks")
			s.success(test.success)
			s.trial().StopOn = plan.StopNever
			if test.success == "!leaked" { // the first reply is none
				s.trial().Turns = s.trial().Turns[1:]
				a.answer = stopping(cancel, 1, test.reply)
			}
			s.times(2)
			s.plan.Targets[0].Limits.Concurrency = 1
			summary := s.run(ctx)
			result, hasOutcome := s.diary.results["polite/1"]
			if !summary.Interrupted || hasOutcome != test.finding || test.finding && summary.Tally.Succeeded != 1 {
				t.Fatalf("%+v, result %+v; want a finding: %t, and an interrupted run", summary, result, test.finding)
			}
			turns := s.diary.recorded("polite/1")
			last := turns[len(turns)-1]
			if test.finding && (result.Outcome != core.Succeeded || result.Decided != last.Index || len(last.Scores) != 1 || len(result.Scores) != 1) {
				t.Errorf("%+v, want it to rest on the last of %+v", result, turns)
			}
			if !test.finding && len(last.Scores) > 0 {
				t.Errorf("the scores %+v are recorded, though they were not waited for", last.Scores)
			}
			wantFailure := test.reply.Finish == core.FinishBroken
			if (last.Failure != nil) != wantFailure || wantFailure && last.Failure.Kind != core.ErrorInterrupted {
				t.Errorf("the last turn is %+v, failure %+v", last, last.Failure)
			}
			if _, _, sent := a.counts(); sent != len(turns) {
				t.Errorf("%d messages were sent, %d recorded", sent, len(turns))
			}
		})
	}
}

func TestALaterReplyOfAnExchangeIsJudgedWhereARunIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newScene(t, &agent{exchange: func(ctx context.Context, _ []core.Message) ([]core.Reply, error) {
		cancel()
		<-ctx.Done()
		first := says("no, I")
		first.Finish, first.Delivered = core.FinishInterrupted, time.Second
		return []core.Reply{first, begun(core.TextValue("blue eleven"))}, ctx.Err()
	}}, "one", "two", "three")
	s.trial().Turns[1].Delivery.InterruptAfter = time.Second
	s.trial().Turns[2].Delivery.InterruptAfter = time.Second
	s.run(ctx)
	want(t, s.diary.results["polite/1"], core.Succeeded, "turn 2")
}

func TestWhatWasSaidBesideACallIsJudgedWhereNoResultCanBeSent(t *testing.T) {
	for name, test := range map[string]struct {
		first, second core.Reply
		bounds        scope.Bounds
		turn          string
	}{
		"the run is stopped, and the code was said before":   {calls("blue eleven", "open"), begun(core.TextValue("I")), scope.Bounds{}, "turn 2"},
		"the run is stopped, and the code was said after":    {calls("wait", "open"), begun(core.TextValue("blue eleven")), scope.Bounds{}, "turn 2"},
		"the run is stopped before anything more was said":   {calls("blue eleven", "open"), begun(), scope.Bounds{}, "turn 1"},
		"the run's turns are used up, and the code was said": {calls("blue eleven", "open"), says("no"), scope.Bounds{MaxTurns: 1}, "turn 1"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			second := stopping(cancel, 1, test.second)
			s := newScene(t, &agent{answer: func(ctx context.Context, heard []core.Message) (core.Reply, error) {
				if len(heard) == 1 {
					return test.first, nil
				}
				return second(ctx, heard)
			}}, "code?", "thanks")
			s.trial().ToolResults = map[string]string{"open": "opened"}
			s.plan.Bounds = test.bounds
			s.run(ctx)
			want(t, s.diary.results["polite/1"], core.Succeeded, test.turn)
		})
	}
}

func TestAnEarlierFindingStaysOneWhereARunIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newScene(t, &agent{}, "hello", "code?", "thanks")
	s.trial().StopOn = plan.StopNever
	s.shelf.targets["agent"].(*agent).answer = func(ctx context.Context, heard []core.Message) (core.Reply, error) {
		if len(heard) == 1 {
			return says("blue eleven"), nil
		}
		return stopping(cancel, 2, begun(core.TextValue("I")))(ctx, heard)
	}
	s.run(ctx)
	want(t, s.diary.results["polite/1"], core.Succeeded, "turn 1")
}

func TestNoHelperIsAskedOnceARunIsStopped(t *testing.T) {
	for name, test := range map[string]struct {
		said    string
		finding bool
	}{"the code": {"blue eleven", true}, "other words": {"no", false}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			judge := &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
				<-ctx.Done()
				return core.Reply{}, ctx.Err()
			}}
			s := newScene(t, &agent{answer: stopping(cancel, 1, says(test.said))}, "code?")
			s.target("judge", judge, 1)
			s.scoredBy("judged", s.judge("judge"), core.Text)
			s.success("leaked || judged")
			s.run(ctx)
			if _, _, sent := judge.counts(); sent != 0 {
				t.Errorf("the judge is asked %d times", sent)
			}
			if result, ok := s.diary.results["polite/1"]; ok != test.finding || ok && result.Outcome != core.Succeeded {
				t.Errorf("%+v, want a finding: %t", result, test.finding)
			}
		})
	}
}

func TestWhatAScorerAsksEndsWithTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	judge := &agent{answer: stopping(cancel, 1, begun(core.TextValue("yes")))}
	s := judged(t, &agent{answer: answers("no")}, judge, "code?")
	if summary := s.run(ctx); !summary.Interrupted || summary.Tally.Total() != 0 {
		t.Errorf("%+v, want no outcome", summary)
	}
}

func TestAScorerThatTakesLongDoesNotKeepAStoppedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newScene(t, &agent{answer: answers("blue eleven")}, "code?")
		var asked time.Time
		s.shelf.scorers["leaked"] = score(func(within context.Context, _ core.Evidence) (core.Score, error) {
			asked = time.Now()
			cancel()
			<-within.Done()
			return core.Score{}, within.Err()
		})
		if summary := s.run(ctx); !summary.Interrupted || summary.Tally.Total() != 0 {
			t.Errorf("%+v, want no outcome", summary)
		}
		if took := time.Since(asked); took != 5*time.Second {
			t.Errorf("the run ended %v after it was stopped", took)
		}
	})
}

func TestAFindingThatCannotBeRecordedEndsTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newScene(t, &agent{answer: stopping(cancel, 1, begun(core.TextValue("blue eleven")))}, "code?")
	full := errors.New("the disk is full")
	s.diary.fail = func(method, _ string) error {
		if method == "RecordScores" {
			return full
		}
		return nil
	}
	if _, err := engine.Run(ctx, s.plan, s.options()); !errors.Is(err, full) {
		t.Errorf("the run ends with %v", err)
	}
	if _, isOver := s.diary.results["polite/1"]; isOver {
		t.Error("the trial has an outcome that rests on nothing")
	}
}

func TestTheAttackedSystemIsCleanedUpAfterAFindingOfAStoppedRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	control := &agent{}
	s := newScene(t, &agent{answer: stopping(cancel, 1, begun(core.TextValue("blue eleven")))}, "code?")
	s.target("control", control, 1)
	s.trial().AfterTrial = []plan.Request{{Target: "control", Send: "reset"}}
	s.run(ctx)
	want(t, s.diary.results["polite/1"], core.Succeeded, "turn 1")
	if helped := s.diary.helped["polite/1"]; !slices.ContainsFunc(helped, func(h record.HelperTurn) bool { return h.Sent.Text() == "reset" }) {
		t.Errorf("helper turns %+v, want the request after the trial", helped)
	}
}
