package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// askOnce asks a target one question in a conversation of its own.
func askOnce(ctx context.Context, target core.Target, question string) (core.Reply, error) {
	talk, err := target.StartConversation(ctx, core.Start{SystemPrompt: "You judge.", History: []core.Message{core.UserText("before")}})
	if err != nil {
		return core.Reply{}, err
	}
	defer func() { _ = talk.End(ctx) }()
	return talk.Send(ctx, core.UserText(question))
}

// judge is a scorer that asks a target of the campaign, and takes "yes" for true.
func (s *scene) judge(model string) score {
	return func(ctx context.Context, e core.Evidence) (core.Score, error) {
		reply, err := askOnce(ctx, s.shelf.helpers[model], "Is it in "+e.Values[0].Text()+"?")
		if err != nil {
			return core.Score{}, err
		}
		return core.BoolScore(reply.Message.Text() == "yes", "the judge said "+reply.Message.Text()), nil
	}
}

// judged makes a scene whose scorer asks the target "judge".
func judged(t testing.TB, a, judge *agent, turns ...string) *scene {
	s := newScene(t, a, turns...)
	s.target("judge", judge, 1)
	s.shelf.scorers["leaked"] = s.judge("judge")
	return s
}

// target adds a target.
func (s *scene) target(name string, target core.Target, concurrency int) {
	s.plan.Targets = append(s.plan.Targets, plan.Target{
		Component: component(name), Limits: scope.Limits{Concurrency: concurrency, Timeout: time.Minute},
	})
	s.shelf.targets[name] = target
}

// answers always says the same.
func answers(text string) func(context.Context, []core.Message) (core.Reply, error) {
	return func(context.Context, []core.Message) (core.Reply, error) { return says(text), nil }
}

func TestWhatAScorerAsksIsRecordedBeforeItsResultIsUsed(t *testing.T) {
	judge := &agent{answer: sayInTurn("yes")}
	s := judged(t, &agent{answer: answers("blue eleven")}, judge, "hello")
	s.diary.fail = func(method, trialID string) error {
		if method == "RecordScores" && len(s.diary.helped[trialID]) != 1 {
			t.Error("the score is recorded before what it rests on")
		}
		return nil
	}
	result := s.outcome()
	want(t, result, core.Succeeded, "the judge said yes")
	if want := (core.Usage{InputTokens: 6, OutputTokens: 10}); result.Usage != want {
		t.Errorf("usage = %+v, want the judge's counted too: %+v", result.Usage, want)
	}
	got := s.diary.helped["polite/1"]
	if len(got) != 1 || got[0].Started.IsZero() || got[0].Ended.Before(got[0].Started) {
		t.Fatalf("helper turns %+v, want one with its times", got)
	}
	got[0].Started, got[0].Ended = time.Time{}, time.Time{}
	reply := says("yes")
	wanted := record.HelperTurn{
		Turn: record.Turn{Sent: core.UserText("Is it in blue eleven?"), Reply: &reply},
		Kind: core.KindScorer, By: "leaked", Target: "judge",
		Start: core.Start{SystemPrompt: "You judge.", History: []core.Message{core.UserText("before")}},
	}
	if diff := cmp.Diff(wanted, got[0]); diff != "" {
		t.Errorf("helper turn (-want +got):\n%s", diff)
	}
	if open, _, _ := judge.counts(); open != 0 || !judge.closed {
		t.Errorf("%d conversations with the judge are open, closed %t", open, judge.closed)
	}
}

