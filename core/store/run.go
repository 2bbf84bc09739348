package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Status is the state of a run.
type Status string

// The statuses of a run.
const (
	// Running: a process is carrying the run out.
	Running Status = "running"
	// Finished: every trial has an outcome.
	Finished Status = "finished"
	// Interrupted: the run was stopped by a request, by a signal, or by a bound
	// of its campaign's scope, which Run.Message names.
	Interrupted Status = "interrupted"
	// Failed: the run could not be carried out; Run.Message says why.
	Failed Status = "failed"
	// Abandoned: the process that carried the run out died, without a request
	// to stop. It is derived when the run is read, and never written.
	Abandoned Status = "abandoned"
)

// Run is one execution of a campaign.
type Run struct {
	// ID sorts by time, such as "20261123-203434-k3x9". CreateRun generates one
	// if it is empty.
	ID       string
	Campaign string
	// File and Source are the campaign file's name and contents.
	File          string
	Source        []byte
	Authorization string
	// Path is the file's absolute path.
	Path string
	// Files are the files that the campaign names. Reading a run leaves them
	// out; see [Reader.Files].
	Files []File
	// Trials is the number of the plan's trials, and Plan its fingerprint. It
	// is "" in runs of earlier versions that did not record it: they cannot be
	// resumed.
	Trials int
	Plan   string
	// Selection is the part of the campaign that the run holds; the zero value is the
	// whole campaign.
	Selection record.Selection
	// Version is the orchestrator's.
	Version string
	Plugins []Plugin
	Started time.Time
	// Values are what the campaign was given from outside of its file. There are
	// none in runs of earlier versions.
	Values []Value
	// Plain are the addresses that components spoke to in the clear. There are none
	// in runs of earlier versions.
	Plain []PlainAddress
	// Recorded says that each call of a component is recorded, and Components
	// are the descriptions of these components. Reading a run leaves them out;
	// see [Reader.Components].
	Recorded   bool
	Components record.Catalog
	// Origin is the run from whose record this one was made, and OriginKind
	// how; both are empty for any other run.
	Origin     string
	OriginKind OriginKind

	// Set by reading.

	Status Status
	// Message explains the status; it may be empty.
	Message string
	// Ended is zero while the run is running, and if it was abandoned.
	Ended time.Time
	// Outcomes counts the trials that have an outcome. The others, up to
	// Trials, were not begun or not completed.
	Outcomes map[core.Outcome]int
	// Sessions are the processes that carried the run out, in order. There are
	// none in runs of earlier versions that did not record them.
	Sessions []Session
}

// Plugin is a plugin that a run used.
type Plugin struct {
	Name, Version string
	// SHA256 is that of the program, in hexadecimal.
	SHA256 string
	// Trust says how the program was checked; "" in runs of earlier versions
	// that did not record it.
	Trust Trust
	// Permissions are those that the plugin declared, and Sandbox describes the
	// restrictions that were enforced.
	Permissions core.Permissions
	Sandbox     string
}

// Value is a parameter of a run's campaign, or a setting of one of its components
// that the environment gave.
type Value struct {
	// Definition is the component, such as target "agent"; "" for a parameter.
	Definition string
	// Name is that of the parameter, or the setting's path in with:.
	Name string
	// Value holds no secret: that of a secret is its reference.
	Value string
	// Source is "default", "--set" or the name of an environment variable.
	Source string
}

// String returns the value and its source in one line, for people.
func (v Value) String() string {
	value := phrase.Shorten(phrase.OneLine(v.Value), 120)
	if v.Value == "" {
		value = `""`
	}
	if v.Definition == "" {
		return fmt.Sprintf("parameter %s: %s (%s)", v.Name, value, v.Source)
	}
	return fmt.Sprintf("%s: %s %s (from %s)", v.Definition, v.Name, value, v.Source)
}

// PlainAddress is an address on another machine that a component spoke to without
// TLS.
type PlainAddress struct {
	// Definition is the component, such as target "agent".
	Definition string
	// Host is HOST:PORT.
	Host string
}

