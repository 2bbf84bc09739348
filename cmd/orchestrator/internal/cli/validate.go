package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func newValidateCommand(env Env) *cobra.Command {
	var flags hostFlags
	cmd := &cobra.Command{
		Use:   "validate CAMPAIGN...",
		Short: "Report everything that is wrong with campaigns, without sending anything",
		Args:  args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
			return flags.use(cmd.Context(), env, env.Stderr, func(_ *host.Host, c *host.Catalog) error {
				var wrong []error
				for _, file := range files {
					p, err := readPlan(file, c)
					if err != nil {
						wrong = append(wrong, err)
						continue
					}
					fmt.Fprintf(env.Stdout, "%s: ok: %s, %s\n", file,
						count(len(p.Campaign.Attacks), "attack"), count(len(p.Trials), "trial"))
				}
				return errors.Join(wrong...)
			})
		},
	}
	flags.register(cmd)
	return cmd
}

// readPlan reads a campaign file and plans it. The files that the campaign
// names are read from the campaign's own folder and from nowhere else.
func readPlan(file string, catalog plan.Catalog) (*plan.Plan, error) {
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return nil, core.Errorf(core.KindConfig, "opening the campaign's folder: %w", err)
	}
	defer root.Close()
	c, err := campaign.Read(root.FS(), filepath.Base(file), file)
	if problems, ok := errors.AsType[campaign.Problems](err); ok {
		// What could be understood may hold mistakes of the other sort, and
		// nobody wants to hear of them one sort at a time.
		problems = append(problems, plan.CheckComponents(c, catalog)...)
		return nil, wrongCampaign{problems.Sorted(), c.Source}
	}
	if err != nil {
		return nil, core.Errorf(core.KindConfig, "%w", err)
	}
	p, err := plan.New(c, catalog)
	if problems, ok := errors.AsType[campaign.Problems](err); ok {
		return nil, wrongCampaign{problems, c.Source}
	}
	return p, err
}

// wrongCampaign is a campaign's problems with the text that they are about.
type wrongCampaign struct {
	campaign.Problems
	source []byte
}

// count returns "1 trial" or "7 trials".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
