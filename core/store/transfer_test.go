package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/runfile"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// longText is kept as a file, and neither UTF-8 nor free of NUL bytes.
func longText() core.Value { return core.TextValue(strings.Repeat("b\x00\xff", 40_000)) }

// artifacts returns the files with artifacts in a store.
func artifacts(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "artifacts", "*", "*"))
	must(t, err)
	return files
}

// full records a run that was stopped and resumed, and is not finished, in which
// everything occurs that can be recorded.
func full(t testing.TB, s *store.Store) (id string) {
	t.Helper()
	ctx := t.Context()
	j := begin(t, s, store.Run{
		Campaign: "demo", File: "demo.yaml", Path: "/srv/demo.yaml", Source: []byte("name: d\xe9mo\n"), Authorization: "RT-1",
		Trials: 3, Plan: "f1", Version: "v1", Files: []store.File{{Name: "clips/a.wav", Data: []byte("RIFF\x00\xff")}},
		Plugins: []store.Plugin{{Name: "acme", Version: "v2", SHA256: "bb", Trust: store.Locked, Permissions: core.Permissions{Network: true}, Sandbox: "files"}},
	})
	turn := everything()
	original := longText()
	turn.Sent.Parts[0].Original = &original
	planned := trial(1)
	planned.History = []core.Message{core.UserText("I am \x00 the manager\xff")}
	result := record.Result{Outcome: core.Defended, Reason: "turn\xff 1", Turns: 1, Ended: start, Usage: core.Usage{InputTokens: 3}}
	must(t,
		j.BeginTrial(planned, start), j.RecordTurn(planned.ID, turn), j.EndTrial(planned.ID, result),
		j.BeginTrial(trialAt(2, 1), start), j.RecordTurn(trial(2).ID, said("first attempt")), j.RecordHelperTurn(trial(2).ID, helped()[0]),
		j.RecordConnection(store.Connection{Plugin: "acme", Host: "a\xff:1", At: start, Refused: "not in scope"}),
		j.Finish(store.Interrupted, "stopped \xff", start.Add(time.Minute)))
	c, err := s.Claim(ctx, j.Run(), core.Errored)
	must(t, err)
	j, err = c.Resume(ctx, store.Session{Version: "v2", Allowed: []string{"the plugin changed"}, Again: []core.Outcome{core.Errored}, Started: start.Add(time.Hour)})
	must(t, err)
	errored := record.Result{Outcome: core.Errored, Reason: "gone", Ended: start, Failure: &record.Failure{Kind: core.ErrorTimeout, Message: "gone\xff"}}
	must(t,
		j.BeginTrial(trialAt(2, 1), start.Add(time.Hour)), j.RecordTurn(trial(2).ID, said("second attempt")),
		j.BeginTrial(trialAt(3, 2), start), j.EndTrial(trial(3).ID, errored),
		j.BeginTrial(at(trialAt(3, 2), 2), start.Add(time.Hour)), j.RecordTurn(trial(3).ID, turn),
		j.EndTrial(trial(3).ID, record.Result{Outcome: core.Undetermined, Turns: 1, Ended: start.Add(time.Hour)}),
		j.BeginTrial(at(trialAt(3, 2), 3), start.Add(2*time.Hour)), j.RecordTurn(trial(3).ID, said("third attempt")),
		j.Finish(store.Failed, "the disk is full", start.Add(2*time.Hour)))
	return j.Run()
}

// export returns an exported run.
func export(t testing.TB, s *store.Reader, id string) []byte {
	t.Helper()
	var file bytes.Buffer
	must(t, s.Export(t.Context(), id, "v3", &file))
	return file.Bytes()
}

// everythingOf reads all that can be read of a run.
func everythingOf(t *testing.T, s *store.Reader, id string) map[string]any {
	t.Helper()
	ctx := t.Context()
	all := map[string]any{}
	keep := func(what string) func(v any, err error) {
		return func(v any, err error) {
			must(t, err)
			all[what] = v
		}
	}
	read := func(what string, v any, err error) { keep(what)(v, err) }
	run, err := s.Run(ctx, id)
	read("run", run, err)
	files, err := s.Files(ctx, id)
	read("files", files, err)
	connections, err := s.Connections(ctx, id)
	read("connections", connections, err)
	trials, err := s.Trials(ctx, id)
	read("trials", trials, err)
	for _, trial := range trials {
		history, err := s.History(ctx, id, trial.ID)
		read("history of "+trial.ID, history, err)
		attempts, err := s.Attempts(ctx, id, trial.ID)
		read("attempts at "+trial.ID, attempts, err)
		for n := 1; n <= trial.Begun; n++ {
			attempt, err := s.Attempt(ctx, id, trial.ID, n)
			read(fmt.Sprintf("attempt %d at %s", n, trial.ID), attempt, err)
		}
	}
	return all
}

