package store_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// claim takes a run that was stopped.
func claim(t *testing.T, s *store.Store, id string) *store.Claim {
	t.Helper()
	c, err := s.Claim(t.Context(), id)
	must(t, err)
	t.Cleanup(c.Release)
	return c
}

// count runs a query for one number.
func count(t *testing.T, dir, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "runs.db"))
	must(t, err)
	must(t, db.QueryRowContext(t.Context(), query).Scan(&n), db.Close())
	return n
}

// said is a turn of one text and its score.
func said(text string) record.Turn {
	return record.Turn{
		Started: start, Ended: start, Sent: core.UserText(text),
		Reply:  &core.Reply{Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("no")}}}, Finish: core.FinishComplete},
		Scores: []record.Score{{Name: "leaked", Score: core.BoolScore(false, text)}},
	}
}

func TestAnEarlierAttemptIsKeptAndOnlyTheLastOneCounts(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	j := begin(t, s, store.Run{Campaign: "demo", Plan: "f1", Trials: 3, Version: "v1"})
	ctx := t.Context()
	asked := helped()[0]
	must(t,
		j.BeginTrial(trialAt(1, 0), start), j.RecordTurn(trial(1).ID, said("one")),
		j.EndTrial(trial(1).ID, record.Result{Outcome: core.Defended, Turns: 1, Ended: start}),
		j.BeginTrial(trialAt(2, 1), start), j.RecordTurn(trial(2).ID, said("first attempt")),
		j.RecordHelperTurn(trial(2).ID, asked),
		j.RecordConnection(store.Connection{Plugin: "acme", Host: "a:1", At: start}),
		j.Finish(store.Interrupted, "", start.Add(time.Minute)))

	c := claim(t, s, "latest")
	if diff := cmp.Diff(map[string]core.Outcome{trial(1).ID: core.Defended}, c.Outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	resumed := store.Session{Version: "v2", Allowed: []string{"the plugin changed"}, Started: start.Add(time.Hour)}
	j, err := c.Resume(ctx, resumed)
	must(t, err)
	again := said("second attempt")
	result := record.Result{Outcome: core.Defended, Turns: 1, Ended: start.Add(2 * time.Hour), Scores: again.Scores}
	must(t,
		j.BeginTrial(trialAt(2, 1), start.Add(time.Hour)), j.RecordTurn(trial(2).ID, again),
		j.RecordHelperTurn(trial(2).ID, asked), j.EndTrial(trial(2).ID, result),
		j.RecordConnection(store.Connection{Plugin: "acme", Host: "b:2", At: start}),
		j.BeginTrial(trialAt(3, 2), start), j.EndTrial(trial(3).ID, result),
		j.Finish(store.Finished, "", start.Add(3*time.Hour)))

	turns, err := s.Turns(ctx, j.Run(), trial(2).ID)
	must(t, err)
	if diff := cmp.Diff([]record.Turn{again}, turns, cmp.Comparer(sameBytes)); diff != "" {
		t.Errorf("turns of the last attempt (-recorded +read):\n%s", diff)
	}
	helperTurns, err := s.HelperTurns(ctx, j.Run(), trial(2).ID)
	must(t, err)
	if len(helperTurns) != 1 {
		t.Errorf("%d helper turns, want the one of the last attempt", len(helperTurns))
	}
	trials, err := s.Trials(ctx, j.Run())
	must(t, err)
	if got := trials[1]; got.Attempt != 2 || !got.Started.Equal(start.Add(time.Hour)) || len(got.Result.Scores) != 1 {
		t.Errorf("trial %+v, want a second attempt that began an hour later, with one score", got)
	}
	connections, err := s.Connections(ctx, j.Run())
	must(t, err)
	if len(connections) != 2 || connections[1].Host != "b:2" {
		t.Errorf("connections %+v, want those of both sessions", connections)
	}
	run, err := s.Run(ctx, j.Run())
	must(t, err)
	first := store.Session{Version: "v1", Started: start, Ended: start.Add(time.Minute), Status: store.Interrupted}
	resumed.Ended, resumed.Status = start.Add(3*time.Hour), store.Finished
	if diff := cmp.Diff([]store.Session{first, resumed}, run.Sessions); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	if run.Outcomes[core.Defended] != 3 || run.Status != store.Finished {
		t.Errorf("run %+v, want three defended trials, finished", run)
	}
	earlier, err := s.Attempt(ctx, j.Run(), trial(2).ID, 1)
	must(t, err)
	if diff := cmp.Diff(store.Attempt{Turns: []record.Turn{said("first attempt")}, HelperTurns: []record.HelperTurn{asked}}, earlier, cmp.Comparer(sameBytes)); diff != "" {
		t.Errorf("first attempt (-recorded +read):\n%s", diff)
	}
	last, err := s.Attempt(ctx, j.Run(), trial(2).ID, 2)
	must(t, err)
	if diff := cmp.Diff(store.Attempt{Turns: turns, HelperTurns: helperTurns}, last, atOnce); diff != "" {
		t.Errorf("last attempt (-as such +by its number):\n%s", diff)
	}
	for _, n := range []int{-1, 0, 3} {
		if _, err := s.Attempt(ctx, j.Run(), trial(2).ID, n); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("attempt %d: %v, want ErrNotFound", n, err)
		}
	}
}

