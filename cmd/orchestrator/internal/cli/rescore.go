package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func newRescoreCommand(env Env) *cobra.Command {
	var (
		flags campaignFlags
		dir   storeFlag
		file  string
	)
	cmd := &cobra.Command{
		Use:   "rescore RUN",
		Short: "Judge the conversations of a run again, without holding them again",
		Long: `rescore judges the conversations that a finished run has recorded by the scorers
and success expressions of a campaign's file as it is now: that of the run, or the
one that --campaign names. Nothing is sent to the targets that the conversations
were held with. Models that scorers ask are asked.

The result is a run of its own. Trials are found by their IDs; those that only the
run or only the campaign has are named, and left out. Every turn that was recorded
is judged, whatever stop_on says; a conversation that ended before the turns did is
no proof of a defence.

RUN is a run's ID, the beginning of one, or "latest".`,
		Args: takes(1, 1, "a run"),

		ValidArgsFunction: completeRuns(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			return rescoreRun(cmd.Context(), newConduct(env, flags, dir), given[0], file)
		},
	}
	flags.register(cmd)
	dir.register(cmd, env)
	cmd.Flags().StringVar(&file, "campaign", "", "the campaign's `file` whose scorers judge; that of the run unless it is given")
	cmd.Flags().BoolVar(&flags.allowUnlocked, "allow-unlocked", false, "judge with third-party plugins as they are installed, whatever the lock says")
	return cmd
}

func rescoreRun(ctx context.Context, c *conduct, name, file string) (err error) {
	defer func() { err = errors.Join(err, c.log.Close()) }()
	var run store.Run
	err = c.dir.read(ctx, func(s *store.Store) error {
		run, err = findRun(ctx, s, name)
		return err
	})
	if err != nil {
		return err
	}
	if run.Status != store.Finished {
		return usagef("run %s is not finished: it is %s", run.ID, run.Status).withHint("orchestrator resume %s finishes it", run.ID)
	}
	if file = cmp.Or(file, run.Path); file == "" {
		return usagef("where the campaign's file of run %s was is not recorded", run.ID).withHint("--campaign names one")
	}
	r, err := c.flags.read(ctx, c.env, c.log, file)
	if err != nil {
		return err
	}
	return c.carryOut(ctx, r, func(p *plan.Plan, catalog *host.Catalog, hold func(runRecord) error) error {
		return c.dir.use(ctx, func(s *store.Store) error {
			judging, err := c.judging(ctx, s, run, p, catalog)
			if err != nil {
				return err
			}
			again := fmt.Sprintf("orchestrator rescore%s %s", c.dir.flag(), run.ID)
			return hold(runRecord{store: s, judging: judging, again: again, begin: func(ctx context.Context) (*store.Journal, error) {
				made, err := c.newRun(r, p, catalog)
				if err != nil {
					return nil, err
				}
				made.Trials, made.Plan = len(judging.Plan.Trials), "" // it is not resumed
				made.Origin, made.OriginKind = run.ID, store.Rescore
				return s.CreateRun(ctx, made)
			}})
		})
	})
}

// judging reads the conversations of a run, and says which of them cannot be judged.
func (c *conduct) judging(ctx context.Context, s *store.Store, run store.Run, p *plan.Plan, catalog plan.Catalog) (*cassette.Rescoring, error) {
	trials, err := s.Trials(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	var held []cassette.Conversation
	for _, t := range trials {
		if t.Result == nil {
			continue
		}
		history, err := s.History(ctx, run.ID, t.ID)
		if err != nil {
			return nil, err
		}
		held = append(held, cassette.Conversation{
			TrialID: t.ID, Target: t.Target, SystemPrompt: t.SystemPrompt, History: history, Failure: t.Result.Failure,
		})
	}
	unbound := context.WithoutCancel(ctx)
	judging, err := cassette.Rescore(p, catalog, held, func(trial string) ([]record.Turn, error) { return s.Turns(unbound, run.ID, trial) })
	if err != nil {
		return nil, err
	}
	c.leftOut(judging.Unplanned, "the campaign does not have any more")
	c.leftOut(judging.Unheld, "run "+run.ID+" has not held")
	if len(judging.Plan.Trials) == 0 {
		return nil, usagef("run %s and the campaign %s have no trial in common", run.ID, p.Name).
			withHint("trials are found by their IDs: the attack's name, then variant, row and number")
	}
	return judging, nil
}

// leftOut warns of trials that are not judged.
func (c *conduct) leftOut(trials []string, why string) {
	if len(trials) == 0 {
		return
	}
	const shown = 5
	names, more := trials, ""
	if len(trials) > shown {
		names, more = trials[:shown], ", …"
	}
	fmt.Fprintf(c.log, "orchestrator: warning: not judged: %s that %s: %s%s\n", count(len(trials), "trial"), why, strings.Join(names, ", "), more)
}
