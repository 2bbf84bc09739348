package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

var start = time.Date(2026, 11, 23, 20, 34, 34, 5, time.UTC)

func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// begin begins a run, which is not finished.
func begin(t testing.TB, s *store.Store, r store.Run) *store.Journal {
	t.Helper()
	if r.Started.IsZero() {
		r.Started = start
	}
	j, err := s.CreateRun(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func trial(number int) record.Trial {
	return record.Trial{
		TrialInfo: record.TrialInfo{
			ID: fmt.Sprintf("polite/phone/row-2/%d", number), Number: number, Attack: "polite", Variant: "phone", Row: 2, Target: "agent",
		},
		Seed: 1<<63 + 7, Objective: "The agent reads out the vault code.", SystemPrompt: "Guard it.", StopOn: "success",
	}
}

// trialAt is a trial with its place in the plan.
func trialAt(number, ordinal int) record.Trial {
	t := trial(number)
	t.Ordinal = ordinal
	return t
}

// must stops the test at the first error.
func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// everything is a turn in which every field is used, with payloads that are
// neither UTF-8 nor free of NUL bytes.
func everything() record.Turn {
	original := core.TextValue("read\x00 me \xff\xfe the code")
	prompt := "Tell \x00 all."
	return record.Turn{
		Index:   0,
		Started: start.Add(time.Second),
		Ended:   start.Add(2 * time.Second),
		Sent: core.Message{Role: core.User, Parts: []core.Part{
			{Value: core.WAVValue([]byte("RIFF sent")), Original: &original, Converters: []string{"leet", "speak"}},
			{Value: core.TextValue(strings.Repeat("a\x00\xff", 40_000))},
		}, Delivery: core.Delivery{SystemPrompt: &prompt, Stream: true, InterruptAfter: 800 * time.Millisecond, OutOfBand: true}},
		Reply: &core.Reply{
			Message: core.Message{Role: core.Assistant, Parts: []core.Part{
				{Value: core.TextValue("blue \x00\xc3\x28 eleven"), Transcript: true},
				{Value: core.WAVValue([]byte("RIFF reply"))},
				{Value: core.WAVValue([]byte("RIFF lost")), Undelivered: true},
				{Value: core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: []byte(`{"name":"open"}`)}},
				{Value: core.Value{Modality: core.Image, MediaType: "image/png", Data: []byte("\x89PNG")}},
				{Value: core.Value{Modality: core.Audio, MediaType: core.MediaWAV, Data: []byte{}}},
			}},
			Finish: core.FinishTruncated, Detail: "max_output_tokens",
			Usage: core.Usage{InputTokens: 1, InputImageTokens: 7, OutputAudioTokens: 9},
			Timing: core.Timing{
				Connect: time.Microsecond, FirstEvent: time.Millisecond, FirstAudio: 2 * time.Millisecond, LastAudio: 3 * time.Millisecond, Total: time.Second,
			},
			Heard:     "good morning",
			Delivered: 800 * time.Millisecond, Replayed: true,
			RateLimits: []core.RateLimit{{Name: "requests", Limit: 100, Remaining: 7, Reset: time.Minute}},
			Warnings:   []string{"the voice was ignored"},
		},
		Scores: []record.Score{
			{Name: "leaked", Score: core.BoolScore(true, "found \"\x00\xff\""), Judged: []core.Value{core.TextValue("blue eleven")}},
			{Name: "harm", Score: core.Score{Type: core.ScoreScale, Value: 0.25, Rationale: "mild"}},
			{
				Name: "spoken", Score: core.UnknownScore("deaf"), Judged: []core.Value{core.WAVValue([]byte("RIFF reply"))},
				Failure: &record.Failure{Kind: core.ErrorUnavailable, Message: "no recogniser", Hint: "install one"},
			},
		},
	}
}

func TestWhatIsRecordedIsReadBack(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{Campaign: "demo"})
	planned := trialAt(1, 1)
	planned.Success = "leaked"
	first := everything()
	scores := first.Scores
	first.Scores = nil
	second := record.Turn{
		Index: 1, Started: start, Ended: start,
		Sent:    core.Message{Role: core.Tool, Parts: []core.Part{{Value: core.Value{Modality: core.ToolResult, Data: []byte("{}")}}}},
		Failure: &record.Failure{Kind: core.ErrorTimeout, Message: "no answer within 1m0s", Hint: "wait"},
	}
	result := record.Result{
		Outcome: core.Succeeded, Reason: "turn 1: success\xff held", Ended: start.Add(time.Minute), Turns: 2, Decided: 0,
		Usage: core.Usage{InputTokens: 1}, Failure: second.Failure, Scores: scores,
	}
	ctx := t.Context()
	must(t,
		j.BeginTrial(planned, start),
		j.RecordTurn(planned.ID, first),
		j.RecordScores(planned.ID, 0, scores),
		j.RecordTurn(planned.ID, second),
		j.EndTrial(planned.ID, result),
	)

	turns, err := s.Turns(ctx, j.Run(), planned.ID)
	must(t, err)
	first.Scores = scores
	if diff := cmp.Diff([]record.Turn{first, second}, turns, cmp.Comparer(sameBytes)); diff != "" {
		t.Errorf("turns (-recorded +read):\n%s", diff)
	}

	want := store.Trial{
		ID: planned.ID, Attack: "polite", Variant: "phone", Row: 2, Number: 1, Seed: planned.Seed, Target: "agent",
		Objective: planned.Objective, SystemPrompt: planned.SystemPrompt, Success: "leaked", Attempt: 1, Attempts: record.Attempts{Begun: 1, Held: 1}, Started: start, Result: &result,
	}
	withoutJudged := result
	withoutJudged.Scores = nil
	for _, score := range scores {
		score.Judged = nil
		withoutJudged.Scores = append(withoutJudged.Scores, score)
	}
	want.Result = &withoutJudged
	trials, err := s.Trials(ctx, j.Run())
	must(t, err)
	if diff := cmp.Diff([]store.Trial{want}, trials); diff != "" {
		t.Errorf("trials (-recorded +read):\n%s", diff)
	}
	one, err := s.Trial(ctx, j.Run(), planned.ID)
	must(t, err)
	withoutJudged.Scores = nil
	if diff := cmp.Diff(want, one); diff != "" {
		t.Errorf("trial (-recorded +read):\n%s", diff)
	}
}

