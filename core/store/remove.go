package store

import (
	"context"
	"fmt"
	"os"
	"slices"
)

// Remove removes the record of a run. Artifacts without another reference are
// kept until [Store.CollectGarbage]. id is as in [Reader.Run]. It fails with
// [ErrRunning] where a process is carrying the run out.
func (s *Store) Remove(ctx context.Context, id string) error {
	run, err := s.Run(ctx, id)
	if err != nil {
		return err
	}
	lock, err := tryAcquire(s.dir.running(run.ID))
	if err == nil && lock == nil {
		err = ErrRunning
	}
	if err != nil {
		return fmt.Errorf("removing the run %s: %w", run.ID, err)
	}
	defer lock.release()
	err = s.writer.wait(ctx, func(w *writer) error {
		tables := runTables()
		slices.Reverse(tables) // tables with references to others come first
		for _, t := range tables {
			if err := w.exec("DELETE FROM "+t.name+" WHERE "+t.run+" = $1", run.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = os.Remove(s.dir.running(run.ID))
	}
	if err != nil {
		return fmt.Errorf("removing the run %s: %w", run.ID, err)
	}
	return nil
}