// Trust says how a plugin's program was checked before it was started.
type Trust string

// The ways in which a run comes to trust a plugin.
const (
	// Bundled: the plugin is the orchestrator itself.
	Bundled Trust = "bundled"
	// Companion: the program comes with the orchestrator, and its checksum is the
	// one that the orchestrator was built with.
	Companion Trust = "companion"
	// Locked: the program's checksum is that of the campaign's lock file.
	Locked Trust = "locked"
	// Unlocked: the program was not checked, because the user allowed it, or
	// because the orchestrator was built without the checksum of a companion.
	Unlocked Trust = "unlocked"
	// Attached: the user had started the program, and it was not checked.
	Attached Trust = "attached"
)

// OriginKind says how a run was made from the record of another.
type OriginKind string

// The ways in which runs are made from others.
const (
	// Replay: the other run's calls were replayed.
	Replay OriginKind = "replay"
	// Rescore: the conversations of the other run were judged again.
	Rescore OriginKind = "rescore"
)

// newID generates a run's ID for a time.
func newID(at time.Time) string {
	return at.UTC().Format("20060102-150405") + "-" + strings.ToLower(rand.Text()[:4])
}

// CreateRun begins a run and returns its Journal. The run's status is Running
// until [Journal.Finish], or until this process dies.
func (s *Store) CreateRun(ctx context.Context, r Run) (*Journal, error) {
	if r.ID == "" {
		r.ID = newID(r.Started)
	}
	lock, err := acquire(s.dir.running(r.ID))
	if err != nil {
		return nil, fmt.Errorf("beginning the run %s: %w", r.ID, err)
	}
	lock.sign()
	kept, err := s.artifacts.storeFiles(r.Files)
	if err == nil {
		err = s.writer.wait(ctx, func(w *writer) error { return insertRun(w, r, kept) })
	}
	if err != nil {
		lock.release()
		return nil, fmt.Errorf("beginning the run %s: %w", r.ID, err)
	}
	return s.register(&Journal{store: s, id: r.ID, lock: lock, attacks: map[string]bool{}, begun: map[string]int{}}), nil
}

// register adds an open Journal.
func (s *Store) register(j *Journal) *Journal {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journals[j] = true
	return j
}

func insertRun(w *writer, r Run, files []storedFile) error {
	selection, err := encodeSelection(r.Selection)
	if err != nil {
		return err
	}
	err = w.exec(`INSERT INTO runs (id, campaign, file, path, source, authorization_text, trials, plan, version, status, message, started_at, recorded, origin, origin_kind, selection)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', $11, $12, $13, $14, $15)`,
		r.ID, r.Campaign, r.File, r.Path, payload(r.Source), r.Authorization, r.Trials, r.Plan, r.Version, string(Running), r.Started.UnixNano(),
		flag(r.Recorded), r.Origin, string(r.OriginKind), selection)
	if err == nil {
		err = insertSession(w, r.ID, 0, Session{Version: r.Version, Started: r.Started})
	}
	for _, f := range files {
		if err == nil {
			err = w.exec(`INSERT INTO run_files (run_id, name, artifact) VALUES ($1, $2, $3)`, r.ID, f.name, f.contents)
		}
	}
	for i, p := range r.Plugins {
		if err == nil {
			err = insertPlugin(w, r.ID, i, p)
		}
	}
	for i, v := range r.Values {
		if err == nil {
			err = w.exec(`INSERT INTO run_values (run_id, ordinal, definition, name, value, source) VALUES ($1, $2, $3, $4, $5, $6)`,
				r.ID, i, v.Definition, v.Name, []byte(v.Value), v.Source)
		}
	}
	for i, a := range r.Plain {
		if err == nil {
			err = w.exec(`INSERT INTO run_plain (run_id, ordinal, definition, host) VALUES ($1, $2, $3, $4)`, r.ID, i, a.Definition, a.Host)
		}
	}
	if err == nil {
		err = insertComponents(w, r.ID, r.Components)
	}
	return err
}

