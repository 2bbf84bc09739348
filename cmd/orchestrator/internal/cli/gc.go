package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func newGCCommand(env Env) *cobra.Command {
	var dir storeFlag
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Remove files from the store that nothing refers to",
		Long: `gc removes what nothing in the store refers to: sounds, images and long texts of
runs that were removed, or that a process was writing when it died, and the locks
of such processes; and the temporary folders of plugins whose orchestrator died. It prints each file and its bytes. No run loses anything, and
gc may be used while runs are going on.`,
		Args: takes(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			// A store that does not exist is not created.
			if dryRun {
				return dir.read(ctx, func(s *store.Reader) error { return collectGarbage(ctx, env, s.FindGarbage, dryRun) })
			}
			if err := dir.read(ctx, func(*store.Reader) error { return nil }); err != nil {
				return err
			}
			return dir.use(ctx, func(s *store.Store) error { return collectGarbage(ctx, env, s.CollectGarbage, dryRun) })
		},
	}
	dir.register(cmd, env)
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be removed, and remove nothing")
	return cmd
}

// collectGarbage prints what collect finds, and the total.
func collectGarbage(ctx context.Context, env Env, collect func(context.Context, store.GCOptions) error, dryRun bool) error {
	show, files, bytes := view.CountBar(env.Stderr, env.Terminal, "looking through the store"), 0, int64(0)
	for _, left := range host.Leftovers(ctx, !dryRun) {
		files++
		bytes += left.Bytes
		fmt.Fprintf(env.Stdout, "%-10s  %12d  %s\n", "folder", left.Bytes, left.Path)
	}
	err := collect(ctx, store.GCOptions{
		Found: func(g store.Garbage) {
			files++
			bytes += g.Bytes
			fmt.Fprintf(env.Stdout, "%-10s  %12d  %s\n", g.Kind, g.Bytes, g.Path)
		},
		Progress: show,
	})
	switch {
	case files == 0 && err == nil:
		fmt.Fprintln(env.Stdout, "nothing to remove")
	case dryRun:
		fmt.Fprintf(env.Stdout, "%s of %d bytes would be removed\n", phrase.Count(files, "file"), bytes)
	default:
		fmt.Fprintf(env.Stdout, "removed %s of %d bytes\n", phrase.Count(files, "file"), bytes)
	}
	return err
}
