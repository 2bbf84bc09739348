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

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// order is a list of what several targets were sent, in order.
type order struct {
	mu  sync.Mutex
	all []string
}

func (o *order) add(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, what)
}

// sent is what is expected to have been sent.
func (o *order) sent(t *testing.T, want ...string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if diff := cmp.Diff(want, o.all); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// prepared makes a scene of two turns in which "setup" is sent a request before each
// trial, and "clean" two after it. o gets what is sent; the answers are those of the
// functions, which may be nil.
func prepared(t testing.TB, o *order, agentSays, setup, clean func(context.Context, []core.Message) (core.Reply, error)) *scene {
	noted := func(name string, answer func(context.Context, []core.Message) (core.Reply, error)) *agent {
		return &agent{answer: func(ctx context.Context, heard []core.Message) (core.Reply, error) {
			o.add(name + ": " + heard[len(heard)-1].Text())
			if answer == nil {
				return says("no"), nil
			}
			return answer(ctx, heard)
		}}
	}
	s := newScene(t, noted("agent", agentSays), "one", "two")
	s.target("setup", noted("setup", setup), 1)
	s.target("clean", noted("clean", clean), 1)
	s.trial().BeforeTrial = []plan.Request{{Target: "setup", Send: "fill"}}
	s.trial().AfterTrial = []plan.Request{{Target: "clean", Send: "empty"}, {Target: "clean", Send: "close"}}
	return s
}

func TestRequestsAreSentBeforeAndAfterEachTrial(t *testing.T) {
	o := &order{}
	s := prepared(t, o, sayInTurn("no", "blue eleven"), nil, nil)
	result := s.outcome()
	want(t, result, core.Succeeded, "turn 2")
	o.sent(t, "setup: fill", "agent: one", "agent: two", "clean: empty", "clean: close")
	wanted := []string{
		"attack before_trial asked setup for 0: no",
		"attack after_trial asked clean for 1: no",
		"attack after_trial asked clean for 1: no",
	}
	if diff := cmp.Diff(wanted, s.helpedBy()); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if got := result.Usage.InputTokens; got != 5*3 {
		t.Errorf("the trial used %d input tokens, want those of 5 messages", got)
	}
	if result.Turns != 2 {
		t.Errorf("the trial has %d turns", result.Turns)
	}
}

func TestAnEmptyReplyThatIsCompleteCarriesARequestOutAndDecidesNoTurn(t *testing.T) {
	empty := func(context.Context, []core.Message) (core.Reply, error) {
		r := says("")
		r.Message.Parts = nil
		return r, nil
	}
	o := &order{}
	s := prepared(t, o, nil, empty, empty)
	want(t, s.outcome(), core.Defended, "")
	o.sent(t, "setup: fill", "agent: one", "agent: two", "clean: empty", "clean: close")
	want(t, prepared(t, &order{}, empty, nil, nil).outcome(), core.Undetermined, "")
}

// fails answers with an error, unfinished with a reply that ended in some way.
func fails(context.Context, []core.Message) (core.Reply, error) {
	return core.Reply{}, core.Errorf(core.ErrorUnavailable, "connection refused")
}

func unfinished(finish core.Finish) func(context.Context, []core.Message) (core.Reply, error) {
	return func(context.Context, []core.Message) (core.Reply, error) {
		r := says("half")
		r.Finish = finish
		return r, nil
	}
}

func TestATrialThatCannotBeSetUpIsErroredAndNothingIsSentToItsTarget(t *testing.T) {
	for name, answer := range map[string]func(context.Context, []core.Message) (core.Reply, error){
		"an error": fails, "a blocked reply": unfinished(core.FinishBlocked), "a cut reply": unfinished(core.FinishTruncated),
		"an unconfirmed reply": unfinished(core.FinishUnconfirmed),
	} {
		t.Run(name, func(t *testing.T) {
			o := &order{}
			s := prepared(t, o, nil, answer, nil)
			s.trial().BeforeTrial = append(s.trial().BeforeTrial, plan.Request{Target: "setup", Send: "more"})
			result := s.outcome()
			want(t, result, core.Errored, "could not be set up: before_trial, request 1: ")
			if result.Failure == nil || result.Decided != -1 || result.Turns != 0 {
				t.Errorf("failure %v, decided by turn %d of %d", result.Failure, result.Decided, result.Turns)
			}
			o.sent(t, "setup: fill", "clean: empty", "clean: close")
		})
	}
}

func TestATrialThatCannotBeCleanedUpIsErroredUnlessItSucceeded(t *testing.T) {
	for name, test := range map[string]struct {
		agent   func(context.Context, []core.Message) (core.Reply, error)
		clean   func(context.Context, []core.Message) (core.Reply, error)
		outcome core.Outcome
		says    []string
	}{
		"a defence":      {nil, fails, core.Errored, []string{"what was judged does not count (defended)", "after_trial, request 1", "connection refused"}},
		"a half":         {nil, unfinished(core.FinishTruncated), core.Errored, []string{"the reply is truncated"}},
		"a finding":      {answers("blue eleven"), fails, core.Succeeded, []string{"turn 1", "afterwards the attacked system could not be cleaned up", "after_trial, request 1"}},
		"a failed trial": {fails, fails, core.Errored, []string{"turn 1", "could not be cleaned up either"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := &order{}
			s := prepared(t, o, test.agent, nil, test.clean)
			result := s.outcome()
			for _, part := range test.says {
				want(t, result, test.outcome, part)
			}
			if result.Failure == nil {
				t.Error("the failure is not recorded")
			}
			if got := len(s.diary.helped["polite/1"]); got != 3 {
				t.Errorf("%d requests are recorded, want all 3", got)
			}
		})
	}
}

func TestAnInterruptedTrialIsCleanedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &order{}
		ctx, cancel := context.WithCancel(t.Context())
		waits := func(ctx context.Context, _ []core.Message) (core.Reply, error) {
			cancel()
			<-ctx.Done()
			return core.Reply{}, ctx.Err()
		}
		s := prepared(t, o, waits, nil, nil)
		summary := s.run(ctx)
		o.sent(t, "setup: fill", "agent: one", "clean: empty", "clean: close")
		if !summary.Interrupted || len(s.diary.results) != 0 {
			t.Errorf("interrupted: %v, %d results", summary.Interrupted, len(s.diary.results))
		}
	})
}