// encodeSelection returns a selection as JSON; "" for the whole campaign.
func encodeSelection(s record.Selection) (string, error) {
	if s.IsWhole() {
		return "", nil
	}
	encoded, err := json.Marshal(s)
	return string(encoded), err
}

// values returns the values that a run's campaign was given.
func (r *Reader) values(ctx context.Context, run string) ([]Value, error) {
	if r.schema < schemaValues {
		return nil, nil
	}
	return collect(ctx, r.db, func(rows *sql.Rows) (v Value, err error) {
		var value []byte
		err = rows.Scan(&v.Definition, &v.Name, &value, &v.Source)
		v.Value = string(value)
		return v, err
	}, `SELECT definition, name, value, source FROM run_values WHERE run_id = $1 ORDER BY ordinal`, run)
}

// plain returns the addresses that a run's components spoke to in the clear.
func (r *Reader) plain(ctx context.Context, run string) ([]PlainAddress, error) {
	if r.schema < schemaPlain {
		return nil, nil
	}
	return collect(ctx, r.db, func(rows *sql.Rows) (a PlainAddress, err error) {
		return a, rows.Scan(&a.Definition, &a.Host)
	}, `SELECT definition, host FROM run_plain WHERE run_id = $1 ORDER BY ordinal`, run)
}

