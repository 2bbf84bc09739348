package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// ErrRunning says that a process is carrying the run out.
var ErrRunning = errors.New("another process is carrying the run out")

// ErrFinished says that every trial of a run has an outcome.
var ErrFinished = errors.New("the run is finished")

// ErrNotResumable says that a run was recorded without its plan and files: by
// an earlier version, or because they contain a secret.
var ErrNotResumable = errors.New("the record has no plan and no files: an earlier version made it, or there was a secret in the campaign's files")

// Session is the time in which one process carried a run out.
type Session struct {
	// Version is the orchestrator's.
	Version string
	// Allowed describes the differences from the record that the user allowed.
	Allowed []string
	// Again are the outcomes of the trials that were held again; none for a process
	// that held only trials without an outcome.
	Again   []core.Outcome
	Started time.Time

	// Set by reading. Ended is zero and Status empty while the process carries
	// the run out, and if it died.

	Ended  time.Time
	Status Status
}

// Claim is the exclusive right of one process to resume a stopped run.
type Claim struct {
	// Run is the record of the run.
	Run Run
	// Outcomes are those of the trials that have one, by trial ID.
	Outcomes map[string]core.Outcome
	// Attempts are those at the trials that can be held: without an outcome, or with
	// one of those that the Claim was made for.
	Attempts map[string]record.Attempts

	store *Store
	lock  *lock
	// again are the outcomes of the trials that can be held again.
	again []core.Outcome
	// connections is the ordinal of the next one.
	connections int
	resumed     bool
}

// Claim takes the right to resume a run, and to hold the trials again that have one of
// the outcomes again. id is as in [Reader.Run]. It fails with [ErrRunning],
// [ErrNotResumable], or, where no outcome is given, [ErrFinished], where the run cannot
// be resumed. The Claim has to be released.
func (s *Store) Claim(ctx context.Context, id string, again ...core.Outcome) (*Claim, error) {
	run, err := s.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	c := &Claim{store: s, again: again}
	if c.lock, err = tryAcquire(s.dir.running(run.ID)); err == nil && c.lock == nil {
		err = ErrRunning
	}
	if err != nil {
		return nil, fmt.Errorf("resuming the run %s: %w", run.ID, err)
	}
	c.lock.sign()
	if err = s.settle(ctx, run.ID); err == nil {
		err = c.read(ctx, run.ID)
	}
	if err != nil {
		c.Release()
		return nil, fmt.Errorf("resuming the run %s: %w", run.ID, err)
	}
	return c, nil
}

// read reads the record again; it no longer changes.
func (c *Claim) read(ctx context.Context, id string) (err error) {
	if c.Run, err = c.store.Run(ctx, id); err != nil {
		return err
	}
	switch {
	case c.Run.Status == Finished && len(c.again) == 0:
		return ErrFinished
	case c.Run.Plan == "":
		return ErrNotResumable
	case c.Run.Status == Running: // as a process that holds the lock is told
		c.Run.Status = Abandoned
	}
	c.Outcomes, c.Attempts = map[string]core.Outcome{}, map[string]record.Attempts{}
	_, err = collect(ctx, c.store.db, func(rows *sql.Rows) (struct{}, error) {
		var trial string
		var outcome core.Outcome
		var attempt, last, held int
		err := rows.Scan(&trial, &outcome, &attempt, &last, &held)
		if outcome != "" {
			c.Outcomes[trial] = outcome
		}
		if outcome == "" || slices.Contains(c.again, outcome) {
			c.Attempts[trial] = attemptsAt(attempt, outcome != "", last, held)
		}
		return struct{}{}, err
	}, `SELECT t.id, coalesce(t.outcome, ''), t.attempt, `+c.store.attemptsOf()+` FROM trials t WHERE t.run_id = $1`, id)
	if err != nil {
		return err
	}
	return c.store.db.QueryRowContext(ctx, `SELECT coalesce(max(ordinal) + 1, 0) FROM connections WHERE run_id = $1`, id).Scan(&c.connections)
}