func TestAnImportedRunIsTheOneThatWasExported(t *testing.T) {
	from, dir := open(t, t.TempDir()), t.TempDir()
	id := full(t, from)
	begin(t, from, store.Run{ID: "another", Files: []store.File{{Name: "b", Data: []byte("its own")}}})
	file := export(t, from.Reader, id)
	to := open(t, dir)
	got, known, err := to.Import(t.Context(), bytes.NewReader(file))
	if err != nil || got != id || known {
		t.Fatalf("Import: %q, known %t, %v; want %q", got, known, err, id)
	}
	if diff := cmp.Diff(everythingOf(t, from.Reader, id), everythingOf(t, to.Reader, id), atOnce); diff != "" {
		t.Errorf("the run (-exported +imported):\n%s", diff)
	}
	if again := export(t, to.Reader, id); !bytes.Equal(file, again) {
		t.Error("exported again, it is another file")
	}
	runs, err := to.Runs(t.Context())
	must(t, err)
	if want := 8; len(runs) != 1 || len(artifacts(t, dir)) != want {
		t.Errorf("%d runs with %d artifacts, want 1 with %d", len(runs), len(artifacts(t, dir)), want)
	}
	left, err := os.ReadDir(filepath.Join(dir, "incoming"))
	must(t, err)
	if len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

func TestAnImportedRunIsCarriedOn(t *testing.T) {
	from, to := open(t, t.TempDir()), open(t, t.TempDir())
	id := full(t, from)
	_, _, err := to.Import(t.Context(), bytes.NewReader(export(t, from.Reader, id)))
	must(t, err)
	c := claim(t, to, id)
	j, err := c.Resume(t.Context(), store.Session{Started: start})
	must(t, err)
	must(t, j.BeginTrial(trialAt(2, 1), start), j.RecordTurn(trial(2).ID, said("third")),
		j.EndTrial(trial(2).ID, record.Result{Outcome: core.Defended}), j.Finish(store.Finished, "", start))
	got, err := to.Trial(t.Context(), id, trial(2).ID)
	if err != nil || got.Attempt != 3 {
		t.Errorf("trial %+v, %v; want a third attempt", got, err)
	}
}

func TestARunThatIsThereAlreadyIsRecognised(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	id := full(t, s)
	file := export(t, s.Reader, id)
	damaged := artifacts(t, dir)[0]
	must(t, os.WriteFile(damaged, []byte("something else"), 0o600))
	if got, known, err := s.Import(t.Context(), bytes.NewReader(file)); err != nil || got != id || !known {
		t.Errorf("Import of the same run: %q, known %t, %v", got, known, err)
	}
	everythingOf(t, s.Reader, id) // its damaged artifact has been replaced
	execSQL(t, dir, `UPDATE trials SET reason = x'00' WHERE id LIKE '%/1'`)
	if _, _, err := s.Import(t.Context(), bytes.NewReader(file)); !errors.Is(err, store.ErrOtherRun) {
		t.Errorf("Import of a run with another record: %v, want ErrOtherRun", err)
	}
}

func TestAnExportOfAnEarlierVersionIsImported(t *testing.T) {
	eachEarlier(t, func(t *testing.T, dir string) {
		from, err := store.OpenReader(t.Context(), dir)
		must(t, err)
		file := export(t, from, "old")
		must(t, from.Close())
		to := open(t, t.TempDir())
		_, _, err = to.Import(t.Context(), bytes.NewReader(file))
		must(t, err)
		readsOldRun(t, to.Reader)
		if _, known, err := open(t, dir).Import(t.Context(), bytes.NewReader(file)); err != nil || !known {
			t.Errorf("Import into the store that it comes from, brought up to date: known %t, %v", known, err)
		}
	})
}

func TestARunThatIsBeingCarriedOutIsNotExportedOrRemoved(t *testing.T) {
	s := open(t, t.TempDir())
	j := begin(t, s, store.Run{})
	if err := s.Export(t.Context(), j.Run(), "v3", io.Discard); !errors.Is(err, store.ErrRunning) {
		t.Errorf("Export: %v, want ErrRunning", err)
	}
	if err := s.Remove(t.Context(), j.Run()); !errors.Is(err, store.ErrRunning) {
		t.Errorf("Remove: %v, want ErrRunning", err)
	}
}

func TestARunWithADamagedOrMissingArtifactIsNotExported(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	id := full(t, s)
	path := artifacts(t, dir)[0]
	size, err := os.Stat(path)
	must(t, err)
	must(t, os.WriteFile(path, make([]byte, size.Size()), 0o600))
	if err := s.Export(t.Context(), id, "v3", io.Discard); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("Export: %v, want it to say that an artifact is damaged", err)
	}
	must(t, os.Remove(path))
	if err := s.Export(t.Context(), id, "v3", io.Discard); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Export: %v, want ErrNotFound", err)
	}
}

