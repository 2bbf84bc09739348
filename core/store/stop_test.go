package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func TestARunIsStoppedOnRequest(t *testing.T) {
	dir := t.TempDir()
	j := begin(t, open(t, dir), store.Run{Plan: "f1"})
	if by, ok, err := j.StopRequested(); ok || err != nil {
		t.Fatalf("nobody has asked, but the run is stopped by %q", by)
	}
	other, err := store.OpenReader(t.Context(), dir)
	must(t, err)
	defer other.Close()
	process, running := other.Carrier(j.Run())
	if host, _ := os.Hostname(); !running || !strings.HasSuffix(process, " on "+host) {
		t.Errorf("the run is carried out by %q (%v), want this process", process, running)
	}
	must(t, other.RequestStop(j.Run(), "too loud"))
	if by, ok, err := j.StopRequested(); !ok || err != nil || by != "orchestrator stop: too loud" {
		t.Errorf("the run is stopped by %q (%v)", by, ok)
	}
	must(t, j.Finish(store.Interrupted, "", start))
	if _, running := other.Carrier(j.Run()); running {
		t.Error("the run is still carried out")
	}
	if err := other.RequestStop(j.Run(), ""); !errors.Is(err, store.ErrNotRunning) {
		t.Errorf("RequestStop of a run that has ended: %v, want ErrNotRunning", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "running", "*")); err != nil || len(left) > 0 {
		t.Errorf("files %v are left (%v)", left, err)
	}
}

func TestARequestDoesNotStopWhoResumesTheRunLater(t *testing.T) {
	dir := t.TempDir()
	dying := open(t, dir)
	j := begin(t, dying, store.Run{Plan: "f1"})
	s := open(t, dir)
	must(t, s.RequestStop(j.Run(), ""), dying.Close())
	run, err := s.Run(t.Context(), j.Run())
	must(t, err)
	if run.Status != store.Interrupted || run.Message != "stopped by orchestrator stop" {
		t.Errorf("the run is %s (%s), want interrupted by the stop", run.Status, run.Message)
	}
	c := claim(t, s, j.Run())
	if c.Run.Status != store.Interrupted || c.Run.Message != "stopped by orchestrator stop" {
		t.Errorf("the run that is claimed is %s (%s), want interrupted by the stop", c.Run.Status, c.Run.Message)
	}
	j, err = c.Resume(t.Context(), store.Session{Started: start})
	must(t, err)
	if by, ok, err := j.StopRequested(); ok || err != nil {
		t.Errorf("the run that was resumed is stopped by %q", by)
	}
}

func TestARequestThatCannotSayWhyIsOneAllTheSame(t *testing.T) {
	dir := t.TempDir()
	j := begin(t, open(t, dir), store.Run{})
	must(t, os.WriteFile(filepath.Join(dir, "running", j.Run()+".stop"), nil, 0o600))
	if by, ok, err := j.StopRequested(); !ok || err != nil || by != "orchestrator stop" {
		t.Errorf("the run is stopped by %q (%v)", by, ok)
	}
}

func TestOnlyAFileThatIsThereIsARequestToStop(t *testing.T) {
	dir := t.TempDir()
	j := begin(t, open(t, dir), store.Run{Plan: "f1"})
	running := filepath.Join(dir, "running")
	aside := filepath.Join(dir, "aside")
	must(t, os.Rename(running, aside), os.WriteFile(running, nil, 0o600)) // no folder: neither there nor missing
	if by, ok, err := j.StopRequested(); ok || err == nil {
		t.Errorf("what cannot be seen is taken for a stop by %q (%t), %v", by, ok, err)
	}
	must(t, os.Remove(running), os.Rename(aside, running))
	if by, ok, err := j.StopRequested(); ok || err != nil {
		t.Errorf("stopped by %q (%t), %v", by, ok, err)
	}
	asked := filepath.Join(running, j.Run()+".stop")
	must(t, os.Mkdir(asked, 0o700)) // a request whose reason cannot be read
	if by, ok, err := j.StopRequested(); !ok || err != nil || by != "orchestrator stop" {
		t.Errorf("stopped by %q (%t), %v", by, ok, err)
	}
	must(t, os.Remove(asked))
}
