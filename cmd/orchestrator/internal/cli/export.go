package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// standardStream stands for the standard input or output among file names.
const standardStream = "-"

func newExportCommand(env Env) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   "export RUN [FILE]",
		Short: "Write a run into one file, with all that was said in it",
		Long: `export writes a run into one file: its record and every sound, image and text that
it refers to. orchestrator import puts it into another store, where it is shown as
here, and carried on if it was stopped.

The file is a tar archive without secrets, and with everything that was said:
only you can read it. FILE is the run's ID with .tar unless it is given; - is the
standard output.

RUN is a run's ID, the beginning of one, or "latest".`,
		Args: takes(1, 2, "a run and a file"),

		ValidArgsFunction: completeRun(&dir, cobra.ShellCompDirectiveDefault),
		RunE: func(cmd *cobra.Command, given []string) error {
			return dir.read(cmd.Context(), func(s *store.Store) error {
				run, err := findRun(cmd.Context(), s, given[0])
				if err != nil {
					return err
				}
				name := run.ID + ".tar"
				if len(given) > 1 {
					name = given[1]
				}
				return exportRun(cmd.Context(), env, s, run.ID, name)
			})
		},
	}
	dir.register(cmd, env)
	return cmd
}

func exportRun(ctx context.Context, env Env, s *store.Store, id, name string) error {
	write := func(w io.Writer) error {
		bar := byteBar(env, "exporting", -1)
		err := s.Export(ctx, id, version(), io.MultiWriter(w, bar))
		_ = bar.Close() // it only shows
		if errors.Is(err, store.ErrRunning) {
			return usagef("%w", err).withHint("wait for it, or stop that process first")
		}
		return err
	}
	if name == standardStream {
		if env.Width > 0 {
			return usagef("a run is nothing to look at: it is not written to a terminal").withHint("name a file, or send the output on: orchestrator export %s - | …", id)
		}
		return write(env.raw)
	}
	size, err := writeNew(name, write)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "exported run %s: %s, %d bytes\n", id, name, size)
	return nil
}

// writeNew makes a file that only its owner can read: the whole of it, or none.
func writeNew(name string, write func(io.Writer) error) (size int64, err error) {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return 0, usagef("%w", err).withHint("name another file")
		}
		return 0, usagef("%s is there already", name).withHint("name another file, or remove it first")
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // with permissions 0600
	if err != nil {
		return 0, usagef("%w", err).withHint("name a file in a folder that can be written")
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if info, statErr := file.Stat(); statErr == nil {
		size = info.Size()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return 0, errors.Join(err, os.Remove(file.Name()))
	}
	return size, nil
}

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
		bar := byteBar(env, "importing", size)
		id, known, err := s.Import(ctx, io.TeeReader(file, bar))
		_ = bar.Close() // it only shows
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
		fmt.Fprintf(env.Stdout, "imported run %s: %s of campaign %s, %s\n", id, count(run.Trials, "trial"), run.Campaign, run.Status)
		fmt.Fprintf(env.Stdout, "look: orchestrator show%s %s\n", dir.flag(), id)
		return nil
	})
}

// openImport opens what is imported, and returns its size, or -1.
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

// interruptible is a reader that does not wait any more once ctx is cancelled,
// whoever writes to it. What is waited for then is waited for until the program
// ends.
func interruptible(ctx context.Context, from io.Reader) io.Reader {
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
	go func() {
		_, err := io.Copy(w, from)
		_ = w.CloseWithError(err)
	}()
	return r
}