// contents collects what is in an exported run.
type contents struct {
	header    runfile.Header
	rows      []runfile.Row
	sums      []string
	artifacts [][]byte
}

func (c *contents) Begin(_ context.Context, h runfile.Header) error {
	c.header = h
	return nil
}

func (c *contents) Row(_ context.Context, r runfile.Row) error {
	c.rows = append(c.rows, r)
	return nil
}

func (c *contents) Artifact(_ context.Context, sum string, data io.Reader) error {
	content, err := io.ReadAll(data)
	c.sums, c.artifacts = append(c.sums, sum), append(c.artifacts, content)
	return err
}

// forged returns an exported run that was changed by somebody who knows how to
// write its checksums.
func forged(t testing.TB, file []byte, change func(*contents)) []byte {
	t.Helper()
	var c contents
	must(t, runfile.Read(t.Context(), bytes.NewReader(file), &c))
	change(&c)
	var out bytes.Buffer
	w, err := runfile.NewWriter(&out, c.header)
	must(t, err)
	for _, r := range c.rows {
		must(t, w.Row(r))
	}
	for i, sum := range c.sums {
		must(t, w.Artifact(t.Context(), sum, int64(len(c.artifacts[i])), bytes.NewReader(c.artifacts[i])))
	}
	must(t, w.Close())
	return out.Bytes()
}

// set changes a column in every row of a table.
func set(table, column string, value any) func(*contents) {
	return func(c *contents) {
		for _, r := range c.rows {
			if r.Table == table {
				r.Values[column] = value
			}
		}
	}
}

// isEmpty makes sure that a store has no run, and that nothing is left in it.
func isEmpty(t *testing.T, s *store.Reader, dir string) {
	t.Helper()
	runs, err := s.Runs(t.Context())
	must(t, err)
	incoming, err := os.ReadDir(filepath.Join(dir, "incoming"))
	must(t, err)
	if len(runs)+len(incoming)+len(artifacts(t, dir)) != 0 {
		t.Errorf("%d runs, %d artifacts and %v are left", len(runs), len(artifacts(t, dir)), incoming)
	}
}

func TestAFileWhoseRecordCannotBeIsRefused(t *testing.T) {
	from := open(t, t.TempDir())
	file := export(t, from.Reader, full(t, from))
	for name, test := range map[string]struct {
		change func(*contents)
		want   string
	}{
		"tables of the future": {func(c *contents) { c.header.Schema = 999 }, "newer version"},
		"no tables":            {func(c *contents) { c.header.Schema = 0 }, "there is no schema 0"},
		"an unknown table":     {func(c *contents) { c.rows[0].Table = "sqlite_master" }, `there is no table "sqlite_master"`},
		"an unknown column":    {func(c *contents) { c.rows[0].Values["a) --"] = int64(1) }, "columns, and should have"},
		"another column": {func(c *contents) {
			delete(c.rows[0].Values, "file")
			c.rows[0].Values["a) --"] = int64(1)
		}, `has no column "a) --"`},
		"a text for a number":     {set("runs", "trials", "many"), "a string in a column of BIGINT"},
		"a row of another run":    {set("trials", "run_id", "another"), `is of the run "another"`},
		"a row twice":             {func(c *contents) { c.rows = append(c.rows, c.rows[len(c.rows)-1]) }, "a row of"},
		"no run":                  {func(c *contents) { c.rows = c.rows[1:] }, "a row of"},
		"a run of a special name": {func(c *contents) { c.header.Run = "latest" }, "no run is called"},
		"JSON that is none":       {set("turns", "reply", "{"), "decoding"},
		"too many attempts":       {set("trials", "attempt", int64(1)<<60), "begun 1152921504606846976 times"},
		"a missing artifact":      {func(c *contents) { c.sums, c.artifacts = c.sums[1:], c.artifacts[1:] }, "the record refers to 8 artifacts, and the file has 7"},
		"an artifact too many": {func(c *contents) {
			c.rows = slices.DeleteFunc(c.rows, func(r runfile.Row) bool { return r.Table == "run_files" })
		}, "the record refers to 7 artifacts, and the file has 8"},
		"an artifact for another": {set("run_files", "artifact", strings.Repeat("ab", 32)), "not found"},
		"no name of an artifact":  {set("run_files", "artifact", "../../../etc/passwd"), "not a SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			to := open(t, dir)
			_, _, err := to.Import(t.Context(), bytes.NewReader(forged(t, file, test.change)))
			if core.KindOf(err) != core.ErrorInput || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Import: %v (%s error), want an input error that says %q", err, core.KindOf(err), test.want)
			}
			isEmpty(t, to.Reader, dir)
		})
	}
}

