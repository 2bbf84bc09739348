package engine

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Observer receives the events of a run, for progress, logs and metrics.
type Observer interface {
	// Observe is called from many goroutines, and the trial waits for it: it
	// has to be quick. It must not modify the event.
	Observe(e record.Event)
}

// reporter passes events to the Observer, if there is one.
type reporter struct {
	observer Observer // may be nil
	clean    redaction
}

func (r reporter) observe(e record.Event) {
	if r.observer != nil {
		r.observer.Observe(e)
	}
}

// warn reports a warning. The trial is the zero value where the warning
// concerns the whole run.
func (r reporter) warn(t record.TrialInfo, format string, args ...any) {
	r.observe(record.Warning{Trial: t, Message: r.clean.text(fmt.Sprintf(format, args...))})
}
