package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
)

// NewRunID generates the ID of a run that begins at a time.
func NewRunID(at time.Time) string { return newID(at) }

// Schedules reads a store's schedules.
type Schedules struct{ reader *Reader }

// Schedules gives read access to the schedules.
func (r *Reader) Schedules() Schedules { return Schedules{r} }

// ScheduleStore stores schedules. It implements [schedule.Store].
type ScheduleStore struct {
	Schedules
	writer *writer
}

var _ schedule.Store = ScheduleStore{}

// Schedules gives write access to the schedules.
func (s *Store) Schedules() ScheduleStore { return ScheduleStore{s.Reader.Schedules(), s.writer} }

// All returns the state of every schedule, by name.
func (s Schedules) All(ctx context.Context) ([]schedule.State, error) {
	if s.reader.db == nil {
		return nil, ErrClosed
	}
	if s.reader.schema < schemaSchedules {
		return nil, nil
	}
	found, err := s.schedules(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("reading the schedules: %w", err)
	}
	return found, nil
}

// Schedule implements [schedule.Store].
func (s Schedules) Schedule(ctx context.Context, name string) (schedule.State, error) {
	if s.reader.db == nil {
		return schedule.State{}, ErrClosed
	}
	found, err := s.schedules(ctx, "WHERE name = $1", name)
	if err != nil {
		return schedule.State{}, fmt.Errorf("reading the schedule %s: %w", name, err)
	}
	if len(found) == 0 {
		return schedule.State{Name: name}, nil
	}
	return found[0], nil
}

func (s Schedules) schedules(ctx context.Context, clause string, args ...any) ([]schedule.State, error) {
	found, err := collect(ctx, s.reader.db, scanSchedule, `SELECT name, file, cron, zone, overlap_policy, catchup_window, jitter, pause_on_failure,
		considered_at, alive_at, served, paused_at, paused_why, `+s.reader.since(schemaLacks, "lacks", "''")+` FROM schedules `+clause+` ORDER BY name`, args...)
	for i := range found {
		if err == nil {
			found[i].Open, err = s.fires(ctx, `WHERE schedule = $1 AND f.status IN ('requested', 'buffered', 'started') ORDER BY due_at`, found[i].Name)
		}
	}
	return found, err
}

func scanSchedule(rows *sql.Rows) (schedule.State, error) {
	var k schedule.State
	var cron, zone, why string
	var considered, alive int64
	var paused sql.NullInt64
	spec := &k.Spec
	err := rows.Scan(&k.Name, &k.File, &cron, &zone, &spec.Overlap, &spec.Catchup, &spec.Jitter, &spec.PauseOnFailure,
		&considered, &alive, &k.Served, &paused, &why, &k.Lacks)
	if err != nil {
		return k, err
	}
	k.LastEvaluated, k.Alive = moment(considered), moment(alive)
	if paused.Valid {
		k.Pause = &schedule.Pause{Since: moment(paused.Int64), Why: why}
	}
	if spec.Cron, err = schedule.ParseCron(cron); err == nil {
		spec.Zone, err = time.LoadLocation(zone)
	}
	return k, err
}

// Fires returns the last fires of a schedule, the latest first.
func (s Schedules) Fires(ctx context.Context, name string, most int) ([]schedule.Fire, error) {
	if s.reader.db == nil {
		return nil, ErrClosed
	}
	if s.reader.schema < schemaSchedules {
		return nil, nil
	}
	found, err := s.fires(ctx, `WHERE schedule = $1 ORDER BY due_at DESC LIMIT $2`, name, most)
	if err != nil {
		return nil, fmt.Errorf("reading the fires of the schedule %s: %w", name, err)
	}
	return found, nil
}

func (s Schedules) fires(ctx context.Context, clause string, args ...any) ([]schedule.Fire, error) {
	found, err := collect(ctx, s.reader.db, func(rows *sql.Rows) (f schedule.Fire, err error) {
		var due, decided int64
		var begun sql.NullInt64
		err = rows.Scan(&due, &f.Manual, &f.Status, &f.Why, &f.Run, &decided, &f.Outcome, &begun, &f.Finished)
		f.Due, f.Decided = moment(due), moment(decided)
		if begun.Valid {
			f.Begun = moment(begun.Int64)
		}
		return f, err
	}, `SELECT f.due_at, f.manual, f.status, f.why, f.run_id, f.decided_at, f.outcome, r.started_at, coalesce(r.status = 'finished', 0)
		FROM fires f LEFT JOIN runs r ON r.id = f.run_id `+clause, args...)
	if err != nil {
		return nil, err
	}
	for i := range found {
		f := &found[i]
		if f.Status != schedule.Started || f.Begun.IsZero() || f.Finished {
			continue
		}
		run, err := s.reader.Run(ctx, f.Run)
		if err != nil {
			return nil, err
		}
		if run.Status == Interrupted { // by a signal: there is no message
			f.Stopped = run.Message
		}
	}
	return found, nil
}

