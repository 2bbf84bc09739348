package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// replayed runs the scene and records it, runs it again from the record, and
// compares the two. It returns the calls of the first trial.
func (s *scene) replayed() []record.RecordedCall {
	s.t.Helper()
	o := s.options()
	o.Recording.Calls = true
	first, err := engine.Run(s.t.Context(), s.plan, o)
	if err != nil {
		s.t.Fatal(err)
	}
	recorded := s.diary
	s.diary = newDiary(s.t)
	player := cassette.NewPlayer(func(trial string, _ int) ([]record.RecordedCall, error) { return recorded.calls[trial], nil })
	o = s.options()
	o.Components.Opener, o.Replayer, o.Components.Secrets, o.Redactor = player.Opener, player, nil, nil
	second, err := engine.Run(s.t.Context(), cassette.Detached(s.plan), o)
	if err != nil {
		s.t.Fatalf("the replay: %v", err)
	}
	if first.Tally != second.Tally || first.Usage != second.Usage {
		s.t.Errorf("the run came to %+v, and its replay to %+v", first, second)
	}
	timeless := cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".Started" || p.Last().String() == ".Ended"
	}, cmp.Ignore())
	for what, pair := range map[string][2]any{
		"turns":        {recorded.turns, s.diary.turns},
		"helper turns": {recorded.helped, s.diary.helped},
		"results":      {recorded.results, s.diary.results},
	} {
		if diff := cmp.Diff(pair[0], pair[1], timeless, cmpopts.EquateEmpty()); diff != "" {
			s.t.Errorf("%s (-recorded +replayed):\n%s", what, diff)
		}
	}
	return recorded.calls[s.trial().ID]
}

func TestARecordedRunIsReplayedAsItWas(t *testing.T) {
	down := core.Errorf(core.ErrorUnavailable, "connection refused").WithHint("start it")
	busy := core.Errorf(core.ErrorRateLimited, "too many").After(time.Second)
	for name, scene := range map[string]func(*testing.T) *scene{
		"a judge is asked": func(t *testing.T) *scene {
			return judged(t, &agent{answer: answers("blue eleven")}, &agent{answer: answers("yes")}, "hello")
		},
		"a converter and a scorer are told by models what to do": func(t *testing.T) *scene {
			s := judged(t, &agent{answer: answers("no")}, &agent{answer: answers("no")}, "one", "two")
			s.converter("reword", convert(func(ctx context.Context, in core.Value) (core.Value, error) {
				reply, err := askOnce(ctx, s.shelf.helpers["judge"], in.Text())
				return core.TextValue(fmt.Sprint(in.Text(), reply.Message.Text(), core.Seed(ctx))), err
			}))
			s.trial().Turns[1].Parts[0].Converters = []string{"reword", "reword"}
			s.scoredBy("heard", s.judge("judge"), core.Text, "reword")
			s.success("leaked || heard")
			s.times(5)
			return s
		},
		"converters warn of what they lose": func(t *testing.T) *scene {
			s := newScene(t, &agent{}, "one", "two")
			s.converter("speak", lossy(nil))
			s.trial().Turns[1].Parts[0].Converters = []string{"speak"}
			s.scoredBy("heard", contains("x"), core.Text, "speak")
			s.success("leaked || heard")
			return s
		},
		"the judge cannot be reached": func(t *testing.T) *scene {
			return judged(t, &agent{}, &agent{start: func(context.Context, core.Start) error { return down }}, "hello")
		},
		"the target cannot be reached": func(t *testing.T) *scene {
			return newScene(t, &agent{start: func(context.Context, core.Start) error { return down }}, "hello")
		},
		"a turn fails": func(t *testing.T) *scene {
			return newScene(t, &agent{answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
				if len(heard) == 2 {
					return core.Reply{}, down
				}
				return says("no"), nil
			}}, "one", "two", "three")
		},
		"a turn takes too long": func(t *testing.T) *scene {
			return newScene(t, &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
				<-ctx.Done()
				return core.Reply{}, ctx.Err()
			}}, "one")
		},
		"the service refuses what is sent at first": func(t *testing.T) *scene {
			var asked atomic.Int32
			s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
				if asked.Add(1) < 3 {
					return core.Reply{}, busy
				}
				return says("no"), nil
			}}, "one", "two")
			s.plan.Targets[0].Limits.Retries = 4
			return s
		},
		"a converter fails": func(t *testing.T) *scene {
			s := newScene(t, &agent{}, "one")
			s.converter("broken", convert(func(context.Context, core.Value) (core.Value, error) { return core.Value{}, down }))
			s.trial().Turns[0].Parts[0].Converters = []string{"broken"}
			return s
		},
		"a scorer gives no score": func(t *testing.T) *scene {
			s := newScene(t, &agent{}, "one")
			s.shelf.scorers["leaked"] = score(func(context.Context, core.Evidence) (core.Score, error) {
				return core.Score{Type: core.ScoreScale, Value: 7}, nil
			})
			return s
		},
		"a conversation does not end": func(t *testing.T) *scene {
			return newScene(t, &agent{end: func(context.Context) error { return down }}, "one")
		},
		"turns are said over replies": func(t *testing.T) *scene {
			s := newScene(t, &agent{exchange: func(_ context.Context, m []core.Message) ([]core.Reply, error) {
				first := says("no, I")
				first.Finish, first.Delivered = core.FinishInterrupted, time.Second
				if len(m) == 3 {
					return []core.Reply{first}, down
				}
				return []core.Reply{first, says("no")}, nil
			}}, "one", "two", "three")
			s.trial().Turns[1].Delivery.InterruptAfter = time.Second
			return s
		},
		"a component gives up waiting for its model": func(t *testing.T) *scene {
			s := judged(t, &agent{}, &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
				<-ctx.Done()
				return core.Reply{}, ctx.Err()
			}}, "one")
			patient := s.shelf.scorers["leaked"]
			s.shelf.scorers["leaked"] = score(func(ctx context.Context, e core.Evidence) (core.Score, error) {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				_, _ = patient.Score(ctx, e)
				return core.BoolScore(false, "nobody said so"), nil
			})
			return s
		},
		"a scorer asks several models at once": func(t *testing.T) *scene {
			s := judged(t, &agent{answer: answers("no")}, &agent{answer: func(ctx context.Context, heard []core.Message) (core.Reply, error) {
				time.Sleep(time.Duration(len(heard[0].Text())) * time.Millisecond)
				return says(heard[0].Text()), nil
			}}, "one", "two")
			s.plan.Targets[1].Limits.Concurrency = 4
			s.shelf.scorers["leaked"] = score(func(ctx context.Context, _ core.Evidence) (core.Score, error) {
				var asking sync.WaitGroup
				for _, question := range []string{"the longest of the questions", "a long question", "short"} {
					asking.Go(func() { _, _ = askOnce(ctx, s.shelf.helpers["judge"], question) })
				}
				asking.Wait()
				return core.BoolScore(false, "no"), nil
			})
			return s
		},
		"a reply holds a secret": func(t *testing.T) *scene {
			s := newScene(t, &agent{answer: answers("my key is hunter22-secret")}, "one", "two")
			s.redact = secret.NewRedactor()
			s.redact.Add("hunter22-secret")
			s.converter("echo", convert(func(_ context.Context, in core.Value) (core.Value, error) {
				return core.TextValue(in.Text() + " hunter22-secret"), nil
			}))
			s.trial().Turns[1].Parts[0].Converters = []string{"echo"}
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := scene(t).replayed()
				if len(calls) == 0 || strings.Contains(fmt.Sprintf("%+v", calls), "hunter22") {
					t.Errorf("recorded: %+v", calls)
				}
			})
		})
	}
}

