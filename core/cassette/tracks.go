package cassette

import "sync"

// tracks are the records of the attempts at trials that are in progress. Each is read
// once, when the attempt begins, and no other trial waits for it.
type tracks[T any] struct {
	// read reads the record of the n-th attempt at a trial that ended, from 0.
	read func(trialID string, n int) (T, error)

	mu    sync.Mutex
	reads map[string]func() (T, error)
	// ended counts the attempts at each trial that have ended.
	ended map[string]int
}

func newTracks[T any](read func(trialID string, n int) (T, error)) *tracks[T] {
	return &tracks[T]{read: read, reads: map[string]func() (T, error){}, ended: map[string]int{}}
}

// of returns the record of the present attempt at a trial. An error of reading it is
// kept until the attempt ends.
func (ts *tracks[T]) of(trialID string) (T, error) {
	ts.mu.Lock()
	read, begun := ts.reads[trialID]
	if !begun {
		n := ts.ended[trialID]
		read = sync.OnceValues(func() (T, error) { return ts.read(trialID, n) })
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
	ts.ended[trialID]++
}
