package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newCompareCommand(env Env) *cobra.Command {
	var (
		dir    storeFlag
		alpha  float64
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "compare BASELINE RUN",
		Short: "Show what changed between two runs: new findings, and success rates that really moved",
		Long: `compare prints, for each attack and variant, how many trials succeeded then and
now, of those that were judged; the difference in percentage points with its 95 %
interval; the p-value of Fisher's exact test, corrected for the number of rows by
Holm's method; and what became of the rate. Compared is what both runs judged.

A finding is new where no trial of its case succeeded in the baseline.

BASELINE and RUN are a run's ID, the beginning of one, or "latest". BASELINE may
be "previous": the latest finished run of the same campaign before RUN that gave
evidence.

Exit codes: 0 nothing new, and nothing that can be shown to be worse; 1 a new
finding, or a rate that rose; 3 no evidence.`,
		Args: takes(2, 2, "a baseline and a run"),

		ValidArgsFunction: completeComparison(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			if !(alpha > 0 && alpha < 1) {
				return usagef("--alpha must be between 0 and 1, not %v", alpha).withHint("such as 0.05")
			}
			return dir.read(cmd.Context(), func(s *store.Reader) error {
				c, err := compareRuns(cmd.Context(), s, given[0], given[1], alpha)
				if err != nil {
					return err
				}
				return showComparison(env, c, dir, asJSON)
			})
		},
	}
	dir.register(cmd, env)
	cmd.Flags().Float64Var(&alpha, "alpha", compare.Alpha, "how likely a change may be reported at most where there is none")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the comparison as JSON")
	return cmd
}

func compareRuns(ctx context.Context, s *store.Reader, baselineName, name string, alpha float64) (compare.Comparison, error) {
	run, err := app.FindRun(ctx, s, name)
	if err != nil {
		return compare.Comparison{}, err
	}
	baseline, err := findBaseline(ctx, s, run, baselineName)
	if err != nil {
		return compare.Comparison{}, err
	}
	return app.Compare(ctx, s, baseline, run, alpha)
}

// findBaseline reads the run to compare with.
func findBaseline(ctx context.Context, s *store.Reader, run store.Run, name string) (store.Run, error) {
	if name != campaign.Previous {
		return app.FindRun(ctx, s, name)
	}
	baseline, err := s.Previous(ctx, run)
	if errors.Is(err, store.ErrNotFound) {
		return baseline, usagef("no run of %q before %s is finished and gave evidence", run.Campaign, run.ID).withHint("orchestrator list shows all runs")
	}
	return baseline, err
}

// showComparison prints a comparison and chooses the exit code.
func showComparison(env Env, c compare.Comparison, dir storeFlag, asJSON bool) error {
	code := map[compare.Conclusion]int{compare.Worse: exitFindings, compare.NoEvidence: exitNoEvidence, compare.NotWorse: exitClean}[c.Conclusion]
	if asJSON {
		if err := writeJSON(env.Stdout, c); err != nil {
			return err
		}
	} else {
		view.Comparison(env.Stdout, c)
		fmt.Fprintf(env.Stdout, "\n%s (exit code %d)\n", c.Headline(), code)
		if len(c.New) > 0 {
			fmt.Fprintf(env.Stdout, "look: orchestrator show%s %s %s\n", dir.flag(), c.Run.ID, c.New[0].Trials[0])
		}
	}
	if code == exitClean {
		return nil
	}
	return conclusion{code}
}
