package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// A store in the field has been through the migrations as they were.
func TestAMigrationThatWasReleasedIsNeverEdited(t *testing.T) {
	for name, want := range map[string]string{
		"00001_runs.sql": "091693b33edd95ebcb4127d1c65e69a364cdc77461b780de29bd00b8e7590af5",
	} {
		data, err := os.ReadFile(filepath.Join("migrations", name))
		must(t, err)
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s was edited (SHA-256 %s): write a new migration instead", name, got)
		}
	}
}

// oldRun is a run as the first version of the store kept it.
const oldRun = `
INSERT INTO runs VALUES ('old', 'demo', 'demo.yaml', x'', 'RT-1', 1, '0.1.0', 'finished', '', 1000000000, 2000000000);
INSERT INTO run_plugins VALUES ('old', 0, 'acme', 'v1', 'aa');
INSERT INTO attacks VALUES ('old', 'polite', 'agent', 'Get the code.', '', 'leaked', 'success');
INSERT INTO trials VALUES ('old', 'polite/phone/row-2/1', 0, 'polite', 'phone', 2, 1, 7, 1000000000, 2000000000, 'defended', 'turn 1', 1, 0, '{"input_tokens":3}', NULL);
INSERT INTO turns VALUES ('old', 'polite/phone/row-2/1', 0, 1000000000, 2000000000,
	'{"finish":"complete","heard":"hi","usage":{"input_tokens":3},"timing":{"total":5000000},"warnings":["old"]}', NULL);
INSERT INTO parts VALUES ('old', 'polite/phone/row-2/1', 0, 'sent', 0, 'text', 'text/plain', 'hi', NULL, 0, '["leet"]', 'text', 'text/plain', 'hello', NULL);
INSERT INTO parts VALUES ('old', 'polite/phone/row-2/1', 0, 'reply', 0, 'text', 'text/plain', 'no', NULL, 1, NULL, NULL, NULL, NULL, NULL);
INSERT INTO scores VALUES ('old', 'polite/phone/row-2/1', 0, 0, 'leaked', 'true_false', 0, 'not in it', NULL);
`

// earlier are the migrations that the versions before this one ended with.
var earlier = []string{"00001_runs.sql", "00002_delivery.sql", "00003_helpers.sql", "00004_plugins.sql", "00005_resume.sql"}

// oldStore returns the directory of a store that an earlier version made: the
// first one, which kept oldRun, and brought up to date since with as many
// migrations as are given.
func oldStore(t *testing.T, migrations ...string) string {
	t.Helper()
	dir := t.TempDir()
	made := `PRAGMA journal_mode = WAL; PRAGMA application_id = 0x52544F52;
		CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')));
		INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1);`
	for i, name := range migrations {
		tables, err := os.ReadFile(filepath.Join("migrations", name))
		must(t, err)
		var version int
		_, err = fmt.Sscanf(name, "%d_", &version)
		must(t, err)
		made += fmt.Sprintf("%s; INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, 1);\n", tables, version)
		if i == 0 {
			made += oldRun
		}
	}
	execSQL(t, dir, made)
	return dir
}

// eachEarlier runs a test with a store of each earlier version.
func eachEarlier(t *testing.T, test func(t *testing.T, dir string)) {
	for i, last := range earlier {
		t.Run(last, func(t *testing.T) { test(t, oldStore(t, earlier[:i+1]...)) })
	}
}

// oldTurn is the turn of oldRun.
func oldTurn() record.Turn {
	original := core.Value{Modality: core.Text, MediaType: "text/plain", Data: []byte("hello")}
	text := func(s string) core.Value {
		return core.Value{Modality: core.Text, MediaType: "text/plain", Data: []byte(s)}
	}
	return record.Turn{
		Started: time.Unix(1, 0).UTC(), Ended: time.Unix(2, 0).UTC(),
		Sent: core.Message{Role: core.User, Parts: []core.Part{{Value: text("hi"), Original: &original, Converters: []string{"leet"}}}},
		Reply: &core.Reply{
			Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: text("no"), Transcript: true}}},
			Finish:  core.FinishComplete, Heard: "hi", Usage: core.Usage{InputTokens: 3},
			Timing: core.Timing{Total: 5 * time.Millisecond}, Warnings: []string{"old"},
		},
		Scores: []record.Score{{Name: "leaked", Score: core.BoolScore(false, "not in it")}},
	}
}

func readsOldRun(t *testing.T, s *store.Reader) {
	t.Helper()
	run, err := s.Run(t.Context(), "old")
	must(t, err)
	if run.Campaign != "demo" || run.Status != store.Finished {
		t.Errorf("run %+v", run)
	}
	if want := []store.Plugin{{Name: "acme", Version: "v1", SHA256: "aa"}}; !cmp.Equal(want, run.Plugins) {
		t.Errorf("plugins %+v, want %+v", run.Plugins, want)
	}
	if connections, err := s.Connections(t.Context(), "old"); err != nil || len(connections) != 0 {
		t.Errorf("connections %+v, %v; want none", connections, err)
	}
	readsTurns(t, s)
	if helped, err := s.HelperTurns(t.Context(), "old", trial(1).ID); err != nil || len(helped) != 0 {
		t.Errorf("helper turns %+v, %v; want none", helped, err)
	}
	if history, err := s.History(t.Context(), "old", trial(1).ID); err != nil || len(history) != 0 {
		t.Errorf("history %+v, %v; want none", history, err)
	}
}

