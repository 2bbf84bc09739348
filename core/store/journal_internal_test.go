package store

import (
	"errors"
	"runtime"
	"testing"
	"time"
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
	if err := j.Finish(t.Context(), Interrupted, "", time.Now()); !errors.Is(err, broken) {
		t.Errorf("Finish: %v, want what could not be recorded", err)
	}
	if run, err := s.Run(t.Context(), j.Run()); err != nil || run.Status != Failed {
		t.Errorf("the run is %s, %v; want failed", run.Status, err)
	}
}
