package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newListCommand(env Env) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the runs that are kept, the latest first",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return dir.use(cmd.Context(), func(s *store.Store) error {
				runs, err := s.Runs(cmd.Context())
				if err != nil {
					return err
				}
				return writeRuns(env.Stdout, runs)
			})
		},
	}
	dir.register(cmd, env)
	return cmd
}

func writeRuns(w io.Writer, runs []store.Run) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tCAMPAIGN\tSTARTED\tSTATUS\tTRIALS\tSUCCEEDED\tDEFENDED\tUNDETERMINED\tERRORED")
	for _, r := range runs {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", r.ID, r.Campaign,
			r.Started.Local().Format(time.DateTime), r.Status, r.Trials, r.Outcomes[core.Succeeded],
			r.Outcomes[core.Defended], r.Outcomes[core.Undetermined], r.Outcomes[core.Errored])
	}
	return t.Flush()
}