// PreviousRun implements [schedule.Store].
func (s Schedules) PreviousRun(ctx context.Context, name, run string) (string, error) {
	if s.reader.db == nil {
		return "", ErrClosed
	}
	var previous string
	err := s.reader.db.QueryRowContext(ctx, `SELECT f.run_id FROM fires f JOIN runs r ON r.id = f.run_id
		WHERE f.schedule = $1 AND r.status = 'finished' AND f.due_at < (SELECT due_at FROM fires WHERE schedule = $1 AND run_id = $2)
		ORDER BY f.due_at DESC LIMIT 1`, name, run).Scan(&previous)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("reading the runs of the schedule %s: %w", name, err)
	}
	return previous, nil
}

// SaveSchedule implements [schedule.Store].
func (s ScheduleStore) SaveSchedule(ctx context.Context, c schedule.Change) error {
	return s.writeSchedule(ctx, c.Name, func(w *writer) error {
		spec := c.Spec
		err := w.exec(`INSERT INTO schedules (name, file, cron, zone, overlap_policy, catchup_window, jitter, pause_on_failure, considered_at, alive_at, served)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)
			ON CONFLICT (name) DO UPDATE SET file = $2, cron = $3, zone = $4, overlap_policy = $5, catchup_window = $6, jitter = $7, pause_on_failure = $8,
				considered_at = $9, alive_at = $10, served = 1`,
			c.Name, c.File, spec.Cron.String(), spec.Zone.String(), string(spec.Overlap), int64(spec.Catchup), int64(spec.Jitter), spec.PauseOnFailure,
			c.LastEvaluated.UnixNano(), c.Alive.UnixNano())
		for _, f := range c.Fires {
			if err == nil {
				err = keepFire(w, c.Name, f)
			}
		}
		if err == nil && c.Pause != nil {
			err = pauseSchedule(w, c.Name, *c.Pause)
		}
		return err
	})
}

func keepFire(w *writer, name string, f schedule.Fire) error {
	return w.exec(`INSERT INTO fires (schedule, due_at, manual, status, why, run_id, decided_at, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (schedule, due_at) DO UPDATE SET status = $4, why = $5, run_id = $6, decided_at = $7, outcome = $8`,
		name, f.Due.UnixNano(), f.Manual, string(f.Status), f.Why, f.Run, f.Decided.UnixNano(), string(f.Outcome))
}

func pauseSchedule(w *writer, name string, p schedule.Pause) error {
	return w.exec(`UPDATE schedules SET paused_at = $1, paused_why = $2 WHERE name = $3`, p.Since.UnixNano(), p.Why, name)
}

// PauseSchedule pauses a schedule until [ScheduleStore.ResumeSchedule]: only
// runs on request begin.
func (s ScheduleStore) PauseSchedule(ctx context.Context, name string, p schedule.Pause) error {
	return s.writeSchedule(ctx, name, func(w *writer) error { return pauseSchedule(w, name, p) })
}

// ResumeSchedule ends a schedule's pause.
func (s ScheduleStore) ResumeSchedule(ctx context.Context, name string) error {
	return s.writeSchedule(ctx, name, func(w *writer) error {
		return w.exec(`UPDATE schedules SET paused_at = NULL, paused_why = '' WHERE name = $1`, name)
	})
}

// RequestRun requests a run of a schedule, which the scheduler begins as soon
// as the overlap policy allows it.
func (s ScheduleStore) RequestRun(ctx context.Context, name string, at time.Time) error {
	return s.writeSchedule(ctx, name, func(w *writer) error {
		return keepFire(w, name, schedule.Fire{Due: at, Manual: true, Status: schedule.Requested, Decided: at})
	})
}

// RecordLacks records what the runs of a schedule lack on the machine of its scheduler, a
// line each; "" for nothing.
func (s ScheduleStore) RecordLacks(ctx context.Context, name, lacks string) error {
	return s.writeSchedule(ctx, name, func(w *writer) error {
		return w.exec(`UPDATE schedules SET lacks = $1 WHERE name = $2`, lacks, name)
	})
}

// ServeSchedules records the schedules of a scheduler that begins.
func (s ScheduleStore) ServeSchedules(ctx context.Context, names []string) error {
	return s.writeSchedule(ctx, strings.Join(names, ", "), func(w *writer) error {
		err := w.exec(`UPDATE schedules SET served = 0`)
		for _, name := range names {
			if err == nil {
				err = w.exec(`UPDATE schedules SET served = 1 WHERE name = $1`, name)
			}
		}
		return err
	})
}

func (s ScheduleStore) writeSchedule(ctx context.Context, name string, write func(*writer) error) error {
	if err := s.writer.wait(ctx, write); err != nil {
		return fmt.Errorf("keeping the schedule %s: %w", name, err)
	}
	return nil
}

// LeadScheduling makes this process the store's scheduler. It returns a
// function that ends that, or nil where another process is the scheduler. It
// also ends with the process.
func (s ScheduleStore) LeadScheduling() (release func(), err error) {
	lock, err := tryAcquire(s.reader.dir.path(schedulerLock))
	if err != nil || lock == nil {
		return nil, err
	}
	return lock.release, nil
}

// Scheduling reports whether a process is the store's scheduler.
func (s Schedules) Scheduling() bool { return held(s.reader.dir.path(schedulerLock)) }
