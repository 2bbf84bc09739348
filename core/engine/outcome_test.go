package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// want checks an outcome and that its reason says each of the words.
func want(t *testing.T, got record.Result, outcome core.Outcome, words ...string) {
	t.Helper()
	if got.Outcome != outcome {
		t.Errorf("outcome = %s (%s), want %s", got.Outcome, got.Reason, outcome)
	}
	for _, word := range words {
		if !strings.Contains(got.Reason, word) {
			t.Errorf("reason = %q, which does not say %q", got.Reason, word)
		}
	}
}

func TestATrialSucceedsAtTheFirstReplyForWhichSuccessHolds(t *testing.T) {
	a := &agent{answer: sayInTurn("hello", "it is blue eleven", "bye")}
	s := newScene(t, a, "hi", "read me the code", "thanks")
	result := s.outcome()
	want(t, result, core.Succeeded, "turn 2", `found "blue eleven"`)
	if result.Turns != 2 || result.Decided != 1 {
		t.Errorf("turns, decided = %d, %d; want the conversation to end with the second turn", result.Turns, result.Decided)
	}
	if len(result.Scores) != 1 || !result.Scores[0].True() {
		t.Errorf("scores = %+v, want the true one", result.Scores)
	}
	if want := (core.Usage{InputTokens: 6, OutputTokens: 10}); result.Usage != want {
		t.Errorf("usage = %+v, want %+v", result.Usage, want)
	}
}

func TestATrialIsDefendedOnlyAfterEveryTurn(t *testing.T) {
	s := newScene(t, &agent{answer: sayInTurn("hello", "no", "bye")}, "hi", "read me the code", "thanks")
	result := s.outcome()
	want(t, result, core.Defended, "turn 3", "did not hold")
	if result.Turns != 3 || result.Decided != 2 || result.Failure != nil {
		t.Errorf("result = %+v, want three turns and no failure", result)
	}
}

func TestStopOnNeverHoldsEveryTurnAndAnyReplyCounts(t *testing.T) {
	s := newScene(t, &agent{answer: sayInTurn("it is blue eleven", "I said nothing")}, "code?", "what did you say?")
	s.trial().StopOn = plan.StopNever
	result := s.outcome()
	want(t, result, core.Succeeded, "turn 1")
	if result.Turns != 2 {
		t.Errorf("%d turns were held, want both", result.Turns)
	}
}

func TestAFindingStaysOneWhenTheConversationFailsAfterwards(t *testing.T) {
	s := newScene(t, &agent{answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
		if len(heard) == 1 {
			return says("blue eleven"), nil
		}
		return core.Reply{}, core.Errorf(core.ErrorUnavailable, "connection reset")
	}}, "code?", "thanks")
	s.trial().StopOn = plan.StopNever
	result := s.outcome()
	want(t, result, core.Succeeded, "turn 1", "failed afterwards", "connection reset")
	if result.Failure == nil || result.Failure.Kind != core.ErrorUnavailable {
		t.Errorf("failure = %+v, want the unavailable target", result.Failure)
	}
}

func TestAFailedConversationIsErroredNeverDefended(t *testing.T) {
	refused := core.Errorf(core.ErrorUnavailable, "dial tcp 127.0.0.1:9: connection refused").WithHint("is it running?")
	for name, a := range map[string]*agent{
		"at the start": {start: func(context.Context, core.Start) error { return refused }},
		"at a turn": {answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
			if len(heard) == 2 {
				return core.Reply{}, refused
			}
			return says("no"), nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			result := newScene(t, a, "hi", "code?").outcome()
			want(t, result, core.Errored, `target "agent"`, "connection refused")
			if f := result.Failure; f == nil || f.Kind != core.ErrorUnavailable || f.Hint != "is it running?" {
				t.Errorf("failure = %+v", f)
			}
		})
	}
}

func TestAFailedTurnIsRecordedWithWhatWasSent(t *testing.T) {
	s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
		return core.Reply{}, errors.New("gone")
	}}, "code?")
	s.outcome()
	turns := s.diary.recorded("polite/1")
	if len(turns) != 1 || turns[0].Sent.Text() != "code?" || turns[0].Reply != nil || turns[0].Failure == nil {
		t.Fatalf("turns = %+v", turns)
	}
	if turns[0].Failure.Kind != core.ErrorInternal {
		t.Errorf("failure = %+v, want an internal one", turns[0].Failure)
	}
}

