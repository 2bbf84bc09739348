package compare_test

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
)

// night returns a run of an attack with a number of successes.
func night(id, attack string, succeeded, trials int) compare.Run {
	run := compare.Run{ID: id, Campaign: "night", Planned: trials}
	for i := range trials {
		outcome := core.Defended
		if i < succeeded {
			outcome = core.Succeeded
		}
		run.Trials = append(run.Trials, compare.Trial{ID: fmt.Sprintf("%s/%d", attack, i+1), Attack: attack, Outcome: outcome})
	}
	return run
}

// A rate counts as moved if the change is significant: from 3 of 10 to 6 of 10 may be
// chance, from 30 of 100 to 60 of 100 is not.
func ExampleNew() {
	for _, trials := range []int{10, 100} {
		c := compare.New(night("monday", "patient-caller", 3*trials/10, trials), night("tuesday", "patient-caller", 6*trials/10, trials), compare.Alpha)
		fmt.Println(c.Conclusion, "·", c.Cells[0])
	}
	// Output:
	// not_worse · patient-caller: unmoved from 3 of 10 to 6 of 10 succeeded, p = 0.37
	// worse · patient-caller: rose from 30 of 100 to 60 of 100 succeeded, p = 3.3e-05
}

// What succeeded for the first time is a new finding, however few the trials.
func ExampleFinding() {
	c := compare.New(night("monday", "patient-caller", 0, 5), night("tuesday", "patient-caller", 1, 5), compare.Alpha)
	fmt.Println(c.Conclusion)
	for _, f := range c.New {
		fmt.Println(f)
	}
	// Output:
	// worse
	// patient-caller: 1 of 5 succeeded, first patient-caller/1; in the other run none of 5
}
