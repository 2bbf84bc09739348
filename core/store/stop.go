package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// ErrNotRunning says that no process carries the run out.
var ErrNotRunning = errors.New("no process is carrying the run out")

// RequestStop asks the process that carries a run out to stop it, and may say why.
// It does not wait for that; the request stands until the run has ended. It fails
// with [ErrNotRunning] where there is no such process. The store may be open for
// reading only.
func (r *Reader) RequestStop(run, reason string) error {
	err := r.dir.whileCarried(run, func() error { return request(r.dir.stop(run), reason) })
	if err != nil {
		return fmt.Errorf("stopping the run %s: %w", run, err)
	}
	return nil
}

// whileCarried makes a request, which must not be left for who carries the run out
// another time.
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

// request makes a stop file. That it is there matters more than what it says.
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

// Carrier names the process that carries a run out, or is about to resume it, such
// as "4711 on host.example"; it may be "" where it could not say so. ok is false
// where there is none.
func (r *Reader) Carrier(run string) (process string, ok bool) {
	path := r.dir.running(run)
	if !held(path) {
		return "", false
	}
	data, _ := os.ReadFile(path) // whoever is not named carries it out all the same
	return strings.TrimSpace(string(data)), true
}

// StopRequested reports whether somebody wants the run to be stopped, and by what
// it is then, in words.
func (j *Journal) StopRequested() (by string, ok bool) { return j.store.dir.stopRequested(j.id) }

func (d directory) stopRequested(run string) (by string, ok bool) {
	reason, err := os.ReadFile(d.stop(run))
	by = "orchestrator stop"
	if len(reason) > 0 {
		by += ": " + string(reason)
	}
	return by, !errors.Is(err, fs.ErrNotExist)
}

// settle writes down that a run was to be stopped whose process died before it
// could. Only who holds the run's lock may call it.
func (s *Store) settle(ctx context.Context, run string) error {
	by, ok := s.dir.stopRequested(run)
	if !ok {
		return nil
	}
	err := s.writer.wait(ctx, func(w *writer) error {
		return w.exec(`UPDATE runs SET status = $1, message = $2 WHERE id = $3 AND status = $4`,
			string(Interrupted), "stopped by "+by, run, string(Running))
	})
	if err != nil {
		return err
	}
	return s.dir.forgetStop(run)
}

// forgetStop removes a request that has been met.
func (d directory) forgetStop(run string) error {
	if err := os.Remove(d.stop(run)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