// readsTurns reads what was said in oldRun.
func readsTurns(t *testing.T, s *store.Reader) {
	t.Helper()
	turns, err := s.Turns(t.Context(), "old", trial(1).ID)
	must(t, err)
	if diff := cmp.Diff([]record.Turn{oldTurn()}, turns); diff != "" {
		t.Errorf("turns (-want +got):\n%s", diff)
	}
	trials, err := s.Trials(t.Context(), "old")
	must(t, err)
	if len(trials) != 1 || trials[0].Attempt != 1 || len(trials[0].Result.Scores) != 1 {
		t.Errorf("trials %+v, want one attempt with one score", trials)
	}
	if got := trials[0].Attempts; got != (record.Attempts{Begun: 1, Held: 1}) {
		t.Errorf("%+v attempts, want the one that ended", got)
	}
	attempts, err := s.Attempts(t.Context(), "old", trial(1).ID)
	must(t, err)
	if len(attempts) != 1 || attempts[0].Number != 1 || attempts[0].Result.Outcome != core.Defended {
		t.Errorf("attempts %+v, want the first, defended", attempts)
	}
	if again, err := s.HeldAgain(t.Context(), "old"); err != nil || len(again) > 0 {
		t.Errorf("held again %v, %v; want none", again, err)
	}
	if run, err := s.Run(t.Context(), "old"); err != nil || !run.Selection.IsWhole() {
		t.Errorf("selection %+v, %v; want the whole campaign", run.Selection, err)
	}
}

func TestAStoreOfAnEarlierVersionIsReadAsItIs(t *testing.T) {
	eachEarlier(t, func(t *testing.T, dir string) {
		for range 2 {
			s, err := store.OpenReader(t.Context(), dir)
			must(t, err)
			readsOldRun(t, s)
			must(t, s.Close())
		}
	})
}

func TestAStoreOfAnEarlierVersionIsBroughtUpToDate(t *testing.T) {
	eachEarlier(t, func(t *testing.T, dir string) {
		s := open(t, dir)
		readsOldRun(t, s.Reader)
		j := begin(t, s, store.Run{Campaign: "new"})
		turn, said := everything(), helped()
		must(t, j.BeginTrial(trialAt(1, 1), start), j.RecordTurn(trial(1).ID, turn),
			j.RecordHelperTurn(trial(1).ID, said[0]))
		turns, err := s.Turns(t.Context(), j.Run(), trial(1).ID)
		must(t, err)
		if diff := cmp.Diff([]record.Turn{turn}, turns, cmp.Comparer(sameBytes)); diff != "" {
			t.Errorf("turns (-recorded +read):\n%s", diff)
		}
		helperTurns, err := s.HelperTurns(t.Context(), j.Run(), trial(1).ID)
		must(t, err)
		if diff := cmp.Diff(said[:1], helperTurns, cmp.Comparer(sameBytes)); diff != "" {
			t.Errorf("helper turns (-recorded +read):\n%s", diff)
		}
		if _, err := s.Claim(t.Context(), "old"); !errors.Is(err, store.ErrFinished) {
			t.Errorf("Claim of the old run: %v, want ErrFinished", err)
		}
		reader, err := store.OpenReader(t.Context(), dir)
		must(t, err)
		readsOldRun(t, reader)
		must(t, reader.Close())
	})
}

func TestARunOfAnEarlierVersionThatWasStoppedIsNotResumed(t *testing.T) {
	eachEarlier(t, func(t *testing.T, dir string) {
		execSQL(t, dir, `UPDATE runs SET status = 'interrupted'`)
		s := open(t, dir)
		if _, err := s.Claim(t.Context(), "old"); !errors.Is(err, store.ErrNotResumable) {
			t.Errorf("Claim: %v, want ErrNotResumable", err)
		}
		readsTurns(t, s.Reader)
	})
}

func TestAHistoryIsKept(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	want := []core.Message{
		core.UserText("I am \x00 the manager\xff"),
		{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("Good morning.")}}},
	}
	planned := record.Trial{TrialInfo: record.TrialInfo{ID: "a/1", Number: 1, Attack: "a"}, History: want}
	must(t, j.BeginTrial(planned, start), j.EndTrial(planned.ID, record.Result{Outcome: core.Defended}))
	got, err := s.History(t.Context(), j.Run(), planned.ID)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-recorded +read):\n%s", diff)
	}
}

func TestAStoreWithoutTablesIsNotRead(t *testing.T) {
	dir := t.TempDir()
	execSQL(t, dir, `PRAGMA application_id = 0x52544F52; CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')));
		INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)`)
	if _, err := store.OpenReader(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "no tables yet") {
		t.Errorf("OpenReader: %v, want it to say that there are no tables", err)
	}
}