// atOnce compares bytes as a whole: one by one, under the race detector, a sound
// takes seconds.
var atOnce = cmp.FilterValues(func(a, b []byte) bool { return len(a) > 0 && len(b) > 0 }, cmp.Comparer(bytes.Equal))

// sameBytes takes no bytes for no bytes, whether nil or empty.
func sameBytes(a, b []byte) bool { return bytes.Equal(a, b) }

func TestATurnMayBringItsScores(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	turn := everything()
	must(t, j.BeginTrial(trialAt(1, 1), start), j.RecordTurn(trial(1).ID, turn))
	turns, err := s.Turns(t.Context(), j.Run(), trial(1).ID)
	must(t, err)
	if diff := cmp.Diff([]record.Turn{turn}, turns, cmp.Comparer(sameBytes)); diff != "" {
		t.Errorf("turns (-recorded +read):\n%s", diff)
	}
}

func TestATrialThatWasNotEndedHasNoResult(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{Trials: 5})
	must(t,
		j.BeginTrial(trialAt(1, 1), start), j.EndTrial(trial(1).ID, record.Result{Outcome: core.Defended}),
		j.BeginTrial(trialAt(2, 2), start), j.RecordTurn(trial(2).ID, everything()))
	trials, err := s.Trials(t.Context(), j.Run())
	must(t, err)
	if len(trials) != 2 || trials[0].Result == nil || trials[1].Result != nil {
		t.Errorf("trials = %+v, want one with and one without a result", trials)
	}
	run, err := s.Run(t.Context(), j.Run())
	must(t, err)
	if diff := cmp.Diff(map[core.Outcome]int{core.Defended: 1}, run.Outcomes); diff != "" || run.Trials != 5 {
		t.Errorf("run = %+v", run)
	}
}

