package store_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// at is a trial as it begins with an attempt.
func at(t record.Trial, attempt int) record.Trial {
	t.Attempt = attempt
	return t
}

// ended is a result.
func ended(outcome core.Outcome, hours int) record.Result {
	return record.Result{Outcome: outcome, Reason: string(outcome) + " indeed", Turns: 1, Ended: start.Add(time.Duration(hours) * time.Hour)}
}

// outcomes are those of the attempts at a trial, in order; "" for none.
func outcomes(t *testing.T, s *store.Reader, run, trial string) []core.Outcome {
	t.Helper()
	attempts, err := s.Attempts(t.Context(), run, trial)
	must(t, err)
	var all []core.Outcome
	for i, a := range attempts {
		if a.Number != i+1 {
			t.Errorf("attempt %d is called %d", i+1, a.Number)
		}
		outcome := core.Outcome("")
		if a.Result != nil {
			outcome = a.Result.Outcome
		}
		all = append(all, outcome)
	}
	return all
}

// erroredRun is a finished run: its first trial was stopped once, and then errored; its
// second is defended.
func erroredRun(t *testing.T, s *store.Store) (id string) {
	t.Helper()
	j := begin(t, s, store.Run{Plan: "f1", Trials: 2})
	must(t, j.BeginTrial(trialAt(1, 0), start), j.RecordTurn(trial(1).ID, said("stopped")), j.Finish(store.Interrupted, "", start))
	j, err := claim(t, s, j.Run()).Resume(t.Context(), store.Session{Started: start})
	must(t, err)
	must(t, j.BeginTrial(trialAt(1, 0), start), j.RecordTurn(trial(1).ID, said("errored")), j.EndTrial(trial(1).ID, ended(core.Errored, 1)),
		j.BeginTrial(trialAt(2, 1), start), j.RecordTurn(trial(2).ID, said("defended")), j.EndTrial(trial(2).ID, ended(core.Defended, 1)),
		j.Finish(store.Finished, "", start))
	return j.Run()
}

// again claims a run to hold its errored trials again.
func again(t *testing.T, s *store.Store, id string) *store.Claim {
	t.Helper()
	c, err := s.Claim(t.Context(), id, core.Errored)
	must(t, err)
	t.Cleanup(c.Release)
	return c
}

func TestAnErroredTrialIsHeldAgainAsAnAttemptOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	s, first := open(t, dir), trial(1).ID
	id := erroredRun(t, s)
	if _, err := s.Claim(t.Context(), id); !errors.Is(err, store.ErrFinished) {
		t.Fatalf("Claim for nothing: %v, want ErrFinished", err)
	}
	c := again(t, s, id)
	if diff := cmp.Diff(map[string]record.Attempts{first: {Begun: 2, Held: 1}}, c.Attempts); diff != "" {
		t.Errorf("attempts of the claim (-want +got):\n%s", diff)
	}

	// The process dies in the third attempt: the trial is errored as before.
	j, err := c.Resume(t.Context(), store.Session{Again: []core.Outcome{core.Errored}, Started: start})
	must(t, err)
	if earlier, err := j.Recorded(t.Context(), first); err != nil || len(earlier.Turns) > 0 {
		t.Errorf("recorded is %+v, %v: an attempt that ended would be gone on with", earlier, err)
	}
	must(t, j.BeginTrial(at(trialAt(1, 0), 3), start.Add(2*time.Hour)), j.RecordTurn(first, said("died")), s.Close())
	s = open(t, dir)
	got, err := s.Trial(t.Context(), id, first)
	must(t, err)
	if got.Result == nil || got.Result.Outcome != core.Errored || got.Attempt != 2 || got.Begun != 3 || got.Held != 1 {
		t.Errorf("after the death: attempt %d of %d (%d held), %+v; want errored by the second of three", got.Attempt, got.Begun, got.Held, got.Result)
	}
	if diff := cmp.Diff([]core.Outcome{"", core.Errored, ""}, outcomes(t, s.Reader, id, first)); diff != "" {
		t.Errorf("attempts after the death (-want +got):\n%s", diff)
	}

	// A plain resume has nothing to hold, and ends the run.
	c = claim(t, s, id)
	if len(c.Attempts) != 0 || len(c.Outcomes) != 2 {
		t.Errorf("a claim after the death holds %v again, and knows %v", c.Attempts, c.Outcomes)
	}
	c.Release()

	j, err = again(t, s, id).Resume(t.Context(), store.Session{Again: []core.Outcome{core.Errored}, Started: start})
	must(t, err)
	must(t, j.BeginTrial(at(trialAt(1, 0), 4), start.Add(3*time.Hour)), j.RecordTurn(first, said("fourth")),
		j.EndTrial(first, ended(core.Defended, 4)), j.Finish(store.Finished, "", start))
	readsFourAttempts(t, s.Reader, id)

	to := open(t, t.TempDir())
	_, _, err = to.Import(t.Context(), bytes.NewReader(export(t, s.Reader, id)))
	must(t, err)
	readsFourAttempts(t, to.Reader, id)
}