func TestAFinishedTrialCannotBeBegunAgain(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{Plan: "f1"})
	ctx := t.Context()
	must(t, j.BeginTrial(trialAt(1, 0), start), j.EndTrial(trial(1).ID, record.Result{Outcome: core.Defended}),
		j.Finish(store.Interrupted, "", start))
	j, err := claim(t, s, "latest").Resume(ctx, store.Session{Started: start})
	must(t, err)
	if err := errors.Join(j.BeginTrial(trialAt(1, 0), start), j.RecordTurn(trial(1).ID, said("again"))); err == nil {
		t.Error("the trial was begun again, want an error")
	}
}

func TestOnlyOneProcessResumesARun(t *testing.T) {
	dir := t.TempDir()
	one, two := open(t, dir), open(t, dir)
	j := begin(t, one, store.Run{Plan: "f1"})
	if _, err := two.Claim(t.Context(), j.Run()); !errors.Is(err, store.ErrRunning) {
		t.Errorf("Claim of a run that is carried out: %v, want ErrRunning", err)
	}
	must(t, j.Finish(store.Interrupted, "", start))
	c := claim(t, one, j.Run())
	if _, err := two.Claim(t.Context(), j.Run()); !errors.Is(err, store.ErrRunning) {
		t.Errorf("Claim of a run that is claimed: %v, want ErrRunning", err)
	}
	c.Release()
	j, err := claim(t, two, j.Run()).Resume(t.Context(), store.Session{Started: start})
	must(t, err)
	must(t, j.Finish(store.Finished, "", start))
	if _, err := one.Claim(t.Context(), j.Run()); !errors.Is(err, store.ErrFinished) {
		t.Errorf("Claim of a finished run: %v, want ErrFinished", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "running", "*")); err != nil || len(left) > 0 {
		t.Errorf("lock files %v are left (%v)", left, err)
	}
}

func TestAClaimThatIsReleasedLeavesTheRunAsItWas(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{Plan: "f1"})
	must(t, j.Finish(store.Failed, "the disk is full", start))
	before, err := s.Run(t.Context(), j.Run())
	must(t, err)
	claim(t, s, j.Run()).Release()
	after, err := s.Run(t.Context(), j.Run())
	must(t, err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("run (-before +after):\n%s", diff)
	}
}

func TestTheFilesOfACampaignAreKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	want := []store.File{{Name: "clips/a.wav", Data: []byte("RIFF\x00\xff")}, {Name: "prompts/agent.md", Data: []byte("Guard it.")}}
	j := begin(t, s, store.Run{Plan: "f1", Files: want})
	got, err := s.Files(t.Context(), j.Run())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-kept +read):\n%s", diff)
	}
	artifacts, err := filepath.Glob(filepath.Join(dir, "artifacts", "*", "*"))
	must(t, err)
	must(t, os.WriteFile(artifacts[0], []byte("something else"), 0o600))
	if _, err := s.Files(t.Context(), j.Run()); err == nil {
		t.Error("a damaged file is read, want an error")
	}
}

func TestWhatIsRecordedOfATrialThatIsNotBegunAgainIsGoneOnWith(t *testing.T) {
	s := open(t, t.TempDir())
	ctx := t.Context()
	j := begin(t, s, store.Run{Plan: "f1"})
	first := said("first session")
	must(t, j.BeginTrial(trialAt(1, 0), start), j.RecordTurn(trial(1).ID, first),
		j.BeginTrial(trialAt(2, 1), start), j.EndTrial(trial(2).ID, record.Result{Outcome: core.Defended}),
		j.Finish(store.Interrupted, "", start))

	j, err := claim(t, s, "latest").Resume(ctx, store.Session{Started: start})
	must(t, err)
	for id, want := range map[string][]record.Turn{trial(1).ID: {first}, trial(2).ID: nil, trial(3).ID: nil} {
		begun, err := j.Recorded(ctx, id)
		must(t, err)
		if diff := cmp.Diff(want, begun.Turns, cmp.Comparer(sameBytes)); diff != "" {
			t.Errorf("recorded of %s (-want +got):\n%s", id, diff)
		}
	}
	second := said("second session")
	second.Index = 1
	must(t, j.RecordTurn(trial(1).ID, second), j.EndTrial(trial(1).ID, record.Result{Outcome: core.Defended, Turns: 2}), j.Finish(store.Finished, "", start))
	turns, err := s.Turns(ctx, j.Run(), trial(1).ID)
	must(t, err)
	if diff := cmp.Diff([]record.Turn{first, second}, turns, cmp.Comparer(sameBytes)); diff != "" {
		t.Errorf("turns (-recorded +read):\n%s", diff)
	}
	got, err := s.Trial(ctx, j.Run(), trial(1).ID)
	must(t, err)
	if got.Attempt != 1 {
		t.Errorf("attempt %d, want the only one", got.Attempt)
	}
}
