package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/migrate"
	"github.com/redteam-orchestrator/orchestrator/core"
)

// writeForeign writes the campaign of another tool's file.
func writeForeign(ctx context.Context, env Env, source, file string, flags *newFlags) error {
	if err := checkNew(file, flags.force); err != nil {
		return err
	}
	if flags.curl+flags.har != "" || flags.answers.Target != "" {
		return usagef("--from excludes --target, --from-curl and --from-har").withHint("give one of them")
	}
	data, err := readInput(env.Stdin, source)
	if err != nil {
		return err
	}
	from := filepath.Dir(source)
	made, err := migrate.Campaign(flags.from, data, migrate.Options{
		Name: campaignName(file), Authorization: flags.answers.Authorization, File: filepath.Base(source),
		Read:   func(path string) ([]byte, error) { return readBeside(from, path) },
		Locate: func(path string) (string, bool) { return locate(from, path, filepath.Dir(file)) },
	})
	if err != nil {
		return usagef("%w", err).withHint("%s", core.HintOf(err))
	}
	return writeValid(ctx, env, file, made.Text, flags, func() {
		for _, name := range made.Secrets {
			fmt.Fprintf(env.Stdout, "secret: ${%s} is referred to; export it before the run\n", name)
		}
		if len(made.Notes) > 0 {
			fmt.Fprintln(env.Stdout, "did not carry over:")
		}
		for _, note := range made.Notes {
			fmt.Fprintf(env.Stdout, "  - %s\n", note)
		}
	})
}

// readBeside reads a file in a configuration's folder or below it.
func readBeside(folder, path string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // it was only read
	f, err := root.Open(filepath.Clean(path))
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err
		}
		return nil, err
	}
	defer func() { _ = f.Close() }()
	const most = 64 << 20
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a file")
	case info.Size() > most:
		return nil, errors.New("larger than 64 MiB")
	}
	data := make([]byte, info.Size())
	n, err := f.ReadAt(data, 0)
	if err != nil && int64(n) < info.Size() {
		return nil, err
	}
	return data, nil
}

// locate returns the path of a file from the campaign's folder, with slashes; false where
// it is not in or below that.
func locate(from, path, campaign string) (string, bool) {
	whole, err := filepath.Abs(filepath.Join(from, path))
	if err != nil {
		return "", false
	}
	base, err := filepath.Abs(campaign)
	if err != nil {
		return "", false
	}
	relative, err := filepath.Rel(base, whole)
	if err != nil || !filepath.IsLocal(relative) {
		return "", false
	}
	return filepath.ToSlash(relative), true
}
