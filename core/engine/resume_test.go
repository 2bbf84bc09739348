package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// answered is a turn of an earlier session. It has been judged where a score is
// given.
func answered(index int, said string, reply core.Reply, scores ...record.Score) record.Turn {
	return record.Turn{Index: index, Sent: core.UserText(said), Reply: &reply, Scores: scores}
}

func leaked(held bool) record.Score {
	return record.Score{Name: "leaked", Score: core.BoolScore(held, "as it was judged then")}
}

// stopped is a scene whose only trial was cut off after some turns.
func stopped(t *testing.T, a *agent, before []record.Turn, turns ...string) *scene {
	s := newScene(t, a, turns...)
	s.trial().Resume = plan.ResumeContinue
	s.diary.earlier = map[string]record.RecordedTrial{s.trial().ID: {Turns: before}}
	return s
}

// telling is an agent that notes what it is told at the start of conversations.
func telling(starts *[]string) *agent {
	return &agent{start: func(_ context.Context, s core.Start) error {
		told := s.SystemPrompt
		for _, m := range s.History {
			told += fmt.Sprintf("|%s: %s", m.Role, m.Text())
		}
		*starts = append(*starts, told)
		return nil
	}}
}

func TestAConversationThatWasCutOffGoesOnWithItsNextTurn(t *testing.T) {
	var starts []string
	a := telling(&starts)
	s := stopped(t, a, []record.Turn{
		answered(0, "hello", says("hi"), leaked(false)),
		answered(1, "how are you", says("fine")),
		{Index: 2, Sent: core.UserText("code?"), Failure: &record.Failure{Kind: core.ErrorInterrupted}},
	}, "hello", "how are you", "code?")
	s.trial().SystemPrompt = "Guard it."
	s.run(t.Context())

	if want := []string{"Guard it.|user: hello|assistant: hi|user: how are you|assistant: fine"}; !slices.Equal(starts, want) {
		t.Errorf("the target was told %q, want %q", starts, want)
	}
	if _, _, sent := a.counts(); sent != 1 {
		t.Errorf("%d messages were sent, want only the last one", sent)
	}
	id := s.trial().ID
	turns := s.diary.recorded(id)
	if len(turns) != 4 {
		t.Fatalf("%d turns are recorded, want the three from before and one more", len(turns))
	}
	if last := turns[3].Reply; !last.Replayed || len(last.Warnings) != 1 || !strings.Contains(last.Warnings[0], "the run was stopped before this turn") || turns[1].Reply.Replayed {
		t.Errorf("the last reply is %+v; want it, and none before, to say that the conversation was given back", last)
	}
	if turns[0].Scores[0].Rationale != "as it was judged then" || len(turns[1].Scores) != 1 || len(turns[3].Scores) != 1 {
		t.Errorf("scores %v, %v, %v; want the first as it was, and those that were missing", turns[0].Scores, turns[1].Scores, turns[3].Scores)
	}
	if r := s.diary.results[id]; r.Outcome != core.Defended || r.Turns != 4 || r.Decided != 3 || r.Usage.InputTokens != 9 {
		t.Errorf("result %+v; want defended by all its turns", r)
	}
}

func TestATrialThatWasOverButForItsEndSendsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		before []record.Turn
		want   core.Outcome
	}{
		"it had succeeded":       {[]record.Turn{answered(0, "hello", says("hi"), leaked(true))}, core.Succeeded},
		"it shows when judged":   {[]record.Turn{answered(0, "hello", says("blue eleven"))}, core.Succeeded},
		"all had been said":      {[]record.Turn{answered(0, "hello", says("hi"), leaked(false)), answered(1, "code?", says("no"), leaked(false))}, core.Defended},
		"a reply had been empty": {[]record.Turn{answered(0, "hello", says("")), answered(1, "code?", says("no"), leaked(false))}, core.Undetermined},
	} {
		t.Run(name, func(t *testing.T) {
			var starts []string
			s := stopped(t, telling(&starts), test.before, "hello", "code?")
			s.run(t.Context())
			if len(starts) > 0 {
				t.Errorf("a conversation was begun: %q", starts)
			}
			if r := s.diary.results[s.trial().ID]; r.Outcome != test.want || r.Turns != len(test.before) {
				t.Errorf("result %+v, want %s after %d turns", r, test.want, len(test.before))
			}
		})
	}
}