func TestWhoAskedAndForWhichTurnIsRecorded(t *testing.T) {
	s := judged(t, &agent{answer: answers("no")}, &agent{answer: answers("no")}, "one", "two")
	s.converter("reword", convert(func(ctx context.Context, in core.Value) (core.Value, error) {
		reply, err := askOnce(ctx, s.shelf.helpers["judge"], in.Text())
		return core.TextValue(in.Text() + ", " + reply.Message.Text()), err
	}))
	s.trial().Turns[1].Parts[0].Converters = []string{"reword"}
	s.scoredBy("heard", s.judge("judge"), core.Text, "reword")
	s.success("leaked || heard")
	want(t, s.outcome(), core.Defended)
	var got []string
	for _, h := range s.diary.helped["polite/1"] {
		got = append(got, fmt.Sprintf("%s %s for %d: %s", h.Kind, h.By, h.For, h.Sent.Text()))
	}
	wanted := []string{
		"scorer leaked for 0: Is it in no?",
		"converter reword for 0: no", "scorer heard for 0: Is it in no, no?",
		"converter reword for 1: two",
		"scorer leaked for 1: Is it in no?",
		"converter reword for 1: no", "scorer heard for 1: Is it in no, no?",
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestAHelperThatDoesNotAnswerLeavesTheScoreUnknown(t *testing.T) {
	down := core.Errorf(core.ErrorUnavailable, "connection refused").WithHint("start it")
	for name, test := range map[string]struct {
		judge   *agent
		scorer  func(s *scene) score
		outcome core.Outcome
		words   []string
	}{
		"it cannot be reached": {
			&agent{start: func(context.Context, core.Start) error { return down }}, nil,
			core.Undetermined,
			[]string{`scorer "leaked" could not tell`, `target "judge": starting the conversation: connection refused`},
		},
		"its turn fails": {
			&agent{answer: func(context.Context, []core.Message) (core.Reply, error) { return core.Reply{}, down }}, nil,
			core.Undetermined,
			[]string{`target "judge": sending: connection refused`},
		},
		"it says too much": {
			&agent{answer: answers(strings.Repeat("x", 64<<20+1))}, nil,
			core.Undetermined,
			[]string{`target "judge": a reply of 67108865 bytes is larger`},
		},
		"the scorer judges all the same": {
			&agent{answer: func(context.Context, []core.Message) (core.Reply, error) { return core.Reply{}, down }},
			func(s *scene) score {
				return func(ctx context.Context, _ core.Evidence) (core.Score, error) {
					_, _ = askOnce(ctx, s.shelf.helpers["judge"], "well?")
					return core.BoolScore(false, "nothing to see"), nil
				}
			},
			core.Undetermined,
			[]string{`the score was given without the answer of the model: target "judge": sending: connection refused`},
		},
		"the scorer says that it cannot tell": {
			&agent{answer: func(context.Context, []core.Message) (core.Reply, error) { return core.Reply{}, down }},
			func(s *scene) score {
				return func(ctx context.Context, _ core.Evidence) (core.Score, error) {
					_, _ = askOnce(ctx, s.shelf.helpers["judge"], "well?")
					return core.UnknownScore("the model is away"), nil
				}
			},
			core.Undetermined,
			[]string{`scorer "leaked" could not tell: the model is away`},
		},
		"the scorer asks again": {
			&agent{answer: failingOnce(down)},
			func(s *scene) score {
				return func(ctx context.Context, e core.Evidence) (core.Score, error) {
					_, _ = askOnce(ctx, s.shelf.helpers["judge"], "well?")
					return s.judge("judge")(ctx, e)
				}
			},
			core.Defended, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := judged(t, &agent{answer: answers("no")}, test.judge, "hello")
			if test.scorer != nil {
				s.shelf.scorers["leaked"] = test.scorer(s)
			}
			want(t, s.outcome(), test.outcome, test.words...)
			helped := s.diary.helped["polite/1"]
			if len(helped) == 0 || helped[0].Failure == nil || helped[0].Start.SystemPrompt != "You judge." {
				t.Errorf("helper turns %+v, want the first with its failure", helped)
			}
		})
	}
}

// failingOnce says "no" after it has failed once.
func failingOnce(err error) func(context.Context, []core.Message) (core.Reply, error) {
	var once sync.Once
	return func(context.Context, []core.Message) (reply core.Reply, failure error) {
		reply = says("no")
		once.Do(func() { reply, failure = core.Reply{}, err })
		return reply, failure
	}
}

func TestAConverterWhoseHelperDoesNotAnswerMakesTheTrialErrored(t *testing.T) {
	judge := &agent{start: func(context.Context, core.Start) error { return core.Errorf(core.ErrorAuth, "who are you?") }}
	s := judged(t, &agent{}, judge, "hello")
	s.converter("reword", convert(func(ctx context.Context, in core.Value) (core.Value, error) {
		_, err := askOnce(ctx, s.shelf.helpers["judge"], in.Text())
		return in, err
	}))
	s.trial().Turns[0].Parts[0].Converters = []string{"reword"}
	result := s.outcome()
	want(t, result, core.Errored, `converter "reword"`, "who are you?")
	if result.Failure.Kind != core.ErrorAuth {
		t.Errorf("the failure is of kind %s, want auth", result.Failure.Kind)
	}
}

// busy counts how many requests a target answers at a time.
type busy struct {
	mu        sync.Mutex
	now, most int
	takes     time.Duration
}

func (b *busy) answer(context.Context, []core.Message) (core.Reply, error) {
	b.mu.Lock()
	b.now++
	b.most = max(b.most, b.now)
	b.mu.Unlock()
	time.Sleep(b.takes)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now--
	return says("no"), nil
}

func TestTrialsAndHelpersShareTheLimitsOfATarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		work := &busy{takes: time.Second}
		s := newScene(t, &agent{answer: work.answer}, "one", "two")
		s.plan.Targets[0].Limits.Concurrency = 2
		s.shelf.scorers["leaked"] = s.judge("agent")
		s.times(6)
		s.run(t.Context())
		if len(s.diary.results) != 6 {
			t.Errorf("%d trials have ended, want 6", len(s.diary.results))
		}
		if work.most != 2 {
			t.Errorf("the target answered %d at a time, want 2", work.most)
		}
	})
}