// readsFourAttempts reads the trial of erroredRun that was held again twice.
func readsFourAttempts(t *testing.T, s *store.Reader, id string) {
	t.Helper()
	first := trial(1).ID
	trials, err := s.Trials(t.Context(), id)
	must(t, err)
	got := trials[0]
	if len(trials) != 2 || got.Result.Outcome != core.Defended || got.Attempt != 4 || got.Begun != 4 || got.Held != 2 ||
		!got.Started.Equal(start.Add(3*time.Hour)) || len(got.Result.Scores) != 1 || got.Result.Scores[0].Rationale != "fourth" || trials[1].Begun != 1 || trials[1].Held != 1 {
		t.Errorf("trials %+v; want the first to be defended by its fourth attempt", trials)
	}
	if diff := cmp.Diff([]core.Outcome{"", core.Errored, "", core.Defended}, outcomes(t, s, id, first)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	for n, want := range []string{"stopped", "errored", "died", "fourth"} {
		attempt, err := s.Attempt(t.Context(), id, first, n+1)
		must(t, err)
		if len(attempt.Turns) != 1 || attempt.Turns[0].Sent.Text() != want {
			t.Errorf("attempt %d is %+v, want %q", n+1, attempt.Turns, want)
		}
	}
	turns, err := s.Turns(t.Context(), id, first)
	must(t, err)
	if len(turns) != 1 || turns[0].Sent.Text() != "fourth" {
		t.Errorf("what counts is %+v, want the fourth attempt", turns)
	}
	again, err := s.HeldAgain(t.Context(), id)
	must(t, err)
	if diff := cmp.Diff(map[int]int{2: 1}, again); diff != "" {
		t.Errorf("held again (-want +got):\n%s", diff)
	}
	run, err := s.Run(t.Context(), id)
	must(t, err)
	if run.Outcomes[core.Defended] != 2 || run.Outcomes[core.Errored] != 0 || len(run.Sessions) != 4 || len(run.Sessions[3].Again) != 1 {
		t.Errorf("run %+v; want two defended trials, counted once, and what was held again", run)
	}
	counts, err := s.Counts(t.Context(), id)
	must(t, err)
	if len(counts) != 1 || counts[0].Trials != 2 {
		t.Errorf("counts %+v, want one of two trials", counts)
	}
}

func TestASuccessInAnyAttemptCounts(t *testing.T) {
	for name, test := range map[string]struct {
		attempts []core.Outcome
		want     core.Outcome
		attempt  int
	}{
		"the last one":             {[]core.Outcome{core.Errored, core.Succeeded}, core.Succeeded, 2},
		"the first one":            {[]core.Outcome{core.Succeeded, core.Defended}, core.Succeeded, 1},
		"the first of two":         {[]core.Outcome{core.Errored, core.Succeeded, core.Succeeded}, core.Succeeded, 2},
		"one in the middle":        {[]core.Outcome{core.Errored, core.Succeeded, core.Errored}, core.Succeeded, 2},
		"none, the last one then":  {[]core.Outcome{core.Undetermined, core.Errored, core.Defended}, core.Defended, 3},
		"none, and still errored":  {[]core.Outcome{core.Undetermined, core.Errored}, core.Errored, 2},
		"none, undetermined later": {[]core.Outcome{core.Errored, core.Undetermined}, core.Undetermined, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir())
			j := begin(t, s, store.Run{Plan: "f1", Trials: 1})
			for i, outcome := range test.attempts {
				must(t, j.BeginTrial(at(trialAt(1, 0), i+1), start), j.EndTrial(trial(1).ID, ended(outcome, i)))
			}
			must(t, j.Finish(store.Finished, "", start))
			got, err := s.Trial(t.Context(), j.Run(), trial(1).ID)
			must(t, err)
			if got.Result.Outcome != test.want || got.Attempt != test.attempt || got.Held != len(test.attempts) {
				t.Errorf("%s by attempt %d of %d, want %s by attempt %d", got.Result.Outcome, got.Attempt, got.Held, test.want, test.attempt)
			}
			if diff := cmp.Diff(test.attempts, outcomes(t, s.Reader, j.Run(), trial(1).ID)); diff != "" {
				t.Errorf("attempts (-want +got):\n%s", diff)
			}
			_, _, err = open(t, t.TempDir()).Import(t.Context(), bytes.NewReader(export(t, s.Reader, j.Run())))
			must(t, err)
		})
	}
}

