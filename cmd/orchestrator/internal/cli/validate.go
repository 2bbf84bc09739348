package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// validateFlags are those of orchestrator validate.
type validateFlags struct {
	campaignFlags
	// ready: what a run needs of this machine is looked up.
	ready bool
}

func newValidateCommand(env Env) *cobra.Command {
	var flags validateFlags
	cmd := &cobra.Command{
		Use:   "validate CAMPAIGN...",
		Short: "Report everything that is wrong with campaigns, without sending anything",
		Long: `validate reports everything that is wrong with campaigns. It sends nothing. It takes
their files, folders of them, and - for one on the standard input.

With --ready it looks up what a run needs of this machine, too: the secrets, the
programs, the files that components read, the plugins as they are locked, the
addresses of webhooks, and how many files may be open. All that is missing is
reported, with exit code 2.`,
		Args: takes(1, math.MaxInt, "the campaigns' files, or folders of them"),
		RunE: func(cmd *cobra.Command, given []string) error {
			env, err := readGiven(env, given...)
			if err != nil {
				return err
			}
			files, err := inFolders(env, given)
			if err != nil {
				return err
			}
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
	flags.registerSet(cmd, env)
	cmd.Flags().BoolVar(&flags.ready, "ready", false, "look up what a run needs of this machine, too: secrets, programs, plugins, webhooks, open files")
	return cmd
}

// validate reports the problems of one campaign. A plugin that is not locked is
// a warning here, not an error, unless the campaign is to be ready.
func validate(ctx context.Context, env Env, file string, flags *validateFlags) error {
	planner, err := flags.planner(env, env.Stderr)
	if err != nil {
		return err
	}
	planned, err := planner.Plan(ctx, file)
	if planned == nil {
		return err
	}
	for _, p := range slices.Concat(planned.PassedOver, planned.Unlocked, planned.Doubtful) {
		view.Problem(env.Stderr, "warning", p, planned.Campaign.Source)
	}
	for _, warning := range planned.Warnings {
		view.Lines(env.Stderr, "warning", warning)
	}
	state := "ok"
	if flags.ready {
		redactor := secret.NewRedactor()
		runner := &app.Runner{Planner: planner, Log: console{io.Discard}, Redactor: redactor}
		if err := errors.Join(err, runner.Ready(ctx, file)); err != nil {
			return err
		}
		state = "ready"
	}
	fmt.Fprintf(env.Stdout, "%s: %s: %s, %s\n", file, state,
		phrase.Count(len(planned.Campaign.Attacks), "attack"), phrase.Count(len(planned.Plan.Trials), "trial"))
	view.Values(env.Stdout, "  ", planned.Values)
	view.Needs(env.Stdout, planned.Plan.Needs(), planned.Plan.Plain())
	return err
}
