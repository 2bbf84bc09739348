package limit

import (
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// events tells what happens to one target, in the order in which it was added. What
// is added under a lock is told after that was given back: whoever is told may take
// as long as it likes, and may call the client.
type events struct {
	tell func(record.Event) // nil tells nobody

	mu      sync.Mutex
	waiting []record.Event
	// telling says that a goroutine is telling. It goes on with what is added
	// meanwhile.
	telling bool
	closed  bool
	idle    *sync.Cond // signalled when telling ends
}

func newEvents(tell func(record.Event)) *events {
	e := &events{tell: tell}
	e.idle = sync.NewCond(&e.mu)
	return e
}

// add keeps an event until the next flush.
func (e *events) add(event record.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tell != nil && !e.closed {
		e.waiting = append(e.waiting, event)
	}
}

// flush tells what was added, unless another goroutine is telling, which goes on with
// it. The caller holds no lock and no place. A panic of tell goes on to the caller; what
// was added after that event waits for the next flush.
func (e *events) flush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.telling {
		return
	}
	e.telling = true
	defer func() {
		e.telling = false
		e.idle.Broadcast()
	}()
	for len(e.waiting) > 0 {
		next := e.waiting[0]
		e.waiting = e.waiting[1:]
		e.tellUnlocked(next)
	}
}

// tellUnlocked tells an event without the lock, which the caller holds before and after,
// also after a panic of tell.
func (e *events) tellUnlocked(event record.Event) {
	e.mu.Unlock()
	defer e.mu.Lock()
	e.tell(event)
}

// close tells what was added, waits until it was told, and takes no more.
func (e *events) close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.flush()
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.telling {
		e.idle.Wait()
	}
}
