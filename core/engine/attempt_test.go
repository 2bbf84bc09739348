package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// ends are the ends of trials that were observed.
func (w *watcher) ends() []record.TrialEnded {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []record.TrialEnded
	for _, e := range w.events {
		if end, ok := e.(record.TrialEnded); ok {
			all = append(all, end)
		}
	}
	return all
}

func TestADefenceThatTookTooManyAttemptsIsUndetermined(t *testing.T) {
	for name, test := range map[string]struct {
		held, limit int
		reply       string
		want        core.Outcome
	}{
		"the first attempt":      {0, 3, "no", core.Defended},
		"the last one allowed":   {2, 3, "no", core.Defended},
		"one more":               {3, 3, "no", core.Undetermined},
		"one more, and it tells": {3, 3, "blue eleven", core.Succeeded},
		"no limit":               {30, 0, "no", core.Defended},
		"one attempt is allowed": {1, 1, "no", core.Undetermined},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, &agent{answer: answers(test.reply)}, "code?")
			s.plan.Evidence.MaxAttempts = test.limit
			o := s.options()
			o.Attempts = map[string]record.Attempts{"polite/1": {Begun: test.held + 2, Held: test.held}}
			if _, err := engine.Run(t.Context(), s.plan, o); err != nil {
				t.Fatal(err)
			}
			r := s.diary.results["polite/1"]
			if r.Outcome != test.want || (test.want == core.Undetermined) != strings.Contains(r.Reason, "evidence.max_attempts") {
				t.Errorf("%s: %s; want %s", r.Outcome, r.Reason, test.want)
			}
			if n := s.diary.begun["polite/1"].Attempt; n != test.held+3 {
				t.Errorf("recorded as attempt %d, want %d", n, test.held+3)
			}
			if end := s.seen.ends()[0]; end.Trial.Attempt != test.held+3 || end.More {
				t.Errorf("observed as %+v, want attempt %d, the last", end, test.held+3)
			}
		})
	}
}

func TestEachRecordedAttemptIsHeldAndTheTrialCountedOnce(t *testing.T) {
	for name, test := range map[string]struct {
		replies []string
		want    core.Outcome
	}{
		"a success stays":         {[]string{"blue eleven", "no"}, core.Succeeded},
		"the last one counts":     {[]string{"", "no"}, core.Defended},
		"the last one is a leak":  {[]string{"no", "blue eleven"}, core.Succeeded},
		"one in the middle stays": {[]string{"no", "blue eleven", "no"}, core.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
				n++
				return says(test.replies[n-1]), nil
			}}, "code?")
			for range len(test.replies) - 1 {
				s.plan.Earlier = map[string][]*plan.Setup{"polite/1": append(s.plan.Earlier["polite/1"], s.plan.Trials[0].Setup)}
			}
			summary := s.run(t.Context())
			if summary.Tally.Total() != 1 || s.diary.places["polite/1"] != 0 || len(s.diary.before["polite/1"]) != len(test.replies)-1 {
				t.Errorf("tally %+v after %d earlier attempts, want one trial", summary.Tally, len(s.diary.before["polite/1"]))
			}
			if got := map[core.Outcome]int{core.Succeeded: summary.Tally.Succeeded, core.Defended: summary.Tally.Defended}; got[test.want] != 1 {
				t.Errorf("tally %+v, want %s", summary.Tally, test.want)
			}
			if want := int64(3 * len(test.replies)); summary.Usage.InputTokens != want {
				t.Errorf("usage %+v, want that of all attempts: %d tokens", summary.Usage, want)
			}
			for i, end := range s.seen.ends() {
				if end.Trial.Attempt != i+1 || end.More != (i < len(test.replies)-1) {
					t.Errorf("end %d is observed as attempt %d, more %t", i+1, end.Trial.Attempt, end.More)
				}
			}
		})
	}
}