func TestCleaningUpAfterAnInterruptionIsBounded(t *testing.T) {
	for name, waitsFor := range map[string]string{"in the conversation": "agent", "while cleaning up": "clean"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				hangs := func(of string) func(ctx context.Context, _ []core.Message) (core.Reply, error) {
					return func(ctx context.Context, _ []core.Message) (core.Reply, error) {
						if of == waitsFor {
							cancel()
						}
						if of == "clean" || of == waitsFor {
							<-ctx.Done()
							return core.Reply{}, ctx.Err()
						}
						return says("no"), nil
					}
				}
				s := prepared(t, &order{}, hangs("agent"), nil, hangs("clean"))
				began := time.Now()
				s.run(ctx)
				if took := time.Since(began); took != 30*time.Second {
					t.Errorf("the run ended %v after its interruption, want 30s", took)
				}
				if len(s.diary.results) != 0 {
					t.Errorf("results %v, want none", s.diary.results)
				}
				if !slices.ContainsFunc(s.seen.warnings(), func(w string) bool { return strings.Contains(w, "may not be cleaned up") }) {
					t.Errorf("warnings %q", s.seen.warnings())
				}
			})
		})
	}
}

func TestATrialThatWasOverBeforeItIsInterruptedKeepsItsOutcome(t *testing.T) {
	o := &order{}
	ctx, cancel := context.WithCancel(t.Context())
	s := prepared(t, o, nil, nil, func(context.Context, []core.Message) (core.Reply, error) {
		cancel()
		return says("done"), nil
	})
	s.run(ctx)
	o.sent(t, "setup: fill", "agent: one", "agent: two", "clean: empty", "clean: close")
	want(t, s.diary.results["polite/1"], core.Defended, "turn 2")
}

