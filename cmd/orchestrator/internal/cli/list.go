package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func newListCommand(env Env) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the runs that are kept, the latest first",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := dir.open(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			runs, err := s.Runs(cmd.Context())
			if err != nil {
				return err
			}
			t := tabwriter.NewWriter(env.Stdout, 0, 4, 2, ' ', 0)
			fmt.Fprintln(t, "RUN\tCAMPAIGN\tSTARTED\tSTATUS\tTRIALS\tSUCCEEDED\tDEFENDED\tUNDETERMINED\tERRORED")
			for _, r := range runs {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", r.ID, r.Campaign,
					r.Started.Local().Format(time.DateTime), r.Status, r.Trials, r.Outcomes[core.Succeeded],
					r.Outcomes[core.Defended], r.Outcomes[core.Undetermined], r.Outcomes[core.Errored])
			}
			return t.Flush()
		},
	}
	dir.register(cmd, env)
	return cmd
}
