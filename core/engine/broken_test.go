package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// errHungUp is what a reply breaks off with.
var errHungUp = core.Errorf(core.ErrorUnavailable, "the target hung up").About(core.SubjectAnswer)

// begun is a reply of which some values had arrived when it broke off.
func begun(values ...core.Value) core.Reply {
	reply := core.Reply{Message: core.Message{Role: core.Assistant}, Finish: core.FinishBroken, Usage: core.Usage{InputTokens: 3, OutputTokens: 1}}
	for _, v := range values {
		reply.Message.Parts = append(reply.Message.Parts, core.Part{Value: v})
	}
	return reply
}

// breaksOff answers whole until the n-th turn, from 1, whose reply breaks off.
func breaksOff(n int, reply core.Reply) func(context.Context, []core.Message) (core.Reply, error) {
	return func(_ context.Context, heard []core.Message) (core.Reply, error) {
		if len(heard) < n {
			return says("no"), nil
		}
		return reply, errHungUp
	}
}

// holdsData finds a text in the bytes of what it is given to judge.
func holdsData(text string) score {
	return func(_ context.Context, e core.Evidence) (core.Score, error) {
		return core.BoolScore(slices.ContainsFunc(e.Values, func(v core.Value) bool { return strings.Contains(string(v.Data), text) }), ""), nil
	}
}

func TestWhatArrivedBeforeAReplyBrokeOffIsRecordedAndJudged(t *testing.T) {
	sound := core.Value{Modality: core.Audio, MediaType: "audio/wav", Data: []byte("RIFF blue eleven")}
	for name, test := range map[string]struct {
		reply   core.Reply
		outcome core.Outcome
		words   string
	}{
		"the words that were looked for": {begun(core.TextValue("the code is blue eleven")), core.Succeeded, `found "blue eleven"; the conversation failed afterwards: target "agent": sending: the target hung up`},
		"other words":                    {begun(core.TextValue("the code is")), core.Errored, `turn 2: target "agent": sending: the target hung up`},
		"a refusal, as far as it came":   {begun(core.TextValue("No, I will not")), core.Errored, "the target hung up"},
		"white space":                    {begun(core.TextValue(" ")), core.Errored, "the target hung up"},
		"thoughts alone":                 {begun(core.Value{Modality: core.Reasoning, MediaType: core.MediaText, Data: []byte("it is blue eleven")}), core.Errored, "the target hung up"},
		"sound alone":                    {begun(sound), core.Succeeded, "the target hung up"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &agent{answer: breaksOff(2, test.reply)}
			s := newScene(t, a, "hello", "code?", "thanks")
			s.scoredBy("spoken", holdsData("blue eleven"), core.Audio)
			s.success("leaked || spoken")
			result := s.outcome()
			want(t, result, test.outcome, test.words)
			if result.Turns != 2 || result.Decided != 1 || result.Failure == nil || result.Failure.Kind != core.ErrorUnavailable || result.Failure.Subject != core.SubjectAnswer || result.Usage.InputTokens != 6 {
				t.Errorf("result %+v, failure %+v; want it to rest on the turn that broke off", result, result.Failure)
			}
			turns := s.diary.recorded("polite/1")
			if _, _, sent := a.counts(); sent != 2 || len(turns) != 2 {
				t.Fatalf("%d messages were sent and %d turns recorded, want 2", sent, len(turns))
			}
			if last := turns[1]; last.Reply == nil || last.Reply.Finish != core.FinishBroken || len(last.Reply.Message.Parts) == 0 || last.Failure == nil || last.Failure.Message != result.Failure.Message {
				t.Errorf("the turn is recorded as %+v, failure %+v; want what arrived and why it broke off", last.Reply, last.Failure)
			}
			ended := seen[record.TurnEnded](s)
			if len(ended) != 2 || ended[1].Turn.Reply == nil || ended[1].Turn.Failure == nil {
				t.Errorf("the observer is told of %+v, want each turn once, the last with both", ended)
			}
		})
	}
}

