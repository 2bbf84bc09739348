package cassette

import "sync"

// tracks are the records of the trials in progress. Each is read once, when its
// trial begins, and no other trial waits for it.
type tracks[T any] struct {
	read func(trialID string) (T, error)

	mu    sync.Mutex
	reads map[string]func() (T, error)
}

func newTracks[T any](read func(trialID string) (T, error)) *tracks[T] {
	return &tracks[T]{read: read, reads: map[string]func() (T, error){}}
}

// of returns the record of a trial. An error of reading it is kept until the
// trial ends.
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

// end drops the record of a trial.
func (ts *tracks[T]) end(trialID string) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.reads, trialID)
}
