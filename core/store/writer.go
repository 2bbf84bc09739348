package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

// maxBatch bounds how many changes one transaction holds.
const maxBatch = 512

// change is one thing to write, with who waits for it.
type change struct {
	write func(w *writer) error
	// done, where not nil, gets the outcome once the change is durable. It
	// has room for it.
	done chan error
	// failed, where not nil, is told of a failure before anything that was
	// submitted later is written.
	failed func(error)
}

// writer is the only one that writes in this process. It commits together
// what many trials have to write at the same time: a commit costs the same,
// one write to the disk, for one turn as for a hundred. It never waits for
// more to come.
type writer struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	changes    chan change
	stopped    chan struct{}
	// ensure makes sure that an artifact which is referred to is there.
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

// submit hands a change over. Changes are written in the order in which they
// are submitted. ctx bounds the wait for room, which a disk that does not answer
// makes long; what has been handed over is written.
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

// wait submits a change and returns when it is durable.
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

// close writes what has been submitted and stops.
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

// gather takes what has been submitted while the last batch was written.
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

// commit writes a batch in one transaction, and returns what became of each
// change. A change that fails leaves nothing behind and is nobody else's business:
// many runs write to one store. Where the transaction fails, so do all of them.
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
		_ = w.exec("ROLLBACK") // the first error is the one that matters
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

// apply writes one change of a transaction. broken is why the transaction cannot go
// on, nil where it can, also after the change has failed.
func (w *writer) apply(c change) (failed, broken error) {
	if err := w.exec("SAVEPOINT change"); err != nil {
		return nil, err
	}
	if err := c.write(w); err != nil {
		if lost := w.exec("ROLLBACK TO change"); lost != nil {
			return nil, err // the database has given the whole transaction up
		}
		failed = fmt.Errorf("writing to the store: %w", err)
		if c.failed != nil {
			c.failed(failed)
		}
	}
	return failed, w.exec("RELEASE change")
}

// exec runs a statement, prepared once. Only the writer's own goroutine calls
// it. Nothing that has been begun is cut off by a cancelled context: the
// record of an interrupted run has to be as whole as any.
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