func TestThatSomethingIsNotInAReplyThatBrokeOffProvesNothing(t *testing.T) {
	for success, test := range map[string]struct {
		said string
		want core.Outcome
	}{
		"!leaked":           {"I", core.Errored},
		"!leaked || !other": {"I", core.Errored},
		"leaked && !other":  {"blue eleven", core.Errored},
		"leaked || !other":  {"blue eleven", core.Succeeded},
	} {
		s := newScene(t, &agent{answer: breaksOff(1, begun(core.TextValue(test.said)))}, "code?")
		s.scoredBy("other", contains("sorry"), core.Text)
		s.success(success)
		if got := s.outcome(); got.Outcome != test.want || got.Failure == nil {
			t.Errorf("%s of %q: %s (%s), want %s", success, test.said, got.Outcome, got.Reason, test.want)
		}
		if scores := s.diary.recorded("polite/1")[0].Scores; len(scores) != 2 || scores[1].Type != core.ScoreTrueFalse {
			t.Errorf("%s: the scores %+v are not recorded as they were given", success, scores)
		}
	}
}

func TestATurnThatBrokeOffIsDurableBeforeItIsScored(t *testing.T) {
	s := newScene(t, &agent{answer: breaksOff(1, begun(core.TextValue("blue")))}, "code?")
	asked := false
	s.shelf.scorers["leaked"] = score(func(_ context.Context, e core.Evidence) (core.Score, error) {
		turns := s.diary.recorded("polite/1")
		asked = true
		if len(turns) != 1 || turns[0].Reply == nil || turns[0].Failure == nil || e.Values[0].Text() != "blue" {
			t.Errorf("scored %v while %+v is recorded", e.Values, turns)
		}
		return core.BoolScore(false, ""), nil
	})
	want(t, s.outcome(), core.Errored)
	if turns := s.diary.recorded("polite/1"); !asked || len(turns[0].Scores) != 1 {
		t.Errorf("scorer asked: %t; turns %+v; want the score to be recorded", asked, turns)
	}
}

func TestAReplyThatBrokeOffBeforeAnythingArrivedIsNone(t *testing.T) {
	for name, reply := range map[string]core.Reply{"no part": begun(), "an empty part": begun(core.TextValue(""))} {
		s := newScene(t, &agent{answer: breaksOff(1, reply)}, "code?")
		s.shelf.scorers["leaked"] = score(func(context.Context, core.Evidence) (core.Score, error) {
			t.Errorf("%s: a scorer is asked", name)
			return core.BoolScore(false, ""), nil
		})
		want(t, s.outcome(), core.Errored, "the target hung up")
		if turns := s.diary.recorded("polite/1"); len(turns) != 1 || turns[0].Reply != nil || turns[0].Failure == nil {
			t.Errorf("%s: turns %+v, want one without a reply", name, turns)
		}
	}
}

func TestToolsThatAreCalledBeforeAReplyBreaksOffGetNoAnswer(t *testing.T) {
	for name, n := range map[string]int{"the first reply": 1, "the reply to results": 2} {
		t.Run(name, func(t *testing.T) {
			a := &agent{answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
				if len(heard) == n {
					broken := calls("blue eleven", "open_vault")
					broken.Finish = core.FinishBroken
					return broken, errHungUp
				}
				return calls("wait", "open_vault"), nil
			}}
			s := newScene(t, a, "code?", "thanks")
			s.trial().ToolResults = map[string]string{"open_vault": "opened"}
			want(t, s.outcome(), core.Succeeded, fmt.Sprintf("turn %d", n), "the target hung up")
			turns := s.diary.recorded("polite/1")
			if _, _, sent := a.counts(); sent != n || len(turns) != n || turns[n-1].Reply == nil || turns[n-1].Failure == nil {
				t.Errorf("%d messages were sent, turns %+v; want %d", sent, turns, n)
			}
			if got := strings.Join(s.seen.warnings(), "\n"); !strings.Contains(got, "calls tools (1), but its reply broke off: they get no answer") {
				t.Errorf("warnings %q", got)
			}
		})
	}
}

