package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newRemoveCommand(env Env) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   "remove RUN",
		Short: "Remove a run from the store",
		Long: `remove removes a run's record from the store, for good. orchestrator export keeps a
copy of it, and orchestrator gc then removes the files that only this run had.

RUN is the run's whole ID, so that no other one is removed by mistake.`,
		Args: takes(1, 1, "a run"),

		ValidArgsFunction: completeRun(&dir, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, given []string) error {
			return removeRun(cmd.Context(), env, dir, given[0])
		},
	}
	dir.register(cmd, env)
	return cmd
}

func removeRun(ctx context.Context, env Env, dir storeFlag, name string) error {
	err := dir.read(ctx, func(s *store.Reader) error {
		run, err := app.FindRun(ctx, s, name)
		if err == nil && run.ID != name {
			err = usagef("%q is not a run's whole ID", name).withHint("orchestrator remove%s %s removes that run, of campaign %s", dir.flag(), run.ID, run.Campaign)
		}
		return err
	})
	if err != nil {
		return err
	}
	return dir.use(ctx, func(s *store.Store) error {
		err := s.Remove(ctx, name)
		if errors.Is(err, store.ErrRunning) {
			return usagef("%w", err).withHint("wait for it, or stop that process first")
		}
		if err != nil {
			return err
		}
		if err := os.Remove(eventlog.File(s.Dir(), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return core.Errorf(core.ErrorInternal, "run %s is removed, but for the log of its events: %w", name, err)
		}
		fmt.Fprintf(env.Stdout, "removed run %s; orchestrator gc%s removes the files that only it had\n", name, dir.flag())
		return nil
	})
}
