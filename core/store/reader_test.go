package store_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// kept returns the directory of a store with one finished run.
func kept(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	s, err := store.Open(t.Context(), dir)
	must(t, err)
	j := begin(t, s, store.Run{Campaign: "demo"})
	must(t,
		j.BeginTrial(trialAt(1, 1), start),
		j.RecordTurn(trial(1).ID, everything()),
		j.EndTrial(trial(1).ID, record.Result{Outcome: core.Defended}),
		j.Finish(store.Finished, "", start), s.Close())
	return dir
}

// readAll reads the run, its trials and its turns.
func readAll(t *testing.T, dir string) *store.Reader {
	t.Helper()
	s, err := store.OpenReader(t.Context(), dir)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	run, err := s.Run(t.Context(), "latest")
	must(t, err)
	trials, err := s.Trials(t.Context(), run.ID)
	must(t, err)
	turns, err := s.Turns(t.Context(), run.ID, trial(1).ID)
	must(t, err)
	if run.Campaign != "demo" || run.Status != store.Finished || len(trials) != 1 || len(turns) != 1 {
		t.Errorf("read %+v, %d trials, %d turns", run, len(trials), len(turns))
	}
	return s
}

func TestAReaderReadsAndDoesNotRecord(t *testing.T) {
	s := readAll(t, kept(t))
	if _, records := any(s).(interface {
		CreateRun(context.Context, store.Run) (*store.Journal, error)
	}); records {
		t.Error("a reader can begin runs")
	}
}

func TestAReaderSeesARunThatIsBeingHeld(t *testing.T) {
	dir := t.TempDir()
	j := begin(t, open(t, dir), store.Run{})
	reader, err := store.OpenReader(t.Context(), dir)
	must(t, err)
	defer reader.Close()
	run, err := reader.Run(t.Context(), j.Run())
	must(t, err)
	if run.Status != store.Running {
		t.Errorf("the run shows as %s", run.Status)
	}
}

func TestAReaderMakesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	if _, err := store.OpenReader(t.Context(), dir); !errors.Is(err, store.ErrNoStore) || !strings.Contains(err.Error(), dir) {
		t.Errorf("OpenReader: %v, want ErrNoStore and the directory", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory was made")
	}
}

func TestAReaderRefusesWhatIsNoStore(t *testing.T) {
	foreign := t.TempDir()
	execSQL(t, foreign, "CREATE TABLE bookmarks (url TEXT)")
	future := kept(t)
	execSQL(t, future, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	for dir, want := range map[string]string{foreign: "another program's", future: "newer version"} {
		if _, err := store.OpenReader(t.Context(), dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("OpenReader: %v, want it to say %q", err, want)
		}
	}
}

func TestAStoreThatMustNotBeWrittenIsRead(t *testing.T) {
	if os.Geteuid() == 0 { // for the superuser no directory is read-only
		runAsNobody(t)
		return
	}
	dir := kept(t)
	must(t, os.Chmod(filepath.Join(dir, "runs.db"), 0o400), os.Chmod(dir, 0o500))
	t.Cleanup(func() { must(t, os.Chmod(dir, 0o700)) }) // so that it can be removed
	readAll(t, dir)
}

// runAsNobody runs the test again as a user without rights.
func runAsNobody(t *testing.T) {
	t.Helper()
	const nobody = 65534
	dir, err := os.MkdirTemp("/tmp", "nobody") // others may be kept out of the user's own
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	self, err := os.Executable()
	must(t, err)
	program, err := os.ReadFile(self) // the build's folder is closed to others
	must(t, err)
	again := filepath.Join(dir, "store.test")
	must(t, os.WriteFile(again, program, 0o700), os.Chown(again, nobody, nobody), os.Chown(dir, nobody, nobody))
	cmd := exec.CommandContext(t.Context(), again, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("as nobody: %v\n%s", err, out)
	}
}

func TestTrialsComeInTheOrderOfThePlan(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	for ordinal, id := range map[int]string{2: "a/1", 0: "z/1", 1: "m/1"} {
		own := record.Trial{TrialInfo: record.TrialInfo{ID: id, Number: 1, Attack: strings.TrimSuffix(id, "/1")}, Ordinal: ordinal}
		must(t, j.BeginTrial(own, start))
	}
	must(t, j.RecordTurn("a/1", everything()))
	trials, err := s.Trials(t.Context(), j.Run())
	must(t, err)
	var got []string
	for _, trial := range trials {
		got = append(got, trial.ID)
	}
	if want := "z/1 m/1 a/1"; strings.Join(got, " ") != want {
		t.Errorf("the trials are %v, want %s", got, want)
	}
}
