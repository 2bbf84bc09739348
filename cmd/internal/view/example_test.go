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
	attacks.Add("polite", "", core.Defended, 9)
	attacks.Add("polite", "", core.Succeeded, 1)
	view.Outcomes(os.Stdout, attacks, 12)
	// Output:
	// ATTACK  TRIALS  SUCCEEDED  DEFENDED  ASR  95% CI
	// polite      10          1         9  10%   2-40%
	// 2 trials never begun
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
