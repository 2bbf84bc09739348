package service

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Timeouts are how long a turn waits for the service. All are positive.
type Timeouts struct {
	Turn  core.Duration `json:"turn" doc:"For a whole reply, with its continuations if it has any; limits.timeout of the campaign applies, too."`
	Quiet core.Duration `json:"quiet" doc:"Between two lines of a streamed reply that has begun, comments among them."`
}

// DefaultTimeouts are those of a campaign that names none.
func DefaultTimeouts() Timeouts {
	return Timeouts{Turn: core.Duration(10 * time.Minute), Quiet: core.Duration(2 * time.Minute)}
}

// Check returns what is wrong with the timeouts.
func (t Timeouts) Check() []error {
	var problems []error
	for _, timeout := range []struct {
		name  string
		value core.Duration
	}{{"turn", t.Turn}, {"quiet", t.Quiet}} {
		if timeout.value <= 0 {
			problems = append(problems, core.Errorf(core.ErrorConfig, "%s is not a positive duration", timeout.value).At("timeouts."+timeout.name))
		}
	}
	return problems
}

// TooLate is the error of a turn that takes too long.
func (t Timeouts) TooLate() error {
	return core.Errorf(core.ErrorTimeout, "the reply was not complete within %s (timeouts.turn)", t.Turn)
}
