package engine

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Observer is told what happens, for progress, logs and metrics.
type Observer interface {
	// Observe is called from many goroutines, and the trial waits for it: it
	// has to be quick. It must not modify what it is given.
	Observe(e record.Event)
}

// reporter tells the Observer, where there is one.
type reporter struct {
	observer Observer // may be nil
	clean    redaction
}

func (r reporter) observe(e record.Event) {
	if r.observer != nil {
		r.observer.Observe(e)
	}
}

// warn reports what changes no outcome. The trial is the zero value where the run
// as a whole is concerned.
func (r reporter) warn(t record.TrialInfo, format string, args ...any) {
	r.observe(record.Warning{Trial: t, Message: r.clean.text(fmt.Sprintf(format, args...))})
}
