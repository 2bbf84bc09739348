package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func newValidateCommand(env Env) *cobra.Command {
	var flags campaignFlags
	cmd := &cobra.Command{
		Use:   "validate CAMPAIGN...",
		Short: "Report everything that is wrong with campaigns, without sending anything",
		Args:  takes(1, math.MaxInt, "the campaigns' files"),
		RunE: func(cmd *cobra.Command, files []string) error {
			return flags.use(cmd.Context(), env, env.Stderr, func(h *host.Host, c *host.Catalog) error {
				var wrong []error
				for _, file := range files {
					p, err := flags.readPlan(cmd.Context(), file, h, c)
					if err != nil {
						wrong = append(wrong, err)
						continue
					}
					fmt.Fprintf(env.Stdout, "%s: ok: %s, %s\n", file,
						count(len(p.Campaign.Attacks), "attack"), count(len(p.Trials), "trial"))
					printNeeds(env.Stdout, p.Needs())
				}
				return errors.Join(wrong...)
			})
		},
	}
	flags.register(cmd)
	return cmd
}

// printNeeds says what a run of the campaign asks of the outside.
func printNeeds(w io.Writer, n plan.Needs) {
	list := func(names []string) string {
		if len(names) == 0 {
			return "none"
		}
		return strings.Join(names, ", ")
	}
	fmt.Fprintf(w, "  needs: hosts %s; secrets %s; programs %s", list(n.Hosts), list(n.Secrets), list(n.Programs))
	if len(n.Files) > 0 { // few campaigns name any
		fmt.Fprintf(w, "; files %s", list(n.Files))
	}
	fmt.Fprintln(w)
}

// campaignFlags are the flags of the commands that read a campaign.
type campaignFlags struct {
	hostFlags
	plan    plan.Options
	secrets secretFlags
}

func (f *campaignFlags) register(cmd *cobra.Command) {
	f.hostFlags.register(cmd)
	f.secrets.register(cmd)
	cmd.Flags().BoolVar(&f.plan.AllowCommands, "allow-commands", false, "let the campaign run programs of its choice on this machine")
}

// readPlan reads a campaign file, has the components check their
// configurations, and plans it. The files that the campaign names are read from
// the campaign's own folder and from nowhere else.
func (f *campaignFlags) readPlan(ctx context.Context, file string, h *host.Host, catalog *host.Catalog) (*plan.Plan, error) {
	options := f.plan
	options.AllowFile = f.secrets.allowFile
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return nil, core.Errorf(core.KindConfig, "opening the campaign's folder: %w", err)
	}
	defer root.Close()
	c, err := campaign.Read(root.FS(), filepath.Base(file), file)
	if c == nil {
		return nil, core.Errorf(core.KindConfig, "%w", err)
	}
	// Nobody wants to hear of mistakes one sort at a time, so what could be
	// understood of a campaign is looked through for the other sorts.
	var p *plan.Plan
	problems, broken := errors.AsType[campaign.Problems](err)
	if broken {
		problems = append(problems, plan.CheckComponents(c, catalog, options)...)
	} else {
		p, err = plan.New(c, catalog, options)
		problems, _ = errors.AsType[campaign.Problems](err)
	}
	more, err := plan.CheckConfigs(ctx, c, catalog, h.CheckConfig)
	if problems = append(problems, more...); len(problems) > 0 {
		return nil, wrongCampaign{problems.Sorted(), c.Source}
	}
	if err != nil {
		return nil, err
	}
	return p, f.secrets.check(file, p)
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