// brokenExchange is a scene whose second and third message are said over replies, the
// second of which breaks off.
func brokenExchange(t testing.TB, second string) *scene {
	s := newScene(t, &agent{exchange: func(context.Context, []core.Message) ([]core.Reply, error) {
		first := says("no, I")
		first.Finish, first.Delivered = core.FinishInterrupted, time.Second
		return []core.Reply{first, begun(core.TextValue(second))}, errHungUp
	}}, "one", "two", "three")
	s.trial().Turns[1].Delivery.InterruptAfter = time.Second
	s.trial().Turns[2].Delivery.InterruptAfter = time.Second
	return s
}

func TestAnExchangeMayBreakOffInALaterReply(t *testing.T) {
	for second, outcome := range map[string]core.Outcome{"blue eleven": core.Succeeded, "no": core.Errored} {
		s := brokenExchange(t, second)
		want(t, s.outcome(), outcome, "turn 2", "the target hung up")
		turns := s.diary.recorded("polite/1")
		if len(turns) != 2 || turns[0].Failure != nil || turns[1].Reply == nil || turns[1].Failure == nil || turns[1].Sent.Text() != "two" {
			t.Errorf("turns %+v, want the whole one and the one that broke off", turns)
		}
	}
}

func TestNothingIsSentAgainAfterSomethingArrived(t *testing.T) {
	for name, test := range map[string]struct {
		reply core.Reply
		sent  int
	}{
		"something": {begun(core.TextValue("bl")), 1},
		"nothing":   {core.Reply{}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &agent{}
				a.answer = func(context.Context, []core.Message) (core.Reply, error) {
					if _, _, sent := a.counts(); sent == 2 {
						return says("no"), nil
					}
					return test.reply, core.Errorf(core.ErrorRateLimited, "too many").After(time.Second)
				}
				s := newScene(t, a, "code?")
				s.plan.Targets[0].Limits.Retries = 4
				s.outcome()
				if _, _, sent := a.counts(); sent != test.sent {
					t.Errorf("%d messages were sent, want %d", sent, test.sent)
				}
			})
		})
	}
}

func TestAHelperWhoseReplyBreaksOffHasNotAnswered(t *testing.T) {
	s := judged(t, &agent{answer: answers("no")}, &agent{answer: breaksOff(1, begun(core.TextValue("yes")))}, "code?")
	ask := s.shelf.scorers["leaked"]
	s.shelf.scorers["leaked"] = score(func(ctx context.Context, e core.Evidence) (core.Score, error) {
		talk, err := s.shelf.helpers["judge"].StartConversation(ctx, core.Start{})
		if err != nil {
			t.Fatal(err)
		}
		reply, err := talk.Send(ctx, core.UserText("well?"))
		if reply.Message.Text() != "yes" || reply.Finish != core.FinishBroken || core.KindOf(err) != core.ErrorUnavailable || core.SubjectOf(err) != core.SubjectAnswer {
			t.Errorf("the scorer gets %+v and %v, want what arrived with the error", reply, err)
		}
		return ask.Score(ctx, e)
	})
	result := s.outcome()
	want(t, result, core.Undetermined, `scorer "leaked" could not tell`, "the target hung up")
	if result.Usage.InputTokens != 9 {
		t.Errorf("usage %+v, want that of the replies that broke off too", result.Usage)
	}
	for _, h := range s.diary.helped["polite/1"] {
		if h.Reply == nil || h.Reply.Message.Text() != "yes" || h.Failure == nil || h.Failure.Kind != core.ErrorUnavailable {
			t.Errorf("helper turn %+v, want what arrived and why it broke off", h)
		}
	}
	if n := len(s.diary.helped["polite/1"]); n != 2 {
		t.Errorf("%d helper turns, want 2", n)
	}
}

