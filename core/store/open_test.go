package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// asWriter, where set, makes the test binary a writer to the store it names.
const asWriter = "ORCHESTRATOR_TEST_STORE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asWriter); dir != "" {
		writeForEver(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// writeForEver records one turn after another, each with an artifact, and says
// on standard output which have been acknowledged.
func writeForEver(dir string) {
	check := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	ctx := context.Background()
	s, err := store.Open(ctx, dir)
	check(err)
	j, err := s.CreateRun(ctx, store.Run{ID: "killed", Started: start})
	check(err)
	check(j.BeginTrial(trialAt(1, 1), start))
	for i := 0; ; i++ {
		turn := everything()
		turn.Index = i
		turn.Reply.Message.Parts = append(turn.Reply.Message.Parts, core.Part{Value: core.WAVValue(fmt.Appendf(nil, "RIFF %d", i))})
		check(j.RecordTurn(trial(1).ID, turn))
		fmt.Println("recorded", i)
	}
}

func TestWhatWasAcknowledgedSurvivesTheDeathOfTheProcess(t *testing.T) {
	dir := t.TempDir()
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), asWriter+"="+dir)
	out, err := writer.StdoutPipe()
	must(t, err)
	must(t, writer.Start())
	acknowledged := -1
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "recorded %d", &acknowledged); err != nil {
			t.Errorf("the writer says %q", lines.Text())
		}
		if acknowledged == 20 {
			must(t, writer.Process.Kill())
		}
	}
	_ = writer.Wait() // it was killed
	if acknowledged < 20 {
		t.Fatalf("the writer died after turn %d", acknowledged)
	}

	s := open(t, dir)
	turns, err := s.Turns(t.Context(), "killed", trial(1).ID)
	must(t, err)
	if len(turns) <= acknowledged {
		t.Errorf("%d turns were acknowledged, %d are there", acknowledged+1, len(turns))
	}
	for i, turn := range turns {
		parts := turn.Reply.Message.Parts
		if turn.Index != i || parts[len(parts)-1].Text() != fmt.Sprintf("RIFF %d", i) {
			t.Errorf("turn %d reads %+v", i, turn)
		}
	}
	run, err := s.Run(t.Context(), "killed")
	must(t, err)
	if run.Status != store.Abandoned {
		t.Errorf("the run shows as %q, want abandoned", run.Status)
	}
	trials, err := s.Trials(t.Context(), "killed")
	must(t, err)
	if len(trials) != 1 || trials[0].Result != nil {
		t.Errorf("trials = %+v, want one without an outcome", trials)
	}
}

func TestAStoreThatIsOpenedAgainHasItsRuns(t *testing.T) {
	dir := t.TempDir()
	first, err := store.Open(t.Context(), dir)
	must(t, err)
	j := begin(t, first, store.Run{})
	must(t,
		j.BeginTrial(trialAt(1, 1), start),
		j.EndTrial(trial(1).ID, record.Result{Outcome: core.Defended}),
		j.Finish(store.Finished, "", start),
		first.Close())
	run, err := open(t, dir).Run(t.Context(), "latest")
	if err != nil || run.ID != j.Run() || run.Status != store.Finished || run.Outcomes[core.Defended] != 1 {
		t.Errorf("Run = %+v, %v", run, err)
	}
}

func TestWhatIsNoStoreIsRefusedWithAReason(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T, dir string)
		want    string
	}{
		"a file that is no database": {
			func(t *testing.T, dir string) {
				must(t, os.WriteFile(filepath.Join(dir, "runs.db"), []byte(strings.Repeat("not a database ", 300)), 0o600))
			},
			"runs.db is not a database",
		},
		"another program's database": {
			func(t *testing.T, dir string) { execSQL(t, dir, "CREATE TABLE bookmarks (url TEXT)") },
			"another program's",
		},
		"a store of the future": {
			func(t *testing.T, dir string) {
				must(t, open(t, dir).Close())
				execSQL(t, dir, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
			},
			"newer version",
		},
		"a file instead of a directory": {
			func(t *testing.T, dir string) { must(t, os.Remove(dir), os.WriteFile(dir, nil, 0o600)) },
			"not a directory",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			must(t, os.Mkdir(dir, 0o700))
			test.prepare(t, dir)
			s, err := store.Open(t.Context(), dir)
			if err == nil {
				err = errors.Join(s.Close())
				t.Fatalf("it is opened (%v)", err)
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("Open: %v\nwant it to say %q and the directory", err, test.want)
			}
		})
	}
}

func execSQL(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "runs.db"))
	must(t, err)
	_, err = db.Exec(statement)
	must(t, err, db.Close())
}