func TestARunKeepsWhatExplainsIt(t *testing.T) {
	s := open(t, t.TempDir())
	given := store.Run{
		Campaign: "demo", File: "campaigns/demo.yaml", Source: []byte("name: d\xe9mo\n"), Authorization: "RT-2026-014",
		Path: "/srv/campaigns/demo.yaml", Trials: 3, Plan: "f1", Version: "v0.1.0", Started: start,
		Plugins: []store.Plugin{
			{Name: "bundled", Version: "v0.1.0", SHA256: "aa"},
			{Name: "acme", Version: "v2", SHA256: "bb", Trust: "locked", Permissions: core.Permissions{Network: true, Read: []string{"/srv"}}, Sandbox: "files"},
		},
	}
	j := begin(t, s, given)
	given.ID, given.Status, given.Outcomes = j.Run(), store.Running, map[core.Outcome]int{}
	given.Sessions = []store.Session{{Version: "v0.1.0", Started: start}}
	got, err := s.Run(t.Context(), j.Run())
	must(t, err)
	if diff := cmp.Diff(given, got); diff != "" {
		t.Errorf("run (-given +read):\n%s", diff)
	}
	if !strings.HasPrefix(j.Run(), "20261123-203434-") || len(j.Run()) != len("20261123-203434-k3x9") {
		t.Errorf("the run's ID is %q", j.Run())
	}

	must(t, j.Finish(store.Interrupted, "Ctrl-C", start.Add(time.Minute)))
	given.Status, given.Message, given.Ended = store.Interrupted, "Ctrl-C", start.Add(time.Minute)
	given.Sessions[0].Status, given.Sessions[0].Ended = store.Interrupted, start.Add(time.Minute)
	got, err = s.Run(t.Context(), j.Run())
	must(t, err)
	if diff := cmp.Diff(given, got); diff != "" {
		t.Errorf("finished run (-given +read):\n%s", diff)
	}
}

func TestRunsAreFoundByIDByItsBeginningAndAsTheLatest(t *testing.T) {
	s := open(t, t.TempDir())
	for i, id := range []string{"20261123-aaaa", "20261123-aabb", "20261124-cccc", "20261123"} {
		begin(t, s, store.Run{ID: id, Started: start.Add(time.Duration(i%3) * time.Hour)})
	}
	for given, want := range map[string]string{
		"20261123-aaaa": "20261123-aaaa",
		"20261123-aab":  "20261123-aabb",
		"20261124":      "20261124-cccc",
		"latest":        "20261124-cccc",
		"20261123":      "20261123", // its own ID, though others begin so
	} {
		run, err := s.Run(t.Context(), given)
		if err != nil || run.ID != want {
			t.Errorf("Run(%q) = %q, %v; want %q", given, run.ID, err, want)
		}
	}
	if _, err := s.Run(t.Context(), "20261123-a"); !errors.Is(err, store.ErrAmbiguous) || !strings.Contains(err.Error(), "20261123-aabb") {
		t.Errorf("an ambiguous beginning: %v, want the candidates", err)
	}
	for _, missing := range []string{"2025", "%", "LATEST", ""} {
		if _, err := s.Run(t.Context(), missing); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Run(%q): %v, want ErrNotFound", missing, err)
		}
	}
	runs, err := s.Runs(t.Context())
	must(t, err)
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	if diff := cmp.Diff([]string{"20261124-cccc", "20261123-aabb", "20261123-aaaa", "20261123"}, ids); diff != "" {
		t.Errorf("runs, latest first (-want +got):\n%s", diff)
	}
}

func TestAMissingTrialIsNotFound(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	if _, err := s.Trial(t.Context(), j.Run(), "nope/1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Trial: %v, want ErrNotFound", err)
	}
}

