package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
)

func newPlanCommand(env Env) *cobra.Command {
	var (
		flags  campaignFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "plan CAMPAIGN",
		Short: "Estimate what a run of a campaign would do and cost, without sending anything",
		Args:  takes(1, 1, "the campaign's file"),
		RunE: func(cmd *cobra.Command, given []string) error {
			env, err := readGiven(env, given...)
			if err != nil {
				return err
			}
			return planCampaign(cmd.Context(), env, given[0], &flags, asJSON)
		},
	}
	flags.register(cmd)
	flags.registerSet(cmd, env)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the plan as JSON")
	return cmd
}

// planCampaign checks a campaign as validate does, and prints the estimate of a
// run.
func planCampaign(ctx context.Context, env Env, file string, flags *campaignFlags, asJSON bool) error {
	planner, err := flags.planner(env, env.Stderr)
	if err != nil {
		return err
	}
	planned, err := planner.Plan(ctx, file)
	if planned == nil {
		return err
	}
	for _, p := range slices.Concat(planned.PassedOver, planned.Doubtful) {
		view.Problem(env.Stderr, "warning", p, planned.Campaign.Source)
	}
	for _, warning := range planned.Warnings {
		view.Lines(env.Stderr, "warning", warning)
	}
	var plugins []string
	for _, plugin := range planned.Plugins {
		plugins = append(plugins, plugin.Name+" "+plugin.Version)
	}
	estimate := view.NewEstimate(planned.Plan, planned.Campaign.Scope.Authorization, planned.Values, plugins, env.Now())
	for _, warning := range estimate.Beyond(planned.Plan.Bounds) {
		view.Lines(env.Stderr, "warning", warning)
	}
	if asJSON {
		return errors.Join(writeJSON(env.Stdout, estimate), err)
	}
	estimate.Write(env.Stdout, planned.Plan.Bounds)
	return err
}