func TestTargetsThatJudgeEachOtherOneAtATimeDoNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &busy{takes: time.Second}, &busy{takes: time.Second}
		s := newScene(t, &agent{answer: first.answer}, "one", "two")
		s.plan.Targets[0].Limits.Concurrency = 1
		s.target("other", &agent{answer: second.answer}, 1)
		s.shelf.scorers["leaked"] = s.judge("other")
		s.scoredBy("vice_versa", s.judge("agent"), core.Text)
		s.times(4)
		for i := range s.plan.Trials {
			s.plan.Trials[i].Scorers = []string{"leaked"}
			if i%2 == 1 {
				s.plan.Trials[i].Target = "other"
				s.plan.Trials[i].Scorers = []string{"vice_versa"}
				s.plan.Trials[i].Success = compile(t, "vice_versa", "vice_versa")
			}
		}
		s.run(t.Context())
		if len(s.diary.results) != 4 || first.most != 1 || second.most != 1 {
			t.Errorf("%d trials ended; %d and %d at a time, want 4 trials and 1 at a time", len(s.diary.results), first.most, second.most)
		}
	})
}

func TestAJudgeThatAsksForTimeIsGivenIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var arrived timesOf
		judge := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			arrived.note()
			return left(core.RateLimit{Name: "requests", Reset: 20 * time.Second}), nil
		}}
		s := judged(t, &agent{answer: answers("no")}, judge, "one", "two")
		want(t, s.outcome(), core.Defended)
		if arrived.since[1] != 20*time.Second {
			t.Errorf("the judge was asked again after %s, want 20s", arrived.since[1])
		}
	})
}

func TestAJudgeIsHeldToItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		judge := &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
			<-ctx.Done()
			return core.Reply{}, ctx.Err()
		}}
		s := judged(t, &agent{answer: answers("no")}, judge, "one")
		want(t, s.outcome(), core.Undetermined, `target "judge": sending: no answer within 1m0s`)
		if h := s.diary.helped["polite/1"]; len(h) != 1 || h[0].Failure.Kind != core.ErrorTimeout {
			t.Errorf("helper turns %+v, want one that timed out", h)
		}
	})
}

func TestAnInterruptionReachesTheJudge(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	judge := &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
		cancel()
		<-ctx.Done()
		return core.Reply{}, ctx.Err()
	}}
	s := judged(t, &agent{answer: answers("no")}, judge, "one")
	if summary := s.run(ctx); !summary.Interrupted {
		t.Error("the run is not said to be interrupted")
	}
	if h := s.diary.helped["polite/1"]; len(h) != 1 || h[0].Failure.Kind != core.ErrorInterrupted {
		t.Errorf("helper turns %+v, want one that was interrupted", h)
	}
	if _, over := s.diary.results["polite/1"]; over {
		t.Error("the trial has an outcome")
	}
}

func TestAHelperIsAskedForACallAndOnlyWhileItLasts(t *testing.T) {
	var kept context.Context
	s := judged(t, &agent{answer: answers("no")}, &agent{answer: answers("no")}, "one")
	ask := s.shelf.scorers["leaked"]
	s.shelf.scorers["leaked"] = score(func(ctx context.Context, e core.Evidence) (core.Score, error) {
		kept = context.WithoutCancel(ctx)
		return ask.Score(ctx, e)
	})
	want(t, s.outcome(), core.Defended)
	for ctx, words := range map[context.Context]string{
		t.Context(): `target "judge" is asked outside of a trial`,
		kept:        `scorer "leaked" asks a target for a call that is over`,
	} {
		_, err := s.shelf.helpers["judge"].StartConversation(ctx, core.Start{})
		if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), words) {
			t.Errorf("%v, want a protocol error that says %q", err, words)
		}
	}
}

