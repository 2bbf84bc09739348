package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newGCCommand(env Env) *cobra.Command {
	var dir storeFlag
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Remove files from the store that nothing refers to",
		Long: `gc removes what nothing in the store refers to: sounds, images and long texts of
runs that were removed, or that a process was writing when it died, and the locks
of such processes. It prints each file and its bytes. No run loses anything, and
gc may be used while runs are going on.`,
		Args: takes(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			open := dir.use
			if dryRun {
				open = dir.read
			} else if err := dir.read(cmd.Context(), func(*store.Store) error { return nil }); err != nil {
				return err // there is no store, and none is made
			}
			return open(cmd.Context(), func(s *store.Store) error { return collectGarbage(cmd.Context(), env, s, dryRun) })
		},
	}
	dir.register(cmd, env)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be removed, and remove nothing")
	return cmd
}

func collectGarbage(ctx context.Context, env Env, s *store.Store, dryRun bool) error {
	show, files, bytes := shelfBar(env), 0, int64(0)
	err := s.Sweep(ctx, store.Sweeping{
		DryRun: dryRun,
		Found: func(l store.Litter) {
			files++
			bytes += l.Bytes
			fmt.Fprintf(env.Stdout, "%-10s  %12d  %s\n", l.Kind, l.Bytes, l.Path)
		},
		Progress: show,
	})
	switch {
	case files == 0 && err == nil:
		fmt.Fprintln(env.Stdout, "nothing to remove")
	case dryRun:
		fmt.Fprintf(env.Stdout, "%s of %d bytes would be removed\n", count(files, "file"), bytes)
	default:
		fmt.Fprintf(env.Stdout, "removed %s of %d bytes\n", count(files, "file"), bytes)
	}
	return err
}

// shelfBar shows on a terminal how much of the store has been looked through.
func shelfBar(env Env) func(done, total int) {
	if !env.Terminal {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total,
				progressbar.OptionSetWriter(env.Stderr),
				progressbar.OptionSetDescription("looking through the store"),
				progressbar.OptionSetWidth(10),
				progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionClearOnFinish(),
			)
		}
		_ = bar.Set(done) // it only shows
	}
}

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
	err := dir.read(ctx, func(s *store.Store) error {
		run, err := findRun(ctx, s, name)
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