// Resume resumes the run: its status is Running again until [Journal.Finish],
// or until this process dies. It is called once. The record of a trial without
// an outcome becomes an earlier attempt when the trial is begun again.
func (c *Claim) Resume(ctx context.Context, session Session) (*Journal, error) {
	id, ordinal := c.Run.ID, len(c.Run.Sessions)
	unended := map[string]int{}
	for trial, attempts := range c.Attempts {
		if attempts.Held == 0 {
			unended[trial] = attempts.Begun
		}
	}
	err := c.store.writer.wait(ctx, func(w *writer) error {
		if err := w.exec(`UPDATE runs SET status = $1, message = '', ended_at = NULL WHERE id = $2`, string(Running), id); err != nil {
			return err
		}
		return insertSession(w, id, ordinal, session)
	})
	if err != nil {
		return nil, fmt.Errorf("resuming the run %s: %w", id, err)
	}
	c.resumed = true
	return c.store.register(&Journal{
		store: c.store, id: id, lock: c.lock, attacks: map[string]bool{},
		connections: c.connections, session: ordinal, earlier: unended, begun: map[string]int{},
	}), nil
}

// Release releases the claim, unless the run was resumed: then its Journal
// does.
func (c *Claim) Release() {
	if c.resumed {
		return
	}
	_ = os.Remove(c.store.dir.running(c.Run.ID)) // an empty file that remains has no effect
	c.lock.release()
}

// File is a file that a run's campaign names.
type File struct {
	// Name is relative to the campaign's folder, with "/".
	Name string
	Data []byte
}

// Files returns the files that a run's campaign names, in the order of their
// names. It fails where one is missing or damaged.
func (r *Reader) Files(ctx context.Context, runID string) ([]File, error) {
	if r.schema < schemaResume {
		return nil, nil
	}
	files, err := collect(ctx, r.db, func(rows *sql.Rows) (f File, err error) {
		var sum string
		if err := rows.Scan(&f.Name, &sum); err != nil {
			return f, err
		}
		f.Data, err = r.Artifact(ctx, sum)
		return f, err
	}, `SELECT name, artifact FROM run_files WHERE run_id = $1 ORDER BY name`, runID)
	if err != nil {
		return nil, fmt.Errorf("reading the files of run %s: %w", runID, err)
	}
	return files, nil
}

// storedFile is a file whose contents are on the disk.
type storedFile struct {
	name     string
	contents artifact
}

func (a *artifacts) storeFiles(files []File) ([]storedFile, error) {
	kept := make([]storedFile, len(files))
	for i, f := range files {
		contents, err := a.keep(f.Data)
		if err != nil {
			return nil, err
		}
		kept[i] = storedFile{f.Name, contents}
	}
	return kept, nil
}

func insertSession(w *writer, run string, ordinal int, s Session) error {
	var allowed *[]string
	if len(s.Allowed) > 0 {
		allowed = &s.Allowed
	}
	encoded, err := encode("changes", allowed)
	if err != nil {
		return err
	}
	var again *[]core.Outcome
	if len(s.Again) > 0 {
		again = &s.Again
	}
	held, err := encode("outcomes", again)
	if err != nil {
		return err
	}
	return w.exec(`INSERT INTO sessions (run_id, ordinal, version, allowed, again, started_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		run, ordinal, s.Version, encoded, held, s.Started.UnixNano())
}

func (r *Reader) sessions(ctx context.Context, run string) ([]Session, error) {
	if r.schema < schemaResume {
		return nil, nil
	}
	return collect(ctx, r.db, scanSession, `SELECT version, allowed, `+r.since(schemaAttempts, "again", "NULL")+`, started_at, ended_at, coalesce(status, '') FROM sessions WHERE run_id = $1 ORDER BY ordinal`, run)
}

func scanSession(rows *sql.Rows) (Session, error) {
	var s Session
	var allowed, again *string
	var started int64
	var ended sql.NullInt64
	if err := rows.Scan(&s.Version, &allowed, &again, &started, &ended, &s.Status); err != nil {
		return s, err
	}
	s.Started = moment(started)
	if ended.Valid {
		s.Ended = moment(ended.Int64)
	}
	changes, err := decode[[]string](allowed)
	if err != nil {
		return s, err
	}
	if changes != nil {
		s.Allowed = *changes
	}
	held, err := decode[[]core.Outcome](again)
	if held != nil {
		s.Again = *held
	}
	return s, err
}
