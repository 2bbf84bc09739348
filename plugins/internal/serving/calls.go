package serving

import "sync"

// Calls counts the calls in progress of something that can be closed. The zero
// value is ready for use. It is safe for concurrent use.
type Calls struct {
	mu         sync.Mutex
	refused    bool
	inProgress sync.WaitGroup
}

// Enter counts a call; the caller has to call Leave at its end. After Refuse it
// returns false and counts nothing.
func (c *Calls) Enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.refused {
		c.inProgress.Add(1)
	}
	return !c.refused
}

// Leave ends a call for which Enter returned true.
func (c *Calls) Leave() { c.inProgress.Done() }

// Refuse makes later calls of Enter return false.
func (c *Calls) Refuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = true
}

// Wait waits for the end of all counted calls. Call Refuse before.
func (c *Calls) Wait() { c.inProgress.Wait() }
