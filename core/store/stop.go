package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// ErrNotRunning says that no process carries the run out.
var ErrNotRunning = errors.New("no process is carrying the run out")

// RequestStop asks the process that carries a run out to stop it, with a reason
// that may be empty. It does not wait for that; the request remains until the
// run has ended. It fails with [ErrNotRunning] where there is no such process.
// The store may be opened for reading only.
func (r *Reader) RequestStop(run, reason string) error {
	err := r.dir.whileCarried(run, func() error { return request(r.dir.stop(run), reason) })
	if err != nil {
		return fmt.Errorf("stopping the run %s: %w", run, err)
	}
	return nil
}

// whileCarried makes a request while a process carries the run out. A request
// must not remain for a later process.
func (d directory) whileCarried(run string, request func() error) error {
	if !held(d.running(run)) {
		return ErrNotRunning
	}
	err := request()
	if !held(d.running(run)) {
		return errors.Join(ErrNotRunning, d.forgetStop(run))
	}
	return err
}

// request creates a stop file. An error in writing the reason is ignored,
// because the file's existence is the request.
func request(path, reason string) error {
	if err := writeDurably(path, []byte(reason)); err == nil {
		return nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// Carrier identifies the process that carries a run out, or is about to resume
// it, such as "4711 on host.example"; it may be "" where that is not known. ok
// is false where there is none.
func (r *Reader) Carrier(run string) (process string, ok bool) {
	path := r.dir.running(run)
	if !held(path) {
		return "", false
	}
	data, _ := os.ReadFile(path) // the file may be unreadable; the lock decides
	return strings.TrimSpace(string(data)), true
}

// StopRequested reports whether a stop of the run was requested. by describes
// the request, with its reason if it has one and that can be read. Where it cannot be known
// whether there is a request, ok is false, and err says why.
func (j *Journal) StopRequested() (by string, ok bool, err error) {
	return j.store.dir.stopRequested(j.id)
}

// Removed reports whether the run's lock file was removed, as with its store: a run that
// is carried out has one. A folder that is renamed loses nothing. Where it cannot be
// known, it is false.
func (j *Journal) Removed() bool {
	info, err := j.lock.file.Stat()
	if err != nil {
		return false
	}
	links, ok := info.Sys().(*syscall.Stat_t)
	return ok && links.Nlink == 0
}

func (d directory) stopRequested(run string) (by string, ok bool, err error) {
	path := d.stop(run)
	if _, err := os.Lstat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return "", false, err
	}
	by = "orchestrator stop"
	if reason, _ := os.ReadFile(path); len(reason) > 0 { // the file is the request
		by += ": " + string(reason)
	}
	return by, true, nil
}

// settle records the stop of a run whose process died before it could. The
// caller has to hold the run's lock.
func (s *Store) settle(ctx context.Context, run string) error {
	by, ok, err := s.dir.stopRequested(run)
	if err != nil || !ok {
		return err
	}
	err = s.writer.wait(ctx, func(w *writer) error {
		return w.exec(`UPDATE runs SET status = $1, message = $2 WHERE id = $3 AND status = $4`,
			string(Interrupted), "stopped by "+by, run, string(Running))
	})
	if err != nil {
		return err
	}
	return s.dir.forgetStop(run)
}

// forgetStop removes a request that was carried out.
func (d directory) forgetStop(run string) error {
	if err := os.Remove(d.stop(run)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
