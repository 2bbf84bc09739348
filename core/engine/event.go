package engine

import "github.com/redteam-orchestrator/orchestrator/core/record"

// Observer is told what happens, for progress, logs and metrics.
type Observer interface {
	// Observe is called from many goroutines, and the trial waits for it: it
	// has to be quick. It must not modify what it is given.
	Observe(e record.Event)
}