func TestRequestsAroundATrialUseTheBudget(t *testing.T) {
	for turns, wanted := range map[int][]string{
		1: {"setup: fill"},
		3: {"setup: fill", "agent: one", "agent: two"},
	} {
		t.Run(fmt.Sprint(turns), func(t *testing.T) {
			o := &order{}
			s := prepared(t, o, nil, nil, nil)
			s.plan.Bounds = scope.Bounds{MaxTurns: turns}
			summary := s.run(t.Context())
			o.sent(t, wanted...)
			if summary.Stopped == "" || len(s.diary.results) != 0 {
				t.Errorf("stopped: %q, %d results", summary.Stopped, len(s.diary.results))
			}
		})
	}
}

func TestATrialThatCannotBeRecordedIsNotCleanedUp(t *testing.T) {
	o := &order{}
	s := prepared(t, o, nil, nil, nil)
	full := errors.New("the disk is full")
	s.diary.fail = func(method, _ string) error {
		if method == "RecordHelperTurn" && len(s.diary.helped["polite/1"]) == 1 {
			return full
		}
		return nil
	}
	if _, err := engine.Run(t.Context(), s.plan, s.options()); !errors.Is(err, full) {
		t.Errorf("Run: %v", err)
	}
	o.sent(t, "setup: fill", "agent: one", "agent: two", "clean: empty")
}

func TestARequestAroundATrialIsReplayed(t *testing.T) {
	for name, clean := range map[string]func(context.Context, []core.Message) (core.Reply, error){"that works": nil, "that fails": fails} {
		t.Run(name, func(t *testing.T) {
			o := &order{}
			s := prepared(t, o, nil, nil, clean)
			calls := s.replayed()
			o.sent(t, "setup: fill", "agent: one", "agent: two", "clean: empty", "clean: close")
			by := map[string]int{}
			for _, c := range calls {
				by[c.Call.By]++
			}
			if by["before_trial"] != 2 || by["after_trial"] != 4 {
				t.Errorf("recorded calls: %v", by)
			}
		})
	}
}

func TestAResumedTrialIsSetUpAgain(t *testing.T) {
	turn := func(text, reply string, scores ...record.Score) record.Turn {
		r := says(reply)
		return record.Turn{Sent: core.UserText(text), Reply: &r, Scores: scores}
	}
	no := record.Score{Name: "leaked", Score: core.BoolScore(false, "")}
	asked := func(by string) record.HelperTurn { return record.HelperTurn{Kind: core.KindAttack, By: by} }
	second := turn("two", "no", no)
	second.Index = 1
	for name, test := range map[string]struct {
		recorded record.RecordedTrial
		sent     []string
	}{
		"in the middle": {
			record.RecordedTrial{Turns: []record.Turn{turn("one", "no", no)}, Helped: []record.HelperTurn{asked("before_trial"), asked("after_trial")}},
			[]string{"setup: fill", "agent: two", "clean: empty", "clean: close"},
		},
		"over and not cleaned up": {
			record.RecordedTrial{Turns: []record.Turn{turn("one", "no", no), second}, Helped: []record.HelperTurn{asked("after_trial"), asked("before_trial")}},
			[]string{"clean: empty", "clean: close"},
		},
		"over and cleaned up": {
			record.RecordedTrial{Turns: []record.Turn{turn("one", "no", no), second}, Helped: []record.HelperTurn{asked("before_trial"), asked("after_trial")}},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := &order{}
			s := prepared(t, o, nil, nil, nil)
			s.trial().Resume = plan.ResumeContinue
			for i := range test.recorded.Helped {
				test.recorded.Helped[i].Index = i
			}
			s.diary.earlier = map[string]record.RecordedTrial{"polite/1": test.recorded}
			s.diary.helped["polite/1"] = test.recorded.Helped
			want(t, s.outcome(), core.Defended, "turn 2")
			o.sent(t, test.sent...)
		})
	}
}
