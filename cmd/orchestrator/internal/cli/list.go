package cli

import (
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newListCommand(env Env) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the runs that are kept, the latest first",
		Long: `list prints the runs that are kept, the latest first. A run's ID begins with the
time, in UTC, at which it started. UNJUDGED trials gave no evidence: they were
undetermined or errored, or never held to their end. FROM names the run that a run
replays or judges again.`,
		Args: takes(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return dir.read(cmd.Context(), func(s *store.Store) error {
				runs, err := s.Runs(cmd.Context())
				if err != nil {
					return err
				}
				writeRuns(env.Stdout, runs)
				return nil
			})
		},
	}
	dir.register(cmd, env)
	return cmd
}

func writeRuns(w io.Writer, runs []store.Run) {
	lines := [][]string{{"RUN", "CAMPAIGN", "STATUS", "TRIALS", "SUCCEEDED", "UNJUDGED", "FROM"}}
	for _, r := range runs {
		succeeded, defended := r.Outcomes[core.Succeeded], r.Outcomes[core.Defended]
		lines = append(lines, []string{
			r.ID, cell(r.Campaign), string(r.Status), strconv.Itoa(r.Trials),
			strconv.Itoa(succeeded), strconv.Itoa(r.Trials - succeeded - defended), madeFrom(r),
		})
	}
	if !slices.ContainsFunc(runs, func(r store.Run) bool { return r.Origin != "" }) {
		for i := range lines {
			lines[i] = lines[i][:len(lines[i])-1]
		}
	}
	writeAligned(w, lines, func(column int) bool { return column < 3 || column == 6 }, 5)
}

// madeFrom names the run from whose record a run was made.
func madeFrom(r store.Run) string {
	if r.Origin == "" {
		return ""
	}
	return string(r.OriginKind) + " of " + r.Origin
}