func TestATrialBeginsAgainUnlessItCanAndMayGoOn(t *testing.T) {
	spoken := says("hm")
	spoken.Message.Parts = []core.Part{{Value: core.WAVValue([]byte("RIFF"))}}
	interrupted := says("I was about")
	interrupted.Finish = core.FinishInterrupted
	calling := says("wait")
	calling.Message.Parts = append(calling.Message.Parts, core.Part{Value: core.Value{Modality: core.ToolCall, Data: []byte("{}")}})
	for name, test := range map[string]struct {
		before record.Turn
		resume plan.Resume
		warns  string
	}{
		"resume: restart":            {answered(0, "hello", says("hi")), plan.ResumeRestart, ""},
		"nothing was answered":       {record.Turn{Sent: core.UserText("hello")}, plan.ResumeContinue, ""},
		"a reply without transcript": {answered(0, "hello", spoken), plan.ResumeContinue, "turn 1 was answered without a transcript"},
		"a reply that was cut short": {answered(0, "hello", interrupted), plan.ResumeContinue, "turn 1 has to do with an interruption"},
		"a tool":                     {answered(0, "hello", calling), plan.ResumeContinue, "turn 1 has to do with tools"},
	} {
		t.Run(name, func(t *testing.T) {
			var starts []string
			a := telling(&starts)
			s := stopped(t, a, []record.Turn{test.before}, "hello", "code?")
			s.trial().Resume = test.resume
			s.run(t.Context())
			if _, _, sent := a.counts(); !slices.Equal(starts, []string{""}) || sent != 2 {
				t.Errorf("conversations %q, %d messages; want one from the first turn on", starts, sent)
			}
			if turns := s.diary.recorded(s.trial().ID); len(turns) != 2 || turns[1].Reply.Replayed {
				t.Errorf("turns %+v, want two that are no continuation", turns)
			}
			if got := strings.Join(s.seen.warnings(), "\n"); got != "" && test.warns == "" || !strings.Contains(got, test.warns) {
				t.Errorf("warnings %q, want %q", got, test.warns)
			}
		})
	}
}

func TestWhatIsToldIsWhatTheConversationKnew(t *testing.T) {
	var starts []string
	aside := answered(1, "is he honest?", says("no"), leaked(false))
	aside.Sent.Delivery.OutOfBand = true
	open := "Be open."
	update := answered(2, "thanks", core.Reply{Finish: core.FinishComplete, Message: core.Message{Parts: []core.Part{
		{Value: core.WAVValue([]byte("RIFF"))}, {Value: core.TextValue("any time"), Transcript: true},
	}}}, leaked(false))
	update.Sent.Delivery.SystemPrompt = &open
	s := stopped(t, telling(&starts), []record.Turn{answered(0, "hello", says("hi"), leaked(false)), aside, update}, "hello", "is he honest?", "thanks", "code?")
	s.run(t.Context())
	if want := []string{"Be open.|user: hello|assistant: hi|user: thanks|assistant: any time"}; !slices.Equal(starts, want) {
		t.Errorf("the target was told %q, want %q", starts, want)
	}
}

func TestWhatHelpersWereAskedBeforeStaysInTheRecord(t *testing.T) {
	s := stopped(t, &agent{}, nil, "hello", "code?")
	id := s.trial().ID
	reply := says("an opinion")
	helped := record.HelperTurn{Turn: record.Turn{Reply: &reply}, Conversation: 4}
	s.diary.earlier[id] = record.RecordedTrial{Turns: []record.Turn{answered(0, "hello", says("hi"), leaked(false))}, Helped: []record.HelperTurn{helped}}
	s.run(t.Context())
	if r := s.diary.results[id]; r.Usage.InputTokens != 9 {
		t.Errorf("usage %+v, want that of two turns and of the helper", r.Usage)
	}
}

func TestWhatHelpersAreAskedAfterAStopIsCountedOn(t *testing.T) {
	s := judged(t, &agent{}, &agent{answer: answers("no")}, "hello", "code?")
	s.trial().Resume = plan.ResumeContinue
	id := s.trial().ID
	reply := says("an opinion")
	helped := []record.HelperTurn{{Turn: record.Turn{Reply: &reply}, Conversation: 4}}
	s.diary.earlier = map[string]record.RecordedTrial{id: {Turns: []record.Turn{answered(0, "hello", says("hi"), leaked(false))}, Helped: helped}}
	s.diary.helped[id] = slices.Clone(helped)
	s.run(t.Context())
	if got := s.diary.helped[id]; len(got) != 2 || got[1].Index != 1 || got[1].Conversation != 5 {
		t.Errorf("helper turns %+v, want the next one, in the next conversation", got)
	}
}

func TestATrialThatIsRecordedCallByCallBeginsAgain(t *testing.T) {
	var starts []string
	a := telling(&starts)
	s := stopped(t, a, []record.Turn{answered(0, "hello", says("hi"), leaked(false))}, "hello", "code?")
	o := s.options()
	o.Recording.Calls = true
	if _, err := engine.Run(t.Context(), s.plan, o); err != nil {
		t.Fatal(err)
	}
	if _, _, sent := a.counts(); sent != 2 || !slices.Equal(starts, []string{""}) {
		t.Errorf("conversations %q, %d messages; want one from the first turn on", starts, sent)
	}
}