func TestWhatIsNotAsRecordedEndsTheReplay(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*scene, []record.RecordedCall) []record.RecordedCall
		want   string
	}{
		"another message": {
			func(s *scene, c []record.RecordedCall) []record.RecordedCall {
				s.trial().Turns[1] = strategy.Say(core.TextValue("other"))
				return c
			},
			`turn 2: a message to target "agent": what is sent is not the recorded one: recorded "two" (text/plain; charset=utf-8), now "other" (text/plain; charset=utf-8)`,
		},
		"another prompt": {
			func(s *scene, c []record.RecordedCall) []record.RecordedCall {
				s.trial().SystemPrompt = "Guard it."
				return c
			},
			`turn 1: a conversation that is begun with target "agent": the system prompt is not the recorded one: recorded "", now "Guard it."`,
		},
		"one turn more": {
			func(s *scene, c []record.RecordedCall) []record.RecordedCall {
				s.trial().Turns = append(s.trial().Turns, strategy.Say(core.TextValue("three")))
				return c
			},
			`turn 3: recorded is the end of the conversation with target "agent"; now it is a message to target "agent"`,
		},
		"one turn less": {
			func(s *scene, c []record.RecordedCall) []record.RecordedCall {
				s.trial().Turns = s.trial().Turns[:1]
				return c
			},
			`turn 2: recorded is a message to target "agent"; now it is the end of the conversation with target "agent"`,
		},
		"a record that stops": {
			func(_ *scene, c []record.RecordedCall) []record.RecordedCall { return c[:3] },
			`nothing more is recorded`,
		},
		"a record that goes on": {
			func(_ *scene, c []record.RecordedCall) []record.RecordedCall { return append(c, c[1]) },
			`recorded is a message to target "agent"; now the trial is over`,
		},
		"a judge that is asked by nobody": {
			func(_ *scene, c []record.RecordedCall) []record.RecordedCall {
				asked := record.RecordedCall{Call: record.Call{Kind: record.CallSend, Name: "judge", ByKind: core.KindScorer, By: "leaked", Messages: []core.Message{core.UserText("?")}}}
				return append(c[:2:2], append([]record.RecordedCall{asked}, c[2:]...)...)
			},
			`recorded is for scorer "leaked", a message to target "judge" in a conversation that was not begun`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, &agent{}, "one", "two")
			calls := s.replayed()
			calls = test.change(s, calls)
			s.diary = newDiary(t)
			player := cassette.NewPlayer(func(string, int) ([]record.RecordedCall, error) { return calls, nil })
			o := s.options()
			o.Components.Opener, o.Replayer = player.Opener, player
			_, err := engine.Run(t.Context(), cassette.Detached(s.plan), o)
			if _, ok := errors.AsType[engine.Unexpected](err); !ok || !strings.Contains(err.Error(), "trial polite/1: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want it to say %q", err, test.want)
			}
			if n := len(s.diary.results); n != 0 {
				t.Errorf("%d trials have an outcome", n)
			}
			for _, turn := range s.diary.recorded("polite/1") {
				if turn.Failure != nil {
					t.Errorf("turn %d is recorded with the failure %+v, which is none of the target's", turn.Index+1, turn.Failure)
				}
			}
		})
	}
}

