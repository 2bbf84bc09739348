package cli

import (
	"context"
	"errors"
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
func (f *storeFlag) read(ctx context.Context, do func(*store.Store) error) error {
	return f.with(ctx, store.OpenReader, do)
}

// use opens the store, calls do with it, and closes it again.
func (f *storeFlag) use(ctx context.Context, do func(*store.Store) error) error {
	return f.with(ctx, store.Open, do)
}

// open opens the store, as [store.Open] does.
func (f *storeFlag) open(ctx context.Context) (*store.Store, error) { return f.openAs(ctx, store.Open) }

func (f *storeFlag) openAs(ctx context.Context, open func(context.Context, string) (*store.Store, error)) (*store.Store, error) {
	if f.dir == "" {
		return nil, usagef("no folder for runs: give --store")
	}
	s, err := open(ctx, f.dir)
	if errors.Is(err, store.ErrNoStore) {
		return nil, usagef("%w", err).withHint("orchestrator run makes a store; --store names another one")
	}
	return s, err
}

func (f *storeFlag) with(ctx context.Context, open func(context.Context, string) (*store.Store, error), do func(*store.Store) error) (err error) {
	s, err := f.openAs(ctx, open)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return do(s)
}

// flag returns the flag as it has to be repeated for another command.
func (f *storeFlag) flag() string {
	if f.dir == f.standard {
		return ""
	}
	return " --store " + f.dir
}
