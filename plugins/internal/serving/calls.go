package serving

import "sync"

// Calls counts the calls in progress of something that is closed some day. The zero
// value is ready for use. Its methods may be called concurrently.
type Calls struct {
	mu         sync.Mutex
	refused    bool
	inProgress sync.WaitGroup
}

// Enter counts a call, which Leave ends. It returns false, and counts nothing, after
// Refuse.
func (c *Calls) Enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.refused {
		c.inProgress.Add(1)
	}
	return !c.refused
}

// Leave ends a call that has entered.
func (c *Calls) Leave() { c.inProgress.Done() }

// Refuse lets no call enter any more.
func (c *Calls) Refuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = true
}

// Wait waits until the calls that have entered have left. Refuse comes before.
func (c *Calls) Wait() { c.inProgress.Wait() }