func TestARunWhoseJournalWasNotFinishedShowsAsAbandoned(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir), open(t, dir)
	j := begin(t, s, store.Run{})
	for _, reader := range []*store.Store{s, other} {
		if run, err := reader.Run(t.Context(), j.Run()); err != nil || run.Status != store.Running {
			t.Errorf("while it is held: %q, %v; want running", run.Status, err)
		}
	}
	must(t, s.Close())
	if run, err := other.Run(t.Context(), j.Run()); err != nil || run.Status != store.Abandoned {
		t.Errorf("afterwards: %q, %v; want abandoned", run.Status, err)
	}
}

func TestARunEndsOnceAndOnlyInAKnownWay(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	for _, status := range []store.Status{"", store.Running, store.Abandoned, "done"} {
		if err := j.Finish(status, "", start); err == nil {
			t.Errorf("a run can end as %q", status)
		}
	}
	must(t, j.Finish(store.Finished, "", start))
	if err := j.Finish(store.Failed, "", start); !errors.Is(err, store.ErrClosed) {
		t.Errorf("finishing twice: %v", err)
	}
	if err := j.RecordTurn("a/1", everything()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("recording after the end: %v", err)
	}
}

func TestArtifactsAreKeptOnceUnderTheirSHA256(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	j := begin(t, s, store.Run{})
	for n := 1; n <= 3; n++ {
		must(t, j.BeginTrial(trialAt(n, n), start), j.RecordTurn(trial(n).ID, everything()))
	}
	var files []string
	must(t, filepath.WalkDir(filepath.Join(dir, "artifacts"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	}))
	// Three sounds, a picture, a long text.
	if len(files) != 5 {
		t.Errorf("artifacts: %v, want 5", files)
	}
	reply := core.WAVValue([]byte("RIFF reply"))
	path, ok := s.ArtifactFile(reply)
	if !ok {
		t.Fatal("the reply's sound is no artifact")
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "RIFF reply" {
		t.Errorf("%s holds %q, %v", path, content, err)
	}
	data, err := s.Artifact(t.Context(), filepath.Base(path))
	if err != nil || string(data) != "RIFF reply" {
		t.Errorf("Artifact = %q, %v", data, err)
	}
	if path, ok := s.ArtifactFile(core.TextValue("short")); ok {
		t.Errorf("a short text is kept in %s", path)
	}
}

func TestAnArtifactThatIsMissingDamagedOrImpossibleIsAnError(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	must(t, j.BeginTrial(trialAt(1, 1), start), j.RecordTurn(trial(1).ID, everything()))
	path, _ := s.ArtifactFile(core.WAVValue([]byte("RIFF reply")))
	sum := filepath.Base(path)

	must(t, os.WriteFile(path, []byte("RIFF forged"), 0o600))
	if _, err := s.Artifact(t.Context(), sum); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged artifact: %v", err)
	}
	must(t, os.Remove(path))
	if _, err := s.Artifact(t.Context(), sum); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a missing artifact: %v", err)
	}
	if _, err := s.Turns(t.Context(), j.Run(), trial(1).ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a turn with a missing artifact: %v", err)
	}
	for _, impossible := range []string{"", "ab", "../../../etc/passwd", strings.Repeat("A", 64), strings.Repeat("z", 64)} {
		if _, err := s.Artifact(t.Context(), impossible); err == nil {
			t.Errorf("Artifact(%q) gives something", impossible)
		}
	}
}

func TestOnlyItsOwnerCanReadAStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "store")
	s := open(t, dir)
	j := begin(t, s, store.Run{})
	must(t, j.BeginTrial(trialAt(1, 1), start), j.RecordTurn(trial(1).ID, everything()))
	seen := 0
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		seen++
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the permissions %v", path, info.Mode().Perm())
		}
		return nil
	}))
	if seen < 8 {
		t.Errorf("only %d files and directories were looked at", seen)
	}
}

