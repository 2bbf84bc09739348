package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

func newValidateCommand(env Env) *cobra.Command {
	var flags campaignFlags
	cmd := &cobra.Command{
		Use:   "validate CAMPAIGN...",
		Short: "Report everything that is wrong with campaigns, without sending anything",
		Args:  takes(1, math.MaxInt, "the campaigns' files"),
		RunE: func(cmd *cobra.Command, files []string) error {
			var wrong []error
			for _, file := range files {
				if err := validate(cmd.Context(), env, file, &flags); err != nil {
					wrong = append(wrong, err)
				}
				if cmd.Context().Err() != nil {
					break
				}
			}
			return errors.Join(wrong...)
		},
	}
	flags.register(cmd)
	return cmd
}

// validate reports what is wrong with one campaign. That a plugin of it is not
// locked is only worth a warning here.
func validate(ctx context.Context, env Env, file string, flags *campaignFlags) error {
	r, err := flags.read(ctx, env, env.Stderr, file)
	if err != nil {
		return err
	}
	return flags.with(ctx, env, env.Stderr, r.choice.Programs, func(h *host.Host, catalog *host.Catalog) error {
		p, err := flags.plans(ctx, r, h, catalog)
		if err != nil {
			return err
		}
		r.warn(env)
		for _, q := range r.campaign.Plugins {
			if warning, ok := r.choice.Unlocked[q.Name]; ok {
				printProblem(env.Stderr, "warning", warning, r.campaign.Source)
			}
		}
		fmt.Fprintf(env.Stdout, "%s: ok: %s, %s\n", file,
			count(len(r.campaign.Attacks), "attack"), count(len(p.Trials), "trial"))
		printNeeds(env.Stdout, p.Needs())
		return nil
	})
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
	if len(n.Webhooks) > 0 {
		fmt.Fprintf(w, "; webhooks %s", list(n.Webhooks))
	}
	fmt.Fprintln(w)
}

// campaignFlags are the flags of the commands that read a campaign.
type campaignFlags struct {
	hostFlags
	plan    plan.Options
	secrets secretFlags
	// allowUnlocked: the campaign runs with whatever is installed. It is a flag
	// of run only.
	allowUnlocked bool
	// logContents: the event log holds what was said. It is a flag of those that
	// carry out.
	logContents bool
}

func (f *campaignFlags) registerLog(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.logContents, "log-contents", false, "write what is said into the run's event log, too")
}

func (f *campaignFlags) register(cmd *cobra.Command) {
	f.hostFlags.register(cmd)
	f.secrets.register(cmd)
	cmd.Flags().BoolVar(&f.plan.AllowCommands, "allow-commands", false, "let the campaign run programs of its choice on this machine")
}

// reading is a campaign that has been read, and the programs it would run with.
type reading struct {
	campaign *campaign.Campaign
	// problems are those of the campaign itself.
	problems yamlfile.Problems
	choice   install.Choice
}

// read reads a campaign and its lock, and chooses its plugins. It starts nothing.
func (f *campaignFlags) read(ctx context.Context, env Env, w io.Writer, file string) (*reading, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("reading the campaign %s: %w", file, ctx.Err())
	}
	c, problems, err := readCampaign(file)
	if err != nil {
		return nil, err
	}
	return f.choose(env, w, c, problems)
}

// choose chooses the plugins of a campaign, by the lock beside its file.
func (f *campaignFlags) choose(env Env, w io.Writer, c *campaign.Campaign, problems yamlfile.Problems) (*reading, error) {
	lock, err := readLock(filepath.Dir(c.File))
	if err != nil {
		return nil, err
	}
	found, err := f.discover(env, w)
	if err != nil {
		return nil, err
	}
	attached, err := attachments(env)
	if err != nil {
		return nil, err
	}
	if f.allowUnlocked {
		lock = nil
	}
	return &reading{c, problems, install.Choose(c.File, c.Plugins, lock, found, slices.Sorted(maps.Keys(attached)))}, nil
}

// warn says which programs do not run, though somebody put them there.
func (r *reading) warn(env Env) {
	for _, p := range r.choice.PassedOver {
		printProblem(env.Stderr, "warning", p, r.campaign.Source)
	}
}

// readCampaign reads a campaign file. The files that it names are read from its
// own folder and from nowhere else.
func readCampaign(file string) (*campaign.Campaign, yamlfile.Problems, error) {
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return nil, nil, core.Errorf(core.ErrorConfig, "opening the campaign's folder: %w", err)
	}
	defer root.Close()
	c, err := campaign.Read(root.FS(), filepath.Base(file), file)
	if c == nil {
		return nil, nil, core.Errorf(core.ErrorConfig, "%w", err)
	}
	problems, _ := errors.AsType[yamlfile.Problems](err)
	return c, problems, nil
}

// plans has the components check their configurations, and plans a campaign.
func (f *campaignFlags) plans(ctx context.Context, r *reading, h *host.Host, catalog *host.Catalog) (*plan.Plan, error) {
	options := f.plan
	options.AllowFile = f.secrets.allowFile
	options.Absent = r.choice.Absent(r.campaign.Plugins)
	started := install.CheckStarted(r.campaign.File, r.campaign.Plugins, catalog.Plugins())
	for _, p := range catalog.Plugins() {
		if p.Err != nil {
			options.Absent[p.Name] = true
		}
	}
	// Nobody wants to hear of mistakes one sort at a time, so what could be
	// understood of a campaign is looked through for the other sorts.
	problems := slices.Concat(r.problems, r.choice.Problems, started)
	var p *plan.Plan
	if len(r.problems) > 0 {
		problems = append(problems, plan.CheckComponents(r.campaign, catalog, options)...)
	} else {
		var err error
		p, err = plan.New(r.campaign, catalog, options)
		planned, _ := errors.AsType[yamlfile.Problems](err)
		problems = append(problems, planned...)
	}
	more, err := plan.CheckConfigs(ctx, r.campaign, catalog, h.CheckConfig)
	if problems = append(problems, more...); len(problems) > 0 {
		return nil, wrongCampaign{problems.Sorted(), r.campaign.Source}
	}
	if err != nil {
		return nil, err
	}
	return p, f.secrets.check(r.campaign, p)
}

// wrongCampaign is a campaign's problems with the text that they are about.
type wrongCampaign struct {
	yamlfile.Problems
	source []byte
}

// count returns "1 trial" or "7 trials".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
