package cassette

import "sync"

// tracks are what is recorded of each trial that is being held. It is read once for each
// trial, when that begins, and no other trial waits for it.
type tracks[T any] struct {
	read func(trialID string) (T, error)

	mu    sync.Mutex
	reads map[string]func() (T, error)
}

func newTracks[T any](read func(trialID string) (T, error)) *tracks[T] {
	return &tracks[T]{read: read, reads: map[string]func() (T, error){}}
}

// of returns what is recorded of a trial. An error of reading it stays until the trial
// is ended.
func (ts *tracks[T]) of(trialID string) (T, error) {
	ts.mu.Lock()
	read, begun := ts.reads[trialID]
	if !begun {
		read = sync.OnceValues(func() (T, error) { return ts.read(trialID) })
		ts.reads[trialID] = read
	}
	ts.mu.Unlock()
	return read()
}

// end forgets a trial.
func (ts *tracks[T]) end(trialID string) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.reads, trialID)
}
