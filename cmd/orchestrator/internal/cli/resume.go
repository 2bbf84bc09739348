package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newResumeCommand(env Env) *cobra.Command {
	var (
		flags campaignFlags
		dir   storeFlag
		spec  = app.Spec{Kind: app.Resume}
		again = map[core.Outcome]*bool{core.Errored: new(bool), core.Undetermined: new(bool)}
	)
	cmd := &cobra.Command{
		Use:   "resume RUN",
		Short: "Carry a run on that was stopped, whatever stopped it",
		Long: `resume holds the trials of a run that have no outcome, by the campaign as the run
recorded it. Finished trials are not repeated; the conversations of those that
were begun start again. Secrets are looked up again, and the flags that the run
needed are needed again.

With --errored or --undetermined it holds those trials again, too, also of a finished
run, as attempts of their own. The record keeps every attempt: a success in one of
them stays a finding, and else the last one counts. A trial that has had as many
attempts as the campaign's evidence.max_attempts allows is not held again.

It refuses to go on with a campaign's file or with plugins that are no longer
those of the record, and shows what differs.

RUN is a run's ID, the beginning of one, or "latest".`,
		Args: takes(1, 1, "a run"),

		ValidArgsFunction: completeRuns(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			for _, outcome := range []core.Outcome{core.Errored, core.Undetermined} {
				if *again[outcome] {
					spec.Again = append(spec.Again, outcome)
				}
			}
			return concluded(resumeRun(cmd.Context(), env, flags, dir, given[0], spec))
		},
	}
	flags.register(cmd)
	dir.register(cmd, env)
	registerBaseline(cmd, &spec.Baseline, &dir)
	flags.registerLog(cmd)
	flags.registerUnlocked(cmd, "go on")
	refuseSet(cmd, "a run is resumed with the parameters that it recorded", "orchestrator run --set begins a new run")
	for outcome, chosen := range again {
		cmd.Flags().BoolVar(chosen, string(outcome), false, "hold the trials again that are "+string(outcome))
	}
	cmd.Flags().BoolVar(&spec.AllowChanged, "allow-changed", false, "go on although the campaign's file or a plugin has changed, and record it; the recorded campaign holds")
	return cmd
}

// resumeRun resumes a run that was stopped, or holds trials again. Where nothing is left
// to do, it prints the conclusion again.
func resumeRun(ctx context.Context, env Env, flags campaignFlags, dir storeFlag, name string, spec app.Spec, observers ...engine.Observer) (out app.Outcome, err error) {
	var run store.Run
	err = dir.read(ctx, func(s *store.Reader) error {
		if run, err = app.FindRun(ctx, s, name); err != nil || hasWork(run, spec.Again) {
			return err
		}
		fmt.Fprintf(env.Stderr, "run %s is finished%s: nothing is left to do\n", run.ID, without(spec.Again))
		c, err := app.ConcludeAgain(ctx, s, run)
		if err != nil {
			return err
		}
		report{out: env.Stdout, dir: dir}.Conclude(c)
		out = app.Outcome{Run: run.ID, Verdict: c.Verdict, Why: c.Why}
		return nil
	})
	if err != nil || !hasWork(run, spec.Again) {
		return out, err
	}
	if run.Origin != "" {
		return out, usagef("run %s was made from the record of run %s, and is not resumed", run.ID, run.Origin).
			withHint("orchestrator %s%s %s makes it again", run.OriginKind, dir.flag(), run.Origin)
	}
	spec.From, spec.GoOn = run, resumeCommand(dir, spec.Again...)
	return execute(ctx, env, flags, dir, spec, observers...)
}

// hasWork reports whether a run has trials without an outcome, or with one that is to be
// held again.
func hasWork(run store.Run, again []core.Outcome) bool {
	return run.Status != store.Finished || slices.ContainsFunc(again, func(o core.Outcome) bool { return run.Outcomes[o] > 0 })
}

// without says that no trial has one of the outcomes; "" for none.
func without(outcomes []core.Outcome) string {
	var words []string
	for _, o := range outcomes {
		words = append(words, string(o))
	}
	if len(words) == 0 {
		return ""
	}
	return ", and no trial is " + strings.Join(words, " or ")
}

// resumeCommand returns a function that names the command to resume a run, and to hold
// the trials with one of the outcomes again.
func resumeCommand(dir storeFlag, again ...core.Outcome) func(run string) string {
	flags := dir.flag()
	for _, o := range again {
		flags += " --" + string(o)
	}
	return func(run string) string { return fmt.Sprintf("orchestrator resume%s %s", flags, run) }
}
