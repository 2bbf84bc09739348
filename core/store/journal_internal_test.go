package store

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// A change that nobody waits for may fail while the next one, which somebody
// does wait for, is already on its way and succeeds on its own.
func TestWhatFollowsAFailureIsNotAcknowledged(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	j, err := s.CreateRun(t.Context(), Run{Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	begun, gate := make(chan bool), make(chan bool)
	broken := errors.New("broken")
	if err := j.later(func(*writer) error { close(begun); <-gate; return broken }); err != nil {
		t.Fatal(err)
	}
	<-begun
	result := make(chan error)
	go func() { result <- j.now(func(*writer) error { return nil }) }()
	for len(s.writer.changes) == 0 {
		runtime.Gosched()
	}
	close(gate)
	if err := <-result; !errors.Is(err, broken) {
		t.Errorf("what follows is acknowledged with %v, want the failure before it", err)
	}
}

// What one run could not write is no other run's affair: many share a store.
func TestAChangeThatFailsEndsNoOtherRun(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	b, err := s.CreateRun(t.Context(), Run{Campaign: "b", Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.CreateRun(t.Context(), Run{Campaign: "a", Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	// All of these wait in one batch behind a slow change.
	slow, gate := make(chan bool), make(chan bool)
	submit := func(c change) {
		if err := s.writer.submit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	submit(change{write: func(*writer) error { close(slow); <-gate; return nil }})
	<-slow
	broken := errors.New("broken")
	trial := record.Trial{TrialInfo: record.TrialInfo{ID: "x/1", Attack: "x", Number: 1}}
	errs := []error{
		b.BeginTrial(trial, time.Now()),
		a.BeginTrial(trial, time.Now()),
		a.later(func(w *writer) error {
			if err := w.exec(`DELETE FROM trials WHERE run_id = $1`, b.id); err != nil {
				return err
			}
			return broken
		}),
	}
	ended, after, noticed := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	waiting := len(s.writer.changes)
	for _, wait := range []func(){
		func() { ended <- b.EndTrial("x/1", record.Result{Outcome: core.Defended, Ended: time.Now()}) },
		func() { after <- a.EndTrial("x/1", record.Result{Outcome: core.Defended, Ended: time.Now()}) },
		func() { noticed <- s.RecordNotice(t.Context(), "removed", Notice{At: time.Now()}) },
	} {
		go wait()
		waiting++
		for len(s.writer.changes) < waiting {
			runtime.Gosched()
		}
	}
	close(gate)
	if err := errors.Join(append(errs, <-ended)...); err != nil {
		t.Errorf("run b: %v", err)
	}
	if err := <-after; !errors.Is(err, broken) {
		t.Errorf("run a: %v, want what it could not write before", err)
	}
	if err := <-noticed; !errors.Is(err, ErrNotFound) {
		t.Errorf("a notice about a run that is not there: %v, want %v", err, ErrNotFound)
	}
	if trials, err := s.Trials(t.Context(), b.id); err != nil || len(trials) != 1 || trials[0].Result == nil {
		t.Errorf("run b has the trials %+v, %v; want what it recorded", trials, err)
	}
	if trials, err := s.Trials(t.Context(), a.id); err != nil || len(trials) != 1 || trials[0].Result != nil {
		t.Errorf("run a has the trials %+v, %v; want nothing behind the gap", trials, err)
	}
	if err := b.Finish(Finished, "", time.Now()); err != nil {
		t.Errorf("run b cannot be finished: %v", err)
	}
}

// A disk that does not answer holds up nobody who can be told to stop waiting.
func TestWhoWaitsForTheWriterCanStop(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	slow, gate := make(chan bool), make(chan bool)
	defer close(gate)
	if err := s.writer.submit(t.Context(), change{write: func(*writer) error { close(slow); <-gate; return nil }}); err != nil {
		t.Fatal(err)
	}
	<-slow
	for range cap(s.writer.changes) {
		if err := s.writer.submit(t.Context(), change{write: func(*writer) error { return nil }}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := s.CreateRun(ctx, Run{Started: time.Now()})
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("CreateRun: %v, want %v", err, context.Canceled)
	}
}

func TestARunWhoseRecordIsNotWholeFailed(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	j, err := s.CreateRun(t.Context(), Run{Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := j.later(func(*writer) error { return broken }); err != nil {
		t.Fatal(err)
	}
	if err := j.Finish(Interrupted, "", time.Now()); !errors.Is(err, broken) {
		t.Errorf("Finish: %v, want what could not be recorded", err)
	}
	if run, err := s.Run(t.Context(), j.Run()); err != nil || run.Status != Failed {
		t.Errorf("the run is %s, %v; want failed", run.Status, err)
	}
}
