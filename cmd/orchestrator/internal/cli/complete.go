package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// completion proposes arguments to a shell, which filters them by the prefix
// that was typed.
type completion = func(cmd *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective)

// completeFlag proposes values for a flag.
func completeFlag(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	}) // fails only where the flag is not defined
}

// completeRuns proposes the IDs of runs, and then those of a run's trials.
func completeRuns(dir *storeFlag) completion {
	return func(cmd *cobra.Command, given []string, _ string) (found []string, _ cobra.ShellCompDirective) {
		_ = dir.read(cmd.Context(), func(s *store.Reader) (err error) {
			found, err = idsOf(cmd.Context(), s, given)
			return err
		}) // a shell cannot show an error
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// completeComparison proposes a baseline, and then a run.
func completeComparison(dir *storeFlag) completion {
	return func(cmd *cobra.Command, given []string, _ string) (found []string, _ cobra.ShellCompDirective) {
		if len(given) < 2 {
			_ = dir.read(cmd.Context(), func(s *store.Reader) (err error) {
				found, err = idsOf(cmd.Context(), s, nil)
				return err
			}) // a shell cannot show an error
		}
		if len(given) == 0 {
			found = append(found, campaign.Previous)
		}
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// completeRun proposes the IDs of runs, and then what rest says.
func completeRun(dir *storeFlag, rest cobra.ShellCompDirective) completion {
	runs := completeRuns(dir)
	return func(cmd *cobra.Command, given []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(given) > 0 {
			return nil, rest
		}
		return runs(cmd, given, typed)
	}
}

func idsOf(ctx context.Context, s *store.Reader, given []string) ([]string, error) {
	var ids []string
	switch len(given) {
	case 0:
		runs, err := s.Runs(ctx)
		for _, r := range runs {
			ids = append(ids, r.ID)
		}
		return append(ids, "latest"), err
	case 1:
		run, err := s.Run(ctx, given[0])
		if err != nil {
			return nil, err
		}
		trials, err := s.Trials(ctx, run.ID)
		for _, t := range trials {
			ids = append(ids, t.ID)
		}
		return ids, err
	}
	return nil, nil
}

// completeParameters proposes the parameters of the campaigns that are given.
func completeParameters(env Env) completion {
	return func(_ *cobra.Command, given []string, _ string) (found []string, _ cobra.ShellCompDirective) {
		for _, file := range given {
			c, _, err := app.ReadCampaign(env.Files, file, campaign.Given{Partial: true})
			if err != nil {
				continue // a shell cannot show an error
			}
			for _, p := range c.Parameters {
				found = append(found, p.Name+"=\t"+p.Description)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}
