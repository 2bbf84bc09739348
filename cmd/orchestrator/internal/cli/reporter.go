package cli

import (
	"fmt"
	"io"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// console is an [app.Log] that writes to w.
type console struct{ w io.Writer }

// Note prints a line.
func (c console) Note(message string) { fmt.Fprintln(c.w, message) }

// Warn prints a warning.
func (c console) Warn(message string) { view.Lines(c.w, "warning", message) }

// WarnOf prints a warning with a position in a file.
func (c console) WarnOf(p yamlfile.Problem, source []byte) { view.Problem(c.w, "warning", p, source) }

// report is an [app.Reporter]: the progress on standard error, and the results on
// standard output.
type report struct {
	*view.Progress
	out io.Writer
	dir storeFlag
}

// Conclude prints the table and the commands that show more.
func (r report) Conclude(c app.Conclusion) {
	held := phrase.Count(c.Summary.Planned, "trial")
	if n := c.Summary.Tally.Total(); n < c.Summary.Planned {
		held = fmt.Sprintf("%d of %s", n, held)
	}
	fmt.Fprintf(r.out, "\n%s: %s in %s\n\n", c.Campaign, held, view.Round(c.Summary.Duration))
	view.Outcomes(r.out, c.Attacks, c.Summary.Planned)
	view.HeldAgain(r.out, c.HeldAgain)
	view.Failures(r.out, c.Counts)
	if len(c.Plain) > 0 {
		fmt.Fprintln(r.out)
		view.Plain(r.out, "in the clear: ", c.Plain)
	}
	if n := r.warnings(); n > 0 {
		fmt.Fprintf(r.out, "\n%s (show RUN TRIAL has those of each turn)\n", phrase.Count(n, "warning"))
	}
	if c.Summary.Stopped != "" {
		fmt.Fprintf(r.out, "\nstopped by %s\n", c.Summary.Stopped)
	}
	fmt.Fprintf(r.out, "\n%s (exit code %d)\n", c.Why, verdictCode(c.Verdict))
	again := ""
	if c.GoOn != "" {
		again = "; go on: " + c.GoOn
	}
	fmt.Fprintf(r.out, "look: orchestrator show%s %s%s\n", r.dir.flag(), c.Run, again)
}

// warnings counts the warnings of trials; there are none where no trial was held.
func (r report) warnings() int {
	if r.Progress == nil {
		return 0
	}
	return r.Warnings()
}

// Compare prints what changed since the baseline.
func (r report) Compare(c compare.Comparison) {
	fmt.Fprintln(r.out)
	view.Comparison(r.out, c)
	fmt.Fprintf(r.out, "\ncompared with the baseline: %s\n", c.Headline())
}
