package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func newRunCommand(env Env) *cobra.Command {
	var (
		plugins  campaignFlags
		dir      storeFlag
		baseline string
		calls    bool
	)
	cmd := &cobra.Command{
		Use:   "run CAMPAIGN",
		Short: "Hold every conversation of a campaign and judge the replies",
		Args:  takes(1, 1, "the campaign's file"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return runCampaign(cmd.Context(), newConduct(env, plugins, dir).comparedWith(baseline), given[0], calls)
		},
	}
	plugins.register(cmd)
	dir.register(cmd, env)
	registerRecord(cmd, &calls)
	registerBaseline(cmd, &baseline, &dir)
	plugins.registerLog(cmd)
	cmd.Flags().BoolVar(&plugins.allowUnlocked, "allow-unlocked", false, "run with third-party plugins as they are installed, whatever the lock says")
	return cmd
}

// registerRecord adds the flag of the commands that begin runs which can be replayed.
func registerRecord(cmd *cobra.Command, calls *bool) {
	cmd.Flags().BoolVar(calls, "record", false, "keep what every component answers, so that the run can be replayed without any of them")
}

func runCampaign(ctx context.Context, c *conduct, file string, calls bool) (err error) {
	defer func() { err = errors.Join(err, c.log.Close()) }()
	r, err := c.flags.read(ctx, c.env, c.log, file)
	if err != nil {
		return err
	}
	return c.carryOut(ctx, r, func(p *plan.Plan, catalog *host.Catalog, hold func(runRecord) error) error {
		return c.dir.use(ctx, func(s *store.Store) error {
			return hold(runRecord{store: s, calls: calls, begin: func(ctx context.Context) (*store.Journal, error) {
				run, err := c.newRun(r, p, catalog)
				if err != nil {
					return nil, err
				}
				if run.Recorded = calls; calls {
					run.Components = cassette.CatalogOf(r.campaign.Uses(), catalog)
				}
				return s.CreateRun(ctx, run)
			}})
		})
	})
}

// hold refuses, before anything is started, to run a campaign with plugins that
// are not the locked ones. Where the user allows that, it warns of each.
func (f *campaignFlags) hold(env Env, r *reading) error {
	problems := slices.Concat(r.problems, r.choice.Problems)
	r.warn(env)
	for _, q := range r.campaign.Plugins {
		unlocked, ok := r.choice.Unlocked[q.Name]
		switch {
		case ok && f.allowUnlocked:
			unlocked.Message = fmt.Sprintf("plugin %q runs UNLOCKED: its program is whatever is installed now", q.Name)
			printProblem(env.Stderr, "warning", unlocked, r.campaign.Source)
		case ok:
			unlocked.Hint += "; --allow-unlocked runs it as it is"
			problems = append(problems, unlocked)
		}
	}
	if len(problems) > len(r.problems) {
		return wrongCampaign{problems.Sorted(), r.campaign.Source}
	}
	return nil
}
