package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

// maxBatch is the largest number of changes in one transaction.
const maxBatch = 512

// change is one change to the database.
type change struct {
	write func(w *writer) error
	// done, where not nil, receives the result once the change is durable. It
	// is buffered.
	done chan error
	// failed, where not nil, is called with an error before any later change is
	// written.
	failed func(error)
}

// writer is the only writer of the process. It commits the pending changes of
// all trials together: a commit costs one write to the disk for one turn or for
// a hundred. It does not wait for more changes.
type writer struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	changes    chan change
	stopped    chan struct{}
	// ensure makes sure that an artifact exists before a reference to it is
	// written.
	ensure func(artifact) error

	mu     sync.RWMutex
	closed bool
}

func newWriter(ctx context.Context, db *sql.DB, ensure func(artifact) error) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		conn:       conn,
		statements: map[string]*sql.Stmt{},
		changes:    make(chan change, maxBatch),
		stopped:    make(chan struct{}),
		ensure:     ensure,
	}
	go w.run()
	return w, nil
}

// submit queues a change. Changes are written in the order in which they are
// submitted. ctx bounds the wait for a place in the queue, which is long when
// the disk is slow; a queued change is written in any case.
func (w *writer) submit(ctx context.Context, c change) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case w.changes <- c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait submits a change and returns when it is durable. A context that is cancelled before
// the change was handed over ends the wait; later the change may still be made, so that
// wait returns only with its result.
func (w *writer) wait(ctx context.Context, write func(w *writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	if err := w.submit(ctx, change{write: write, done: done}); err != nil {
		return err
	}
	return <-done
}

// close writes the queued changes and stops.
func (w *writer) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	close(w.changes)
	w.mu.Unlock()
	<-w.stopped
	for _, s := range w.statements {
		_ = s.Close()
	}
	return w.conn.Close()
}

func (w *writer) run() {
	defer close(w.stopped)
	for first := range w.changes {
		batch := w.gather(first)
		errs := w.commit(batch)
		for i, c := range batch {
			if c.done != nil {
				c.done <- errs[i]
			}
		}
	}
}

// gather takes the changes that were queued while the last batch was written.
func (w *writer) gather(first change) []change {
	batch := []change{first}
	for len(batch) < maxBatch {
		select {
		case c, ok := <-w.changes:
			if !ok {
				return batch
			}
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// commit writes a batch in one transaction, and returns the result of each
// change. A change that fails is rolled back by itself and does not affect the
// others, which may belong to other runs. Where the transaction fails, so do
// all of them.
func (w *writer) commit(batch []change) []error {
	errs := make([]error, len(batch))
	err := w.exec(beginWriting)
	for i, c := range batch {
		if err == nil {
			errs[i], err = w.apply(c)
		}
	}
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		_ = w.exec("ROLLBACK") // the first error is the cause
		err = fmt.Errorf("writing to the store: %w", err)
	}
	for i, c := range batch {
		if errs[i] != nil || err == nil {
			continue
		}
		errs[i] = err
		if c.failed != nil {
			c.failed(err)
		}
	}
	return errs
}

// apply writes one change of a transaction. broken is an error of the whole
// transaction; it is nil where the change alone has failed.
func (w *writer) apply(c change) (failed, broken error) {
	if err := w.exec("SAVEPOINT change"); err != nil {
		return nil, err
	}
	if err := c.write(w); err != nil {
		if lost := w.exec("ROLLBACK TO change"); lost != nil {
			return nil, err // SQLite has rolled the whole transaction back
		}
		failed = fmt.Errorf("writing to the store: %w", err)
		if c.failed != nil {
			c.failed(failed)
		}
	}
	return failed, w.exec("RELEASE change")
}

// exec runs a statement, prepared once. Only the writer's own goroutine calls
// it. It has no cancellable context: the record of an interrupted run has to be
// complete, too.
func (w *writer) exec(query string, args ...any) error {
	ctx := context.Background()
	for _, arg := range args {
		if a, ok := arg.(artifact); ok {
			if err := w.ensure(a); err != nil {
				return err
			}
		}
	}
	statement, ok := w.statements[query]
	if !ok {
		var err error
		if statement, err = w.conn.PrepareContext(ctx, query); err != nil {
			return err
		}
		w.statements[query] = statement
	}
	_, err := statement.ExecContext(ctx, args...)
	return err
}