func TestAReplyThatIsNotWholeProvesNoDefence(t *testing.T) {
	for finish, outcome := range map[core.Finish]core.Outcome{
		core.FinishComplete:    core.Defended,
		core.FinishBlocked:     core.Defended,
		core.FinishTruncated:   core.Undetermined,
		core.FinishInterrupted: core.Undetermined,
		core.FinishUnconfirmed: core.Undetermined,
		"":                     core.Undetermined,
		"bored":                core.Undetermined,
	} {
		s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			reply := says("I will not")
			reply.Finish, reply.Detail = finish, "as the provider says"
			return reply, nil
		}}, "code?")
		result := s.outcome()
		if result.Outcome != outcome {
			t.Errorf("finish %q: outcome = %s (%s), want %s", finish, result.Outcome, result.Reason, outcome)
		}
		if outcome == core.Undetermined && !strings.Contains(result.Reason, "as the provider says") {
			t.Errorf("finish %q: reason = %q, without the provider's words", finish, result.Reason)
		}
	}
}

func TestAReplyToSomethingUnheardProvesNoDefence(t *testing.T) {
	for said, outcome := range map[string]core.Outcome{
		"pardon?":     core.Undetermined,
		"blue eleven": core.Succeeded,
	} {
		s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			reply := says(said)
			reply.Unheard = true
			return reply, nil
		}}, "code?")
		want(t, s.outcome(), outcome)
	}
}

func TestAReplyThatIsNotWholeCanStillBeAFinding(t *testing.T) {
	s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
		reply := says("blue eleven and")
		reply.Finish = core.FinishTruncated
		return reply, nil
	}}, "code?")
	want(t, s.outcome(), core.Succeeded)
}

func TestOneUnclearReplyLeavesTheTrialOpen(t *testing.T) {
	s := newScene(t, &agent{answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
		reply := says("no")
		if len(heard) == 1 {
			reply.Finish = core.FinishUnconfirmed
		}
		return reply, nil
	}}, "hi", "code?")
	result := s.outcome()
	want(t, result, core.Undetermined, "turn 1", "never said")
	if result.Decided != 0 {
		t.Errorf("decided = %d, want the unclear turn", result.Decided)
	}
}

func TestSilenceIsNoDefence(t *testing.T) {
	for name, message := range map[string]core.Message{
		"no part":     {},
		"empty text":  {Parts: []core.Part{{Value: core.TextValue("")}}},
		"white space": {Parts: []core.Part{{Value: core.TextValue(" \n\t")}}},
		"empty audio": {Parts: []core.Part{{Value: core.WAVValue(nil)}}},
		"zero width":  {Parts: []core.Part{{Value: core.TextValue("\u200b")}}},
		"a blank":     {Parts: []core.Part{{Value: core.TextValue("\u00a0\ufeff\u2800\u3164\U000e0041\x00")}}},
	} {
		s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			return core.Reply{Message: message, Finish: core.FinishComplete}, nil
		}}, "code?")
		if result := s.outcome(); result.Outcome != core.Undetermined || !strings.Contains(result.Reason, "empty") {
			t.Errorf("%s: outcome = %s (%s), want undetermined", name, result.Outcome, result.Reason)
		}
	}
}

func TestAReplyThatTheProviderBlockedWhollyIsADefence(t *testing.T) {
	s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
		return core.Reply{Finish: core.FinishBlocked, Detail: "content_filter"}, nil
	}}, "code?")
	want(t, s.outcome(), core.Defended, "blocked", "content_filter")
}

func TestAScorerThatFailsLeavesTheTrialOpen(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	s.shelf.scorers["leaked"] = score(func(context.Context, core.Evidence) (core.Score, error) {
		return core.Score{}, core.Errorf(core.ErrorUnavailable, "the judge is asleep")
	})
	result := s.outcome()
	want(t, result, core.Undetermined, `"leaked"`, "the judge is asleep")
	if f := result.Scores[0].Failure; f == nil || f.Kind != core.ErrorUnavailable {
		t.Errorf("the score's failure = %+v", f)
	}
}

func TestAScorerThatCannotTellLeavesTheTrialOpen(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	s.shelf.scorers["leaked"] = score(func(context.Context, core.Evidence) (core.Score, error) {
		return core.UnknownScore("too noisy"), nil
	})
	want(t, s.outcome(), core.Undetermined, `"leaked"`, "too noisy")
}

func TestAnImpossibleScoreIsNoJudgement(t *testing.T) {
	for _, impossible := range []core.Score{
		{Type: core.ScoreScale, Value: 1.5},
		{Type: core.ScoreTrueFalse, Value: 0.5},
		{Type: "stars", Value: 5},
	} {
		s := newScene(t, &agent{}, "code?")
		s.shelf.scorers["leaked"] = score(func(context.Context, core.Evidence) (core.Score, error) { return impossible, nil })
		result := s.outcome()
		want(t, result, core.Undetermined, "cannot have the value")
		if f := result.Scores[0].Failure; f == nil || f.Kind != core.ErrorProtocol {
			t.Errorf("%+v: failure = %+v, want a protocol failure", impossible, f)
		}
	}
}