func TestARunEndsWhereAHelpersTurnCannotBeRecorded(t *testing.T) {
	full := errors.New("the disk is full")
	s := judged(t, &agent{answer: answers("no")}, &agent{answer: answers("no")}, "one")
	s.diary.fail = func(method, _ string) error {
		switch method {
		case "RecordHelperTurn":
			return full
		case "RecordScores":
			t.Error("scores are recorded that rest on what is not")
		}
		return nil
	}
	if _, err := engine.Run(t.Context(), s.plan, s.options()); !errors.Is(err, full) {
		t.Errorf("Run: %v, want what the journal failed with", err)
	}
}

func TestSecretsAreRemovedFromWhatHelpersAreAskedAndFromTheirErrors(t *testing.T) {
	var told error
	judge := &agent{answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
		return core.Reply{}, core.Errorf(core.ErrorRateLimited, "key hunter2 is used up").After(time.Millisecond).WithHint("not hunter2")
	}}
	s := judged(t, &agent{answer: answers("I know hunter2")}, judge, "one")
	s.plan.Targets[1].Config = []byte(`{"key": "${KEY}"}`)
	s.redact = secret.NewRedactor()
	s.lookup = func(secret.Reference) (string, error) { return "hunter2", nil }
	ask := s.shelf.scorers["leaked"]
	s.shelf.scorers["leaked"] = score(func(ctx context.Context, e core.Evidence) (core.Score, error) {
		score, err := ask.Score(ctx, e)
		told = err
		return score, err
	})
	s.outcome()
	shown := fmt.Sprintf("%+v %+v %s", s.diary.helped, s.diary.helped["polite/1"][0].Failure, s.diary.helped["polite/1"][0].Sent.Text())
	if strings.Contains(shown, "hunter2") || !strings.Contains(shown, "[redacted]") {
		t.Errorf("the record has the secret, or nothing: %s", shown)
	}
	if strings.Contains(fmt.Sprint(told, core.HintOf(told)), "hunter2") || core.KindOf(told) != core.ErrorRateLimited || core.RetryAfterOf(told) != time.Millisecond {
		t.Errorf("the scorer is told %v (%s)", told, core.HintOf(told))
	}
}

func TestAComponentMayAskSeveralQuestionsAtOnce(t *testing.T) {
	s := judged(t, &agent{answer: answers("no")}, &agent{answer: answers("no")}, "one")
	s.plan.Targets[1].Limits.Concurrency = 4
	s.shelf.scorers["leaked"] = score(func(ctx context.Context, e core.Evidence) (core.Score, error) {
		var asking sync.WaitGroup
		for i := range 16 {
			asking.Go(func() {
				if _, err := askOnce(ctx, s.shelf.helpers["judge"], fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		return core.BoolScore(false, ""), nil
	})
	result := s.outcome()
	want(t, result, core.Defended)
	if n := len(s.diary.helped["polite/1"]); n != 16 || result.Usage.InputTokens != 17*3 {
		t.Errorf("%d helper turns, usage %+v; want 16 and theirs", n, result.Usage)
	}
	conversations := map[int]bool{}
	for _, h := range s.diary.helped["polite/1"] {
		conversations[h.Conversation] = true
	}
	if len(conversations) != 16 {
		t.Errorf("%d conversations, want 16", len(conversations))
	}
}

func TestWhatAComponentLeavesBehindIsOverBeforeItsResultIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := judged(t, &agent{answer: answers("no")}, &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			return core.Reply{}, ctx.Err()
		}}, "one")
		s.shelf.scorers["leaked"] = score(func(ctx context.Context, _ core.Evidence) (core.Score, error) {
			asking := make(chan struct{})
			go func() {
				talk, err := s.shelf.helpers["judge"].StartConversation(ctx, core.Start{})
				close(asking)
				if err == nil {
					_, _ = talk.Send(ctx, core.UserText("well?"))
				}
			}()
			<-asking
			time.Sleep(time.Second)
			return core.BoolScore(false, ""), nil
		})
		s.diary.fail = func(method, trialID string) error {
			if helped := s.diary.helped[trialID]; method == "RecordScores" && (len(helped) != 1 || helped[0].Failure == nil) {
				t.Errorf("the scores are recorded after %+v, want the question that was left behind", helped)
			}
			return nil
		}
		want(t, s.outcome(), core.Undetermined, `scorer "leaked" could not tell`)
	})
}

