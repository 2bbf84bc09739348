package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// standardStream means the standard input or output in place of a file name.
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
			return dir.read(cmd.Context(), func(s *store.Reader) error {
				run, err := app.FindRun(cmd.Context(), s, given[0])
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

func exportRun(ctx context.Context, env Env, s *store.Reader, id, name string) error {
	write := func(w io.Writer) error {
		bar := view.ByteBar(env.Stderr, env.Terminal, "exporting", -1)
		err := s.Export(ctx, id, version(), io.MultiWriter(w, bar))
		_ = bar.Close() // display only
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

// writeNew creates a file that only its owner can read, atomically.
func writeNew(name string, write func(io.Writer) error) (size int64, err error) {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return 0, usagef("%w", err).withHint("name another file")
		}
		return 0, usagef("%s is there already", name).withHint("name another file, or remove it first")
	}
	sweepExports(filepath.Dir(name))
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+exporting+"*") // with permissions 0600
	if err != nil {
		return 0, usagef("%w", err).withHint("name a file in a folder that can be written")
	}
	_, _ = tryLock(file) // without a lock the next export removes it, and this one fails
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

// exporting is in the name of a file that is being written, before a number.
const exporting = ".exporting-"

var exportingName = regexp.MustCompile(`^\..+\.exporting-[0-9]+$`)

// sweepExports removes the files of exports into a folder that died. The kernel releases
// their locks. What cannot be removed is left.
func sweepExports(folder string) {
	entries, _ := os.ReadDir(folder) // those that can be read
	for _, e := range entries {
		if !e.Type().IsRegular() || !exportingName.MatchString(e.Name()) {
			continue
		}
		file, err := os.OpenFile(filepath.Join(folder, e.Name()), os.O_RDWR|syscall.O_NOFOLLOW, 0)
		if err != nil {
			continue
		}
		if ok, err := tryLock(file); ok && err == nil {
			_ = os.Remove(file.Name())
		}
		_ = file.Close() // nothing was written
	}
}

// tryLock takes the lock of an open file until it is closed. It reports false where
// another process holds it.
func tryLock(file *os.File) (bool, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
