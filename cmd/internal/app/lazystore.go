package app

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// lazyStore opens the store at its first use.
type lazyStore struct {
	open  func(context.Context) (*store.Store, error)
	store *store.Store // nil before that
}

func (l *lazyStore) get(ctx context.Context) (*store.Store, error) {
	if l.store != nil {
		return l.store, nil
	}
	var err error
	l.store, err = l.open(ctx)
	return l.store, err
}

func (l *lazyStore) close() error {
	if l.store == nil {
		return nil
	}
	return l.store.Close()
}