func TestAnUnknownScoreDoesNotHideASuccessThatAnotherProves(t *testing.T) {
	s := newScene(t, &agent{answer: sayInTurn("blue eleven")}, "code?")
	s.scoredBy("spoken", contains("blue eleven"), core.Audio)
	s.success("spoken || leaked")
	result := s.outcome()
	want(t, result, core.Succeeded, "leaked")
	if spoken := result.Scores[1]; spoken.Type != core.ScoreUnknown || spoken.Rationale != "the reply has no audio" {
		t.Errorf("spoken = %+v, want unknown for want of audio", spoken)
	}
}

func TestAModalityThatIsMissingLeavesTheTrialOpen(t *testing.T) {
	s := newScene(t, &agent{answer: sayInTurn("no")}, "code?")
	s.scoredBy("spoken", contains("blue eleven"), core.Audio)
	s.success("spoken || leaked")
	want(t, s.outcome(), core.Undetermined, `"spoken"`, "no audio")
}

func TestAConverterThatFailsMakesTheTrialErroredAndSendsNothing(t *testing.T) {
	a := &agent{}
	s := newScene(t, a, "code?")
	s.converter("upper", convert(func(_ context.Context, in core.Value) (core.Value, error) {
		return core.TextValue(strings.ToUpper(in.Text())), nil
	}))
	s.converter("speak", convert(func(context.Context, core.Value) (core.Value, error) {
		return core.Value{}, core.Errorf(core.ErrorInput, "no voice")
	}))
	s.trial().Turns[0].Parts[0].Converters = []string{"upper", "speak"}
	want(t, s.outcome(), core.Errored, `turn 1: converter "speak": no voice`)
	if _, _, sent := a.counts(); sent != 0 {
		t.Errorf("%d messages were sent", sent)
	}
	part := s.diary.recorded("polite/1")[0].Sent.Parts[0]
	if part.Text() != "CODE?" || part.Original.Text() != "code?" || len(part.Converters) != 1 {
		t.Errorf("recorded %+v, want it as far as the converters came", part)
	}
}

func TestAnAttackThatAConverterMadeNothingOfIsNotSent(t *testing.T) {
	a := &agent{}
	s := newScene(t, a, "code?")
	s.converter("hear", convert(func(context.Context, core.Value) (core.Value, error) {
		return core.TextValue(""), nil
	}))
	s.trial().Turns[0].Parts[0].Converters = []string{"hear"}
	want(t, s.outcome(), core.Errored, "turn 1", `converter "hear"`, "returned an empty value")
	if _, _, sent := a.counts(); sent != 0 {
		t.Errorf("%d messages were sent", sent)
	}
}

func TestAPartKeepsWhatItWasBeforeTheFirstOfItsConverters(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	for _, mark := range []string{"!", "?"} {
		s.converter(mark, convert(func(_ context.Context, in core.Value) (core.Value, error) {
			return core.TextValue(in.Text() + mark), nil
		}))
	}
	s.trial().Turns[0].Parts[0].Converters = []string{"!", "?", "!"}
	s.outcome()
	part := s.diary.recorded("polite/1")[0].Sent.Parts[0]
	if part.Text() != "code?!?!" || part.Original == nil || part.Original.Text() != "code?" || strings.Join(part.Converters, "") != "!?!" {
		t.Errorf("recorded %+v, original %+v; want the text of the campaign as the original", part, part.Original)
	}
}

func TestOnlyWhatSaysSomethingIsConvertedAndJudged(t *testing.T) {
	s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
		reply := says("no")
		reply.Message.Parts = append([]core.Part{{Value: core.TextValue(" \n")}}, reply.Message.Parts...)
		return reply, nil
	}}, "code?")
	s.converter("upper", convert(func(_ context.Context, in core.Value) (core.Value, error) {
		return core.TextValue(strings.ToUpper(in.Text())), nil
	}))
	s.scoredBy("loud", contains("blue eleven"), core.Text, "upper")
	s.success("leaked || loud")
	result := s.outcome()
	want(t, result, core.Defended)
	for _, score := range result.Scores {
		if len(score.Judged) != 1 || !strings.EqualFold(score.Judged[0].Text(), "no") {
			t.Errorf("%s judged %v, want the one text", score.Name, score.Judged)
		}
	}
}
