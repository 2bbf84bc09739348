package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newImportCommand(env Env) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Put a run that was exported into the store",
		Long: `import puts a run that orchestrator export wrote into the store, under the same ID.
It checks all of the file first: the run is there as a whole, or not at all. A run
that is there already is left as it is.

FILE may be of an earlier version of the orchestrator; - is the standard input.`,
		Args: takes(1, 1, "a file"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return importFile(cmd.Context(), env, dir, given[0])
		},
	}
	dir.register(cmd, env)
	return cmd
}

func importFile(ctx context.Context, env Env, dir storeFlag, name string) error {
	file, size, err := openImport(ctx, env, name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	return dir.use(ctx, func(s *store.Store) error {
		bar := view.ByteBar(env.Stderr, env.Terminal, "importing", size)
		id, known, err := s.Import(ctx, io.TeeReader(file, bar))
		_ = bar.Close() // display only
		switch {
		case core.KindOf(err) == core.ErrorInput:
			return usagef("%s: %w", name, err).withHint("%s", core.HintOf(err))
		case errors.Is(err, store.ErrOtherRun):
			return usagef("%s: %w", name, err).withHint("--store names another store to import it into; orchestrator remove%s RUN removes the one that is there", dir.flag())
		case err != nil:
			return err
		}
		if known {
			fmt.Fprintf(env.Stdout, "run %s is there already, and is the same\n", id)
			return nil
		}
		run, err := s.Run(ctx, id)
		if err != nil {
			return err
		}
		fmt.Fprintf(env.Stdout, "imported run %s: %s of campaign %s, %s\n", id, phrase.Count(run.Trials, "trial"), run.Campaign, run.Status)
		fmt.Fprintf(env.Stdout, "look: orchestrator show%s %s\n", dir.flag(), id)
		return nil
	})
}

// openImport opens the file to import, and returns its size, or -1.
func openImport(ctx context.Context, env Env, name string) (io.ReadCloser, int64, error) {
	if name == standardStream {
		return io.NopCloser(interruptible(ctx, env.Stdin)), -1, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, usagef("%w", err).withHint("orchestrator export RUN FILE writes one")
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = usagef("%s is a folder", name).withHint("orchestrator import takes the file that orchestrator export wrote")
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	if !info.Mode().IsRegular() {
		return io.NopCloser(interruptible(ctx, file)), -1, nil
	}
	return file, info.Size(), nil
}

// interruptible is a reader whose Read returns once ctx is cancelled. Its
// goroutine then waits for the underlying reader until the program ends.
func interruptible(ctx context.Context, from io.Reader) io.Reader {
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
	go func() {
		_, err := io.Copy(w, from)
		_ = w.CloseWithError(err)
	}()
	return r
}