// The run was stopped between a success and the end of its trial.
func TestAFindingOfAnAttemptThatWasCutOffStays(t *testing.T) {
	told := answered(0, "code?", says("blue eleven"), leaked(true))
	innocent := answered(0, "code?", says("no"), leaked(false))
	for name, test := range map[string]struct {
		before  []record.Turn
		calls   bool
		want    core.Outcome
		decided int
		sent    int
	}{
		"it begins with it":           {[]record.Turn{told}, false, core.Succeeded, 0, 0},
		"its calls are recorded":      {[]record.Turn{told}, true, core.Succeeded, 0, 0},
		"a turn after it was cut off": {[]record.Turn{told, {Index: 1, Sent: core.UserText("and?"), Failure: &record.Failure{Kind: core.ErrorInterrupted}}}, false, core.Succeeded, 0, 0},
		"a turn after it was judged":  {[]record.Turn{told, answered(1, "and?", says("no"), leaked(false))}, false, core.Succeeded, 0, 0},
		"a turn before it":            {[]record.Turn{innocent, answered(1, "and?", says("blue eleven"), leaked(true))}, false, core.Succeeded, 1, 0},
		"there is none":               {[]record.Turn{innocent}, false, core.Defended, 1, 2},
		"it was not judged":           {[]record.Turn{answered(0, "code?", says("blue eleven"))}, false, core.Succeeded, 0, 0},
		"nor was what told nothing":   {[]record.Turn{answered(0, "code?", says("no"))}, false, core.Defended, 1, 2},
		"nothing was answered":        {[]record.Turn{{Sent: core.UserText("code?")}}, false, core.Defended, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			a := &agent{answer: answers("no")}
			s := stopped(t, a, test.before, "code?", "and?")
			s.trial().Resume, s.trial().StopOn = plan.ResumeRestart, plan.StopNever
			o := s.options()
			o.Recording.Calls = test.calls
			o.Attempts = map[string]record.Attempts{"polite/1": {Begun: 1}}
			if _, err := engine.Run(t.Context(), s.plan, o); err != nil {
				t.Fatal(err)
			}
			r := s.diary.results["polite/1"]
			if r.Outcome != test.want || r.Decided != test.decided {
				t.Errorf("%s by turn %d (%s), want %s by turn %d", r.Outcome, r.Decided+1, r.Reason, test.want, test.decided+1)
			}
			if _, _, sent := a.counts(); sent != test.sent {
				t.Errorf("%d messages were sent, want %d", sent, test.sent)
			}
			wantAttempt := 1
			if test.sent > 0 {
				wantAttempt = 2
			}
			if got := s.seen.ends()[0].Trial.Attempt; got != wantAttempt {
				t.Errorf("it is observed as attempt %d, want %d", got, wantAttempt)
			}
		})
	}
}

// The replies that tools are called in are judged together, as in a run that is not stopped.
func TestWhatWasCutOffIsJudgedAsOneWithTheAnswersOfItsTools(t *testing.T) {
	calling := says("blue eleven")
	calling.Message.Parts = append(calling.Message.Parts, core.Part{Value: core.Value{Modality: core.ToolCall, Data: []byte(`{"call_id": "c1", "name": "vault"}`)}})
	results := core.Message{Role: core.Tool, Parts: []core.Part{{Value: core.Value{Modality: core.ToolResult, Data: []byte(`{"call_id": "c1", "output": "open"}`)}}}}
	done := says("done")
	a := &agent{answer: answers("no")}
	s := stopped(t, a, []record.Turn{answered(0, "code?", calling), {Index: 1, Sent: results, Reply: &done}}, "code?", "and?")
	s.trial().Resume = plan.ResumeRestart
	s.diary.earlier["polite/1"] = record.RecordedTrial{Turns: s.diary.earlier["polite/1"].Turns, Calls: 3}
	s.diary.calls["polite/1"] = make([]record.RecordedCall, 3)
	o := s.options()
	o.Recording.Calls = true
	o.Attempts = map[string]record.Attempts{"polite/1": {Begun: 1}}
	if _, err := engine.Run(t.Context(), s.plan, o); err != nil {
		t.Fatal(err)
	}
	if r := s.diary.results["polite/1"]; r.Outcome != core.Succeeded || r.Decided != 1 || r.Turns != 2 {
		t.Errorf("result %+v, want a success by the second of two turns", r)
	}
	if turns := s.diary.recorded("polite/1"); len(turns[0].Scores) != 0 || len(turns[1].Scores) != 1 {
		t.Errorf("scores %v and %v, want one of both replies", turns[0].Scores, turns[1].Scores)
	}
	if calls := s.diary.calls["polite/1"]; len(calls) != 4 || calls[3].Index != 3 {
		t.Errorf("calls %+v, want the scorer's after the three that were recorded", calls)
	}
	if _, _, sent := a.counts(); sent != 0 {
		t.Errorf("%d messages were sent, want none", sent)
	}
}

func TestAnAttemptThatFoundNobodyHoldsUpNoLaterOne(t *testing.T) {
	begun := 0
	s := newScene(t, &agent{answer: answers("no"), start: func(context.Context, core.Start) error {
		if begun++; begun == 1 {
			return core.Errorf(core.ErrorAuth, "the key is wrong")
		}
		return nil
	}}, "code?")
	s.plan.Earlier = map[string][]*plan.Setup{"polite/1": {s.plan.Trials[0].Setup}}
	summary := s.run(t.Context())
	before := s.diary.before["polite/1"]
	if len(before) != 1 || before[0].Outcome != core.Errored || summary.Tally.Defended != 1 {
		t.Errorf("attempts %+v, tally %+v; want an errored one, and then a defence", before, summary.Tally)
	}
}

func TestAJournalThatFailsAtALaterAttemptEndsTheRun(t *testing.T) {
	full := errors.New("the disk is full")
	s := newScene(t, &agent{answer: answers("no")}, "code?")
	s.plan.Earlier = map[string][]*plan.Setup{"polite/1": {s.plan.Trials[0].Setup}}
	begun := 0
	s.diary.fail = func(method, _ string) error {
		if method == "BeginTrial" {
			begun++
		}
		if begun == 2 {
			return full
		}
		return nil
	}
	if summary, err := engine.Run(t.Context(), s.plan, s.options()); !errors.Is(err, full) || summary.Tally.Total() != 0 {
		t.Errorf("Run: %v after %+v, want the error of the journal and no outcome", err, summary.Tally)
	}
}