func TestEachConversationWithAHelperHasItsOwnSeedAndOneRecordOfItsBeginning(t *testing.T) {
	var mu sync.Mutex
	seeds := map[uint64]bool{}
	s := judged(t, &agent{}, &agent{start: func(_ context.Context, s core.Start) error {
		mu.Lock()
		defer mu.Unlock()
		seeds[s.Seed] = true
		return nil
	}, answer: answers("no")}, "one")
	s.shelf.scorers["leaked"] = score(func(ctx context.Context, _ core.Evidence) (core.Score, error) {
		for range 2 {
			talk, err := s.shelf.helpers["judge"].StartConversation(ctx, core.Start{SystemPrompt: "You judge."})
			if err != nil {
				return core.Score{}, err
			}
			for _, question := range []string{"well?", "really?"} {
				if _, err := talk.Send(ctx, core.UserText(question)); err != nil {
					return core.Score{}, err
				}
			}
		}
		return core.BoolScore(false, ""), nil
	})
	want(t, s.outcome(), core.Defended)
	if len(seeds) != 2 {
		t.Errorf("seeds %v, want two", seeds)
	}
	var starts []string
	for _, h := range s.diary.helped["polite/1"] {
		starts = append(starts, fmt.Sprint(h.Conversation, h.Start.SystemPrompt))
	}
	if diff := cmp.Diff([]string{"0You judge.", "0", "1You judge.", "1"}, starts); diff != "" {
		t.Errorf("what the conversations began with (-want +got):\n%s", diff)
	}
}

func TestAHelperThatWasNotAskedInTimeHasNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		judge := &agent{answer: answers("no")}
		s := judged(t, &agent{}, judge, "one")
		s.plan.Targets[1].Limits.RequestsPerMinute = 1
		s.shelf.scorers["leaked"] = score(func(ctx context.Context, _ core.Evidence) (core.Score, error) {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			for range 2 {
				_, _ = askOnce(ctx, s.shelf.helpers["judge"], "well?")
			}
			return core.BoolScore(false, "nothing to see"), nil
		})
		want(t, s.outcome(), core.Undetermined, "the score was given without the answer of the model")
		if _, _, sent := judge.counts(); sent != 1 || len(s.diary.helped["polite/1"]) != 1 {
			t.Errorf("the judge was asked %d times, helper turns %+v; want one that was sent", sent, s.diary.helped["polite/1"])
		}
	})
}

func TestTheFirstFailureOfATrialEndsTheRun(t *testing.T) {
	full := errors.New("the disk is full")
	s := judged(t, &agent{answer: answers("no")}, &agent{answer: answers("no")}, "one")
	s.plan.Bounds.MaxTurns = 2
	s.diary.fail = func(method, _ string) error {
		if method == "RecordHelperTurn" {
			return full
		}
		return nil
	}
	s.shelf.scorers["leaked"] = score(func(ctx context.Context, _ core.Evidence) (core.Score, error) {
		for range 2 { // the second time, the run has come to its bound
			_, _ = askOnce(ctx, s.shelf.helpers["judge"], "well?")
		}
		return core.BoolScore(false, ""), nil
	})
	if _, err := engine.Run(t.Context(), s.plan, s.options()); !errors.Is(err, full) {
		t.Errorf("Run: %v, want what the journal failed with", err)
	}
}

// observing is an Observer that is a function.
type observing func(record.Event)

func (f observing) Observe(e record.Event) { f(e) }

func TestAnObserverOfAHelpersTurnHoldsNobodyUp(t *testing.T) {
	s := judged(t, &agent{answer: answers("no")}, &agent{answer: answers("no")}, "one")
	s.plan.Targets[1].Limits.Concurrency = 2
	s.shelf.scorers["leaked"] = score(func(ctx context.Context, _ core.Evidence) (core.Score, error) {
		var asking sync.WaitGroup
		for range 2 {
			asking.Go(func() { _, _ = askOnce(ctx, s.shelf.helpers["judge"], "well?") })
		}
		asking.Wait()
		return core.BoolScore(false, ""), nil
	})
	recorded, both := 0, make(chan struct{})
	s.diary.fail = func(method, _ string) error { // called under the diary's lock
		if method == "RecordHelperTurn" {
			if recorded++; recorded == 2 {
				close(both)
			}
		}
		return nil
	}
	o := s.options()
	o.Watchers.Observer = observing(func(e record.Event) {
		if _, ok := e.(record.HelperTurnEnded); !ok {
			return
		}
		select {
		case <-both:
		case <-time.After(10 * time.Second):
			t.Error("the other turn is not recorded while the observer is told of the first")
		}
	})
	if _, err := engine.Run(t.Context(), s.plan, o); err != nil {
		t.Fatal(err)
	}
}
