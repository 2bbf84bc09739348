package cli

import (
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
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
replays or judges again, and PART the part of its campaign that it held.`,
		Args: takes(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return dir.read(cmd.Context(), func(s *store.Reader) error {
				runs, err := s.Runs(cmd.Context())
				if err != nil {
					return err
				}
				view.Runs(env.Stdout, runs)
				return nil
			})
		},
	}
	dir.register(cmd, env)
	return cmd
}
