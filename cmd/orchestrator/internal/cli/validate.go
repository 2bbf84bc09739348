package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
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
	flags.registerSet(cmd, env)
	return cmd
}

// validate reports the problems of one campaign. A plugin that is not locked is
// a warning here, not an error.
func validate(ctx context.Context, env Env, file string, flags *campaignFlags) error {
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
	fmt.Fprintf(env.Stdout, "%s: ok: %s, %s\n", file,
		phrase.Count(len(planned.Campaign.Attacks), "attack"), phrase.Count(len(planned.Plan.Trials), "trial"))
	view.Values(env.Stdout, "  ", planned.Values)
	view.Needs(env.Stdout, planned.Plan.Needs(), planned.Plan.Plain())
	return err
}