func TestThePartOfACampaignIsKeptAndNoBaselineOfTheWhole(t *testing.T) {
	s := open(t, t.TempDir())
	finished := func(selection record.Selection, hours int) store.Run {
		j := begin(t, s, store.Run{Campaign: "demo", Started: start.Add(time.Duration(hours) * time.Hour), Selection: selection})
		must(t, j.BeginTrial(trialAt(1, 0), start), j.EndTrial(trial(1).ID, ended(core.Defended, 1)), j.Finish(store.Finished, "", start))
		run, err := s.Run(t.Context(), j.Run())
		must(t, err)
		return run
	}
	part := record.Selection{Only: []string{"polite/phone", "rude"}, Trials: 2}
	whole, half, last := finished(record.Selection{}, 0), finished(part, 1), finished(record.Selection{}, 2)
	if diff := cmp.Diff(part, half.Selection); diff != "" || !whole.Selection.IsWhole() {
		t.Errorf("selection (-recorded +read):\n%s", diff)
	}
	for _, run := range []store.Run{half, last} {
		if previous, err := s.Previous(t.Context(), run); err != nil || previous.ID != whole.ID {
			t.Errorf("before %s was %s, %v; want the run of the whole campaign, %s", run.ID, previous.ID, err, whole.ID)
		}
	}
}

func TestAnExportWhoseOutcomeDoesNotFollowFromItsAttemptsIsRefused(t *testing.T) {
	for name, forge := range map[string]string{
		"a success is passed over":            `UPDATE attempts SET outcome = 'succeeded' WHERE attempt = 1`,
		"the outcome is that of another":      `UPDATE trials SET attempt = 1`,
		"another outcome than of the attempt": `UPDATE trials SET outcome = 'undetermined'`,
		"the trial has none":                  `UPDATE trials SET outcome = NULL`,
		"there is no attempt 0":               `UPDATE attempts SET attempt = 0 WHERE attempt = 1`,
		"too many attempts":                   `UPDATE attempts SET attempt = 100001 WHERE attempt = 1`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			j := begin(t, s, store.Run{Plan: "f1", Trials: 1})
			must(t, j.BeginTrial(at(trialAt(1, 0), 1), start), j.EndTrial(trial(1).ID, ended(core.Errored, 1)),
				j.BeginTrial(at(trialAt(1, 0), 2), start), j.EndTrial(trial(1).ID, ended(core.Defended, 2)), j.Finish(store.Finished, "", start))
			execSQL(t, dir, forge)
			_, _, err := open(t, t.TempDir()).Import(t.Context(), bytes.NewReader(export(t, s.Reader, j.Run())))
			if core.KindOf(err) != core.ErrorInput {
				t.Errorf("Import: %v, want the file to be refused", err)
			}
		})
	}
}