func insertPlugin(w *writer, run string, ordinal int, p Plugin) error {
	permissions, err := json.Marshal(p.Permissions)
	if err != nil {
		return fmt.Errorf("encoding the permissions of plugin %q: %w", p.Name, err)
	}
	return w.exec(`INSERT INTO run_plugins (run_id, ordinal, name, version, sha256, trust, permissions, sandbox) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		run, ordinal, p.Name, p.Version, p.SHA256, string(p.Trust), string(permissions), p.Sandbox)
}

func scanPlugin(rows *sql.Rows) (p Plugin, err error) {
	var permissions []byte
	if err := rows.Scan(&p.Name, &p.Version, &p.SHA256, &p.Trust, &permissions, &p.Sandbox); err != nil {
		return p, err
	}
	if err := json.Unmarshal(permissions, &p.Permissions); err != nil {
		return p, fmt.Errorf("the permissions of plugin %q: %w", p.Name, err)
	}
	return p, nil
}

// Runs returns every run, the latest first.
func (r *Reader) Runs(ctx context.Context) ([]Run, error) {
	runs, err := r.runs(ctx, "ORDER BY started_at DESC, id DESC")
	if err != nil {
		return nil, fmt.Errorf("reading the runs: %w", err)
	}
	return runs, nil
}

// latestRun means the run that was begun last.
const latestRun = "latest"

// Run returns a run by its ID, by a prefix of its ID that no other run has, or
// the latest one by "latest". It fails with [ErrNotFound] if there is none, and
// with [ErrAmbiguous] if the prefix matches several.
func (r *Reader) Run(ctx context.Context, id string) (Run, error) {
	var runs []Run
	var err error
	switch id {
	case "":
		return Run{}, fmt.Errorf("run %q: %w", id, ErrNotFound)
	case latestRun:
		runs, err = r.runs(ctx, "ORDER BY started_at DESC, id DESC LIMIT 1")
	default:
		runs, err = r.runs(ctx, "WHERE substr(id, 1, length($1)) = $1 ORDER BY id LIMIT 3", id)
	}
	if err != nil {
		return Run{}, fmt.Errorf("reading the run %q: %w", id, err)
	}
	switch {
	case len(runs) == 0:
		return Run{}, fmt.Errorf("run %q: %w", id, ErrNotFound)
	case len(runs) > 1 && runs[0].ID != id:
		return Run{}, fmt.Errorf("run %q: %w: %s, %s", id, ErrAmbiguous, runs[0].ID, runs[1].ID)
	}
	return runs[0], nil
}

// runs returns the runs that a clause selects.
func (r *Reader) runs(ctx context.Context, clause string, args ...any) ([]Run, error) {
	if r.db == nil {
		return nil, ErrClosed
	}
	found, err := collect(ctx, r.db, scanRun, `SELECT id, campaign, file, source, authorization_text, trials, `+r.since(schemaResume, "path, plan", "'', ''")+`, version, status, message, started_at, ended_at, `+
		r.since(schemaCalls, "recorded, origin, origin_kind", "0, '', ''")+`, `+r.since(schemaSelection, "selection", "''")+` FROM runs `+clause, args...)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if err := r.complete(ctx, &found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func scanRun(rows *sql.Rows) (Run, error) {
	var r Run
	var started int64
	var ended sql.NullInt64
	var selection string
	err := rows.Scan(&r.ID, &r.Campaign, &r.File, &r.Source, &r.Authorization, &r.Trials, &r.Path, &r.Plan, &r.Version, &r.Status, &r.Message, &started, &ended, &r.Recorded, &r.Origin, &r.OriginKind, &selection)
	r.Started = moment(started)
	if ended.Valid {
		r.Ended = moment(ended.Int64)
	}
	if err == nil && selection != "" {
		var read *record.Selection
		if read, err = decode[record.Selection](&selection); err == nil {
			r.Selection = *read
		}
	}
	return r, err
}

// complete adds what is stored in other tables and in the file system.
func (r *Reader) complete(ctx context.Context, run *Run) error {
	var err error
	run.Plugins, err = collect(ctx, r.db, scanPlugin,
		`SELECT name, version, sha256, `+r.since(schemaPlugins, `trust, permissions, sandbox`, `'', '{}', ''`)+
			` FROM run_plugins WHERE run_id = $1 ORDER BY ordinal`, run.ID)
	if err != nil {
		return err
	}
	if run.Values, err = r.values(ctx, run.ID); err != nil {
		return err
	}
	if run.Plain, err = r.plain(ctx, run.ID); err != nil {
		return err
	}
	if run.Sessions, err = r.sessions(ctx, run.ID); err != nil {
		return err
	}
	type count struct {
		outcome core.Outcome
		trials  int
	}
	counts, err := collect(ctx, r.db, func(rows *sql.Rows) (c count, err error) {
		return c, rows.Scan(&c.outcome, &c.trials)
	}, `SELECT outcome, count(*) FROM trials WHERE run_id = $1 AND outcome IS NOT NULL GROUP BY outcome`, run.ID)
	if err != nil {
		return err
	}
	run.Outcomes = map[core.Outcome]int{}
	for _, c := range counts {
		run.Outcomes[c.outcome] = c.trials
	}
	if run.Status != Running || held(r.dir.running(run.ID)) {
		return nil
	}
	// No process carries the run out. It may have finished just now: the status
	// is written before the lock is released.
	if err := r.db.QueryRowContext(ctx, `SELECT status FROM runs WHERE id = $1`, run.ID).Scan(&run.Status); err != nil {
		return err
	}
	if run.Status == Running {
		run.Status, run.Message = Abandoned, "the process that carried it out died"
		if by, ok, _ := r.dir.stopRequested(run.ID); ok {
			run.Status, run.Message = Interrupted, "stopped by "+by
		}
	}
	return nil
}

// finish writes how a run ended, and releases its lock.
func (s *Store) finish(j *Journal, status Status, message string, at time.Time) error {
	s.mu.Lock()
	open := s.journals[j]
	delete(s.journals, j)
	s.mu.Unlock()
	if !open {
		return ErrClosed
	}
	defer j.lock.release()
	err := s.writer.wait(context.Background(), func(w *writer) error {
		err := w.exec(`UPDATE runs SET status = $1, message = $2, ended_at = $3 WHERE id = $4`,
			string(status), message, at.UnixNano(), j.id)
		if err != nil {
			return err
		}
		return w.exec(`UPDATE sessions SET status = $1, ended_at = $2 WHERE run_id = $3 AND ordinal = $4`,
			string(status), at.UnixNano(), j.id, j.session)
	})
	if err != nil {
		return err
	}
	return errors.Join(s.dir.forgetStop(j.id), os.Remove(s.dir.running(j.id)))
}
