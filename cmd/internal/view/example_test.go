package view_test

import (
	"fmt"
	"os"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

func ExampleOutcomes() {
	var attacks stats.Rows
	attacks.Add(stats.Of{Attack: "polite", Target: "agent"}, core.Defended, 9)
	attacks.Add(stats.Of{Attack: "polite", Target: "agent"}, core.Succeeded, 1)
	view.Outcomes(os.Stdout, attacks, 12)
	// Output:
	// ATTACK  TRIALS  SUCCEEDED  DEFENDED  ASR  95% CI
	// polite      10          1         9  10%   2-40%
	// 2 trials never begun
}

func ExampleOutcomes_severalTargets() {
	var attacks stats.Rows
	attacks.Add(stats.Of{Attack: "polite", Target: "old"}, core.Defended, 9)
	attacks.Add(stats.Of{Attack: "polite", Target: "new", Variant: "phone"}, core.Succeeded, 1)
	view.Outcomes(os.Stdout, attacks, 10)
	// Output:
	// ATTACK        TRIALS  SUCCEEDED  DEFENDED   ASR   95% CI
	// polite            10          1         9   10%    2-40%
	//   target old       9          0         9    0%    0-30%
	//   target new       1          1         0  100%  21-100%
	//     phone          1          1         0  100%  21-100%
	// all               10          1         9   10%    2-40%
}

func ExamplePrintable() {
	fmt.Fprintln(view.Printable(os.Stdout), "a target says \x1b[2J")
	// Output: a target says \u001b[2J
}

func ExampleAligned() {
	lines := [][]string{{"NAME", "TRIALS", "LOST"}, {"polite", "12", "0"}, {"bold", "3", "0"}}
	view.Aligned(os.Stdout, lines, func(column int) bool { return column == 0 }, 2)
	// Output:
	// NAME    TRIALS
	// polite      12
	// bold         3
}
