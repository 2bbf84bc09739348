package eventlog

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

func TestALogThatCanBeWrittenAgainSaysHowManyEventsItLacksThere(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	var warnings []string
	l := New(Options{Warn: func(message string) { warnings = append(warnings, message) }})
	dir := t.TempDir()
	l.Open(dir, "r1")
	room := l.file
	l.file = full
	for range 3 {
		l.Observe(record.TargetResumed{Target: "agent"})
	}
	l.file = room
	l.Observe(record.TargetDown{Target: "agent"})
	l.file = full
	l.Observe(record.TargetResumed{Target: "agent"})
	l.file = room
	l.Observe(record.TargetDown{Target: "agent"})
	l.Close()
	_ = full.Close()
	text, err := os.ReadFile(File(dir, "r1"))
	if err != nil || strings.Count(string(text), "\n") != 4 {
		t.Errorf("the log is %q (%v), want how many are lost, and what came then, twice", text, err)
	}
	for _, lost := range []string{`"event":"events_lost","lost":3}`, `"event":"events_lost","lost":1}`} {
		if !strings.Contains(string(text), lost+"\n") {
			t.Errorf("the log lacks %s: %q", lost, text)
		}
	}
	if len(warnings) != 2 {
		t.Errorf("warnings %q", warnings)
	}
}

func TestALogThatIsOpenedOnceMoreClosesItsFile(t *testing.T) {
	var warnings []string
	l := New(Options{Warn: func(message string) { warnings = append(warnings, message) }})
	dir := t.TempDir()
	l.Open(dir, "r1")
	first := l.file
	l.Open(dir, "r2")
	if err := first.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closing the first file: %v, want that it is closed", err)
	}
	l.Close()
	if len(warnings) > 0 {
		t.Errorf("warnings %q", warnings)
	}
}