func TestSeedsFollowFromTheTrialTheTurnAndTheComponent(t *testing.T) {
	seeds := func(trial uint64) map[string][]uint64 {
		got := map[string][]uint64{}
		s := judged(t, &agent{start: func(_ context.Context, s core.Start) error {
			got["agent"] = append(got["agent"], s.Seed)
			return nil
		}}, &agent{start: func(_ context.Context, s core.Start) error {
			got["judge"] = append(got["judge"], s.Seed)
			return nil
		}, answer: answers("no")}, "one", "two")
		note := func(name string) convert {
			return func(ctx context.Context, in core.Value) (core.Value, error) {
				got[name] = append(got[name], core.Seed(ctx))
				return in, nil
			}
		}
		s.converter("a", note("a"))
		s.converter("b", note("b"))
		for i := range s.trial().Turns {
			s.trial().Turns[i].Parts[0].Converters = []string{"a", "b", "a"}
		}
		s.trial().Seed = trial
		s.outcome()
		return got
	}
	first := seeds(7)
	if diff := cmp.Diff(first, seeds(7)); diff != "" {
		t.Errorf("the same trial has other seeds (-first +again):\n%s", diff)
	}
	all := map[uint64]bool{}
	for _, trial := range []map[string][]uint64{first, seeds(8)} {
		for _, of := range trial {
			for _, seed := range of {
				all[seed] = true
			}
		}
	}
	if want := 2 * (1 + 2 + 4 + 2); len(all) != want { // the agent, the judge, a and b
		t.Errorf("%d seeds are different, want all %d: %v", len(all), want, first)
	}
}

func TestAMessageThatWasNotSentIsRecordedAsSuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		s := newScene(t, &agent{}, "one", "two")
		s.plan.Targets[0].Limits.RequestsPerMinute = 1
		o := s.options()
		o.Recording.Calls = true
		if _, err := engine.Run(ctx, s.plan, o); err != nil {
			t.Fatal(err)
		}
		var unsent []bool
		for _, c := range s.diary.calls["polite/1"] {
			if c.Call.Kind == record.CallSend {
				unsent = append(unsent, c.Answer.Unsent)
			}
		}
		if !slices.Equal(unsent, []bool{false, true}) || len(s.diary.recorded("polite/1")) != 1 {
			t.Errorf("messages unsent: %v, %d turns; want the second one not to be sent", unsent, len(s.diary.recorded("polite/1")))
		}
	})
}

func TestARunEndsWhereACallCannotBeRecorded(t *testing.T) {
	full := errors.New("the disk is full")
	s := newScene(t, &agent{}, "one", "two")
	s.diary.fail = func(method, _ string) error {
		if method == "RecordCall" {
			return full
		}
		return nil
	}
	o := s.options()
	o.Recording.Calls = true
	if _, err := engine.Run(t.Context(), s.plan, o); !errors.Is(err, full) {
		t.Errorf("Run: %v, want what the journal failed with", err)
	}
}

func TestACallThatTheBoundsOfTheRunDoNotAllowIsNotRecorded(t *testing.T) {
	s := newScene(t, &agent{}, "one", "two")
	s.plan.Bounds.MaxTurns = 1
	o := s.options()
	o.Recording.Calls = true
	if _, err := engine.Run(t.Context(), s.plan, o); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, c := range s.diary.calls["polite/1"] {
		if c.Call.Kind == record.CallSend {
			sent++
		}
	}
	if sent != 1 {
		t.Errorf("%d messages are recorded, want the one that was sent", sent)
	}
}
