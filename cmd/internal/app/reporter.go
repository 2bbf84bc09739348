package app

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Reporter shows the progress and the result of a run. Begin is called first,
// then Observe, from many goroutines; Finish, Conclude and Compare are called
// after the last event, one after the other. Where no run begins, only Finish
// is called.
type Reporter interface {
	engine.Observer
	// Begin is called when the record has begun. done are the outcomes of
	// trials that already have one, by ID.
	Begin(run string, trials int, done map[string]core.Outcome)
	// Finish is called when all trials have ended.
	Finish()
	// Conclude is called with the result, once the record is closed.
	Conclude(c Conclusion)
	// Compare is called with the changes since the baseline.
	Compare(c compare.Comparison)
}

// Log receives messages for the user that are not results. It is safe for
// concurrent use.
type Log interface {
	// Note reports a step.
	Note(message string)
	// Warn reports something that may need an action of the user.
	Warn(message string)
	// WarnOf reports a problem of a file, whose text is source, that does not
	// end the run.
	WarnOf(p yamlfile.Problem, source []byte)
}