func TestSeveralWritersShareOneStore(t *testing.T) {
	dir := t.TempDir()
	const writers, trials = 4, 25
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			s, err := store.Open(context.Background(), dir)
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			defer s.Close()
			j, err := s.CreateRun(context.Background(), store.Run{Started: start})
			if err != nil {
				t.Errorf("CreateRun: %v", err)
				return
			}
			for n := range trials {
				if err := errors.Join(
					j.BeginTrial(trialAt(n, n), start),
					j.RecordTurn(trial(n).ID, everything()),
					j.EndTrial(trial(n).ID, record.Result{Outcome: core.Defended}),
				); err != nil {
					t.Errorf("recording: %v", err)
				}
			}
			if err := j.Finish(store.Finished, "", start); err != nil {
				t.Errorf("Finish: %v", err)
			}
		})
	}
	group.Wait()
	runs, err := open(t, dir).Runs(t.Context())
	must(t, err)
	if len(runs) != writers {
		t.Errorf("%d runs, want %d", len(runs), writers)
	}
	for _, r := range runs {
		if r.Outcomes[core.Defended] != trials || r.Status != store.Finished {
			t.Errorf("run %s: %v, %s", r.ID, r.Outcomes, r.Status)
		}
	}
}

func TestManyTrialsRecordAtTheSameTime(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	const trials, turns = 40, 3
	var group sync.WaitGroup
	for n := range trials {
		group.Go(func() {
			id := trial(n).ID
			err := j.BeginTrial(trialAt(n, n), start)
			for i := range turns {
				turn := everything()
				turn.Index = i
				err = errors.Join(err, j.RecordTurn(id, turn))
			}
			if err := errors.Join(err, j.EndTrial(id, record.Result{Outcome: core.Succeeded, Turns: turns})); err != nil {
				t.Errorf("trial %s: %v", id, err)
			}
		})
	}
	group.Wait()
	for n := range trials {
		got, err := s.Turns(t.Context(), j.Run(), trial(n).ID)
		if err != nil || len(got) != turns {
			t.Errorf("trial %d: %d turns, %v", n, len(got), err)
		}
	}
}

func TestAJournalThatFailedOnceStaysFailed(t *testing.T) {
	s := open(t, t.TempDir())
	healthy := begin(t, s, store.Run{})
	for i := range 20 { // the failure may be noticed before, with or after the turn
		j := begin(t, s, store.Run{ID: fmt.Sprint("failing-", i)})
		// Nobody waits for the second beginning of the same trial, which the
		// database refuses; what follows must not pass for recorded.
		err := errors.Join(j.BeginTrial(trialAt(1, 1), start), j.BeginTrial(trialAt(1, 1), start))
		if err == nil {
			err = j.RecordTurn(trial(1).ID, record.Turn{Started: start, Ended: start})
		}
		if err == nil {
			t.Error("a turn of a trial that could not be begun is recorded")
		}
		if err := j.EndTrial(trial(1).ID, record.Result{Outcome: core.Defended}); err == nil {
			t.Error("and then it has an outcome")
		}
		must(t, j.Finish(store.Failed, "recording failed", start))
	}
	if err := errors.Join(healthy.BeginTrial(trialAt(1, 1), start), healthy.RecordTurn(trial(1).ID, everything())); err != nil {
		t.Errorf("another run cannot be recorded any more: %v", err)
	}
}

func TestNothingIsRecordedAfterTheStoreIsClosed(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir())
	must(t, err)
	j := begin(t, s, store.Run{})
	must(t, s.Close(), s.Close())
	if err := j.RecordTurn("a/1", record.Turn{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("RecordTurn: %v, want ErrClosed", err)
	}
	if _, err := s.CreateRun(t.Context(), store.Run{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("CreateRun: %v, want ErrClosed", err)
	}
	if _, err := s.Runs(t.Context()); err == nil {
		t.Error("Runs of a closed store gives something")
	}
}

func TestTheConnectionsOfPluginsAreKept(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	want := []store.Connection{
		{Plugin: "acme", Host: "api.example.com:443", At: start, Sent: 1200, Received: 34},
		{Plugin: "acme", Host: "evil.example:443", At: start.Add(time.Second), Refused: "evil.example is not in scope.hosts"},
	}
	for _, c := range want {
		must(t, j.RecordConnection(c))
	}
	must(t, j.Finish(store.Finished, "", start))
	got, err := s.Connections(t.Context(), j.Run())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("connections (-recorded +read):\n%s", diff)
	}
}
