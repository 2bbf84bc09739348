package app

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Reporter shows people how a run goes on and what came of it. Begin comes first, then
// Observe, from many goroutines; Finish, Conclude and Compare come after the last event,
// one after the other. Where no run begins, there is only Finish.
type Reporter interface {
	engine.Observer
	// Begin says that the record is begun. done are the outcomes of trials that were
	// held before, by their IDs.
	Begin(run string, trials int, done map[string]core.Outcome)
	// Finish says that all trials are over.
	Finish()
	// Conclude says what came of the run, once its record is closed.
	Conclude(c Conclusion)
	// Compare says what has changed since the baseline.
	Compare(c compare.Comparison)
}

// Log takes messages for the user beside the results. It is safe for concurrent use.
type Log interface {
	// Note reports a step that is taken.
	Note(message string)
	// Warn reports what the user may have to act on.
	Warn(message string)
	// WarnOf reports a problem of a file, whose text is source, that does not end the
	// run.
	WarnOf(p yamlfile.Problem, source []byte)
}
