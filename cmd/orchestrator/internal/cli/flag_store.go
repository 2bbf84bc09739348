package cli

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// storeFlag is the --store flag of every command that reads or writes runs.
type storeFlag struct {
	dir      string
	standard string
}

func (f *storeFlag) register(cmd *cobra.Command, env Env) {
	if dir, ok := env.LookupEnv("ORCHESTRATOR_STORE"); ok && dir != "" {
		f.standard = dir
	} else if env.DataDir != "" {
		f.standard = filepath.Join(env.DataDir, "runs")
	}
	cmd.Flags().StringVar(&f.dir, "store", f.standard, "`folder` where runs are kept")
}

// read opens the store for reading, calls do with it, and closes it again.
func (f *storeFlag) read(ctx context.Context, do func(*store.Reader) error) error {
	return withStore(ctx, f, store.OpenReader, do)
}

// use opens the store, calls do with it, and closes it again.
func (f *storeFlag) use(ctx context.Context, do func(*store.Store) error) error {
	return withStore(ctx, f, store.Open, do)
}

// open opens the store, as [store.Open] does.
func (f *storeFlag) open(ctx context.Context) (*store.Store, error) {
	return openStore(ctx, f, store.Open)
}

func openStore[S any](ctx context.Context, f *storeFlag, open func(context.Context, string) (S, error)) (none S, err error) {
	if f.dir == "" {
		return none, usagef("no folder for runs: give --store")
	}
	s, err := open(ctx, f.dir)
	if errors.Is(err, store.ErrNoStore) {
		return none, usagef("%w", err).withHint("orchestrator run makes a store; --store names another one")
	}
	return s, err
}

func withStore[S io.Closer](ctx context.Context, f *storeFlag, open func(context.Context, string) (S, error), do func(S) error) (err error) {
	s, err := openStore(ctx, f, open)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return do(s)
}

// flag returns the flag for use in another command.
func (f *storeFlag) flag() string {
	if f.dir == f.standard {
		return ""
	}
	return " --store " + f.dir
}