func TestAnImportThatIsInterruptedLeavesNothing(t *testing.T) {
	from := open(t, t.TempDir())
	file := export(t, from.Reader, full(t, from))
	for part := range 8 {
		dir := t.TempDir()
		to := open(t, dir)
		ctx, cancel := context.WithCancel(t.Context())
		first := bytes.NewReader(file[:len(file)*part/8])
		second := bytes.NewReader(file[len(file)*part/8:])
		_, _, err := to.Import(ctx, io.MultiReader(first, reading{func() { cancel() }}, second))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d eighths: %v, want Canceled", part, err)
		}
		isEmpty(t, to.Reader, dir)
	}
}

// reading calls a function when it is read, and is empty.
type reading struct{ call func() }

func (r reading) Read([]byte) (int, error) {
	r.call()
	return 0, io.EOF
}

// Whatever byte of the file is not as it was: it is refused, or the run is the one
// that was exported, because nobody reads that byte.
func TestAFlippedByteIsNoticed(t *testing.T) {
	from := open(t, t.TempDir())
	id := full(t, from)
	file := export(t, from.Reader, id)
	const step = 11_003 // which meets every kind of place
	refused, flips := 0, 0
	to := open(t, t.TempDir())
	for at := 0; at < len(file); at += step {
		flips++
		wrong := bytes.Clone(file)
		wrong[at] ^= 0x20
		_, _, err := to.Import(t.Context(), bytes.NewReader(wrong))
		if core.KindOf(err) == core.ErrorInput {
			refused++
			continue
		}
		must(t, err)
		if !bytes.Equal(export(t, to.Reader, id), file) {
			t.Fatalf("byte %d is another one, and the run is imported and is another one", at)
		}
		must(t, to.Remove(t.Context(), id))
	}
	if refused < flips/2 {
		t.Errorf("%d of %d files with a flipped byte are refused", refused, flips)
	}
}

func TestAFileOfTheFirstFormatIsReadForEver(t *testing.T) {
	file, err := os.ReadFile("testdata/run-format-1.tar")
	must(t, err)
	to := open(t, t.TempDir())
	id, _, err := to.Import(t.Context(), bytes.NewReader(file))
	must(t, err)
	if id != "old" {
		t.Errorf("the run is %q", id)
	}
	readsOldRun(t, to.Reader)
}

func TestARemovedRunIsGoneAndTheOthersAreNot(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	id := full(t, s)
	other := begin(t, s, store.Run{ID: "another", Files: []store.File{{Name: "a", Data: []byte("RIFF\x00\xff")}}})
	must(t, other.BeginTrial(trialAt(1, 1), start), other.RecordTurn(trial(1).ID, everything()))
	must(t, s.Remove(t.Context(), id))
	if _, err := s.Run(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the removed run: %v, want ErrNotFound", err)
	}
	for _, table := range store.RecordTables() {
		column := "run_id"
		if table == "runs" {
			column = "id"
		}
		if n := count(t, dir, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s = '%s'", table, column, id)); n != 0 {
			t.Errorf("%d rows of it are left in %s", n, table)
		}
	}
	must(t, s.CollectGarbage(t.Context(), store.GCOptions{Found: func(store.Garbage) {}}))
	everythingOf(t, s.Reader, "another")
	if _, err := s.Files(t.Context(), "another"); err != nil {
		t.Error(err)
	}
}