func TestAnAttackerWhoseReplyBreaksOffHasNoMessage(t *testing.T) {
	a := &agent{}
	s := newScene(t, a)
	s.target("mind", &agent{answer: breaksOff(1, begun(core.TextValue(`{"say": "code?"}`)))}, 1)
	s.trial().RedTeam = &strategy.RedTeam{Attacker: "mind", Objective: "the code", MaxTurns: 2}
	want(t, s.outcome(), core.Errored, "asking the attacker for the next message", "the target hung up")
	if _, _, sent := a.counts(); sent != 0 {
		t.Errorf("%d messages were sent", sent)
	}
}

func TestSecretsAreRemovedFromAReplyThatBrokeOff(t *testing.T) {
	s := newScene(t, &agent{answer: breaksOff(1, begun(core.TextValue("my key is hunter2")))}, "key?")
	s.redact = secret.NewRedactor()
	s.redact.Add("hunter2")
	s.outcome()
	if got := s.diary.recorded("polite/1")[0].Reply.Message.Text(); got != "my key is [redacted]" {
		t.Errorf("recorded %q", got)
	}
}

func TestARunWithRepliesThatBrokeOffIsReplayedAsItWas(t *testing.T) {
	for name, scene := range map[string]func(t *testing.T) *scene{
		"with a leak": func(t *testing.T) *scene {
			return newScene(t, &agent{answer: breaksOff(2, begun(core.TextValue("blue eleven")))}, "one", "two", "three")
		},
		"without": func(t *testing.T) *scene {
			return newScene(t, &agent{answer: breaksOff(1, begun(core.TextValue("b")))}, "one")
		},
		"of nothing":         func(t *testing.T) *scene { return newScene(t, &agent{answer: breaksOff(1, begun())}, "one") },
		"in a later message": func(t *testing.T) *scene { return brokenExchange(t, "blue eleven") },
		"of the judge": func(t *testing.T) *scene {
			return judged(t, &agent{answer: answers("no")}, &agent{answer: breaksOff(1, begun(core.TextValue("yes")))}, "one")
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := map[string][]byte{}
			for _, c := range scene(t).replayed() {
				encoded, err := record.EncodeCall(c, func(core.Value) (string, error) { return "", nil })
				if err != nil {
					t.Fatal(err)
				}
				if _, err := record.DecodeCall(encoded, func(name string) ([]byte, error) { return data[name], nil }); err != nil {
					t.Errorf("%s: %v", encoded, err)
				}
			}
		})
	}
}

// rescored judges what the scene's first trial has recorded again.
func (s *scene) rescored(turns []record.Turn, failure *record.Failure) record.Result {
	s.t.Helper()
	held := cassette.Conversation{TrialID: s.trial().ID, Target: s.trial().Target, Failure: failure}
	judging, err := cassette.Rescore(s.plan, record.Catalog{}, []cassette.Conversation{held}, func(cassette.Conversation) ([]record.Turn, error) { return turns, nil })
	if err != nil {
		s.t.Fatal(err)
	}
	s.diary = newDiary(s.t)
	o := s.options()
	o.Replayer, o.Components.Opener = judging, func(core.Targets) core.Opener { return judging.Opener(s.shelf) }
	if _, err := engine.Run(s.t.Context(), judging.Plan, o); err != nil {
		s.t.Fatalf("Run: %v", err)
	}
	return s.diary.results[s.trial().ID]
}

func TestRescoringFindsALeakInAReplyThatBrokeOff(t *testing.T) {
	s := newScene(t, &agent{answer: breaksOff(2, begun(core.TextValue("the code is red nine")))}, "hello", "code?", "thanks")
	result := s.outcome()
	want(t, result, core.Errored)
	turns := s.diary.recorded("polite/1")
	again := s.rescored(turns, result.Failure)
	if again.Outcome != result.Outcome || again.Reason != result.Reason || again.Turns != 2 {
		t.Errorf("judged again as before: %+v, want %+v", again, result)
	}
	s.shelf.scorers["leaked"] = contains("red nine")
	want(t, s.rescored(turns, result.Failure), core.Succeeded, "turn 2", "the target hung up")
	if kept := s.diary.recorded("polite/1"); len(kept) != 2 || kept[1].Reply == nil || kept[1].Failure == nil || len(kept[1].Scores) != 1 {
		t.Errorf("the rescoring records %+v, want what arrived, why it broke off, and the score", kept)
	}
}

func TestATurnThatWasCutOffByAStopIsRescoredAsItWasHeld(t *testing.T) {
	stop := &record.Failure{Kind: core.ErrorInterrupted, Message: "stopped"}
	half := begun(core.TextValue("the code is red nine"))
	whole := answered(2, "code?", says("no"))
	for name, test := range map[string]struct {
		cut  record.Turn
		leak core.Outcome
	}{
		"nothing had arrived":   {record.Turn{Index: 1, Sent: core.UserText("code?"), Failure: stop}, core.Defended},
		"something had arrived": {record.Turn{Index: 1, Sent: core.UserText("code?"), Reply: &half, Failure: stop}, core.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			turns := []record.Turn{answered(0, "hello", says("hi")), test.cut, whole}
			s := newScene(t, &agent{}, "hello", "code?")
			want(t, s.rescored(turns, nil), core.Defended, "turn")
			s.shelf.scorers["leaked"] = contains("red nine")
			want(t, s.rescored(turns, nil), test.leak)
		})
	}
}

func TestAResumedTrialCountsWhatArrivedBeforeAReplyBrokeOff(t *testing.T) {
	stop := &record.Failure{Kind: core.ErrorInterrupted, Message: "stopped"}
	hungUp := &record.Failure{Kind: core.ErrorUnavailable, Message: "the target hung up"}
	cut := func(text string, why *record.Failure) record.Turn {
		turn := answered(1, "code?", begun(core.TextValue(text)))
		turn.Failure = why
		return turn
	}
	for name, test := range map[string]struct {
		last    record.Turn
		outcome core.Outcome
		sent    int
		reason  string
	}{
		"the run was stopped, with a leak":       {cut("blue eleven", stop), core.Succeeded, 0, "turn 2"},
		"the run was stopped, without":           {cut("I will", stop), core.Defended, 1, "turn 3"},
		"the target hung up, with a leak":        {cut("blue eleven", hungUp), core.Succeeded, 0, "turn 2"},
		"the target hung up, without":            {cut("I will", hungUp), core.Errored, 0, "turn 2: the target hung up"},
		"the target hung up on something unsaid": {cut(" ", hungUp), core.Errored, 0, "turn 2: the target hung up"},
	} {
		t.Run(name, func(t *testing.T) {
			var starts []string
			a := telling(&starts)
			s := stopped(t, a, []record.Turn{answered(0, "hello", says("hi"), leaked(false)), test.last}, "hello", "code?")
			want(t, s.outcome(), test.outcome, test.reason)
			if _, _, sent := a.counts(); sent != test.sent {
				t.Errorf("%d messages were sent, want %d", sent, test.sent)
			}
			if test.sent > 0 && !slices.Equal(starts, []string{"|user: hello|assistant: hi"}) {
				t.Errorf("the target was told %q, want only what was answered whole", starts)
			}
			if r := s.diary.results[s.trial().ID]; r.Usage.InputTokens != int64(6+3*test.sent) {
				t.Errorf("usage %+v, want that of every reply", r.Usage)
			}
		})
	}
}

func TestAStoppedRunDoesNotLoseALeakWhereItsConversationGoesOn(t *testing.T) {
	turn := answered(0, "code?", begun(core.TextValue("blue eleven")))
	turn.Failure = &record.Failure{Kind: core.ErrorInterrupted, Message: "stopped"}
	s := stopped(t, &agent{}, []record.Turn{turn}, "code?", "thanks")
	s.trial().StopOn = plan.StopNever
	want(t, s.outcome(), core.Succeeded, "turn 1")
	turns := s.diary.recorded(s.trial().ID)
	if len(turns) != 3 || turns[1].Sent.Text() != "code?" || turns[1].Reply.Replayed || len(turns[1].Reply.Warnings) != 0 {
		t.Errorf("turns %+v, want both messages sent, in a conversation of which nothing had to be told", turns)
	}
}
