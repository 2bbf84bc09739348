package limit

import (
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// events delivers the events of one target in the order in which they were
// added. An event that is added under a lock is delivered after the lock was
// released: the callback may block, and may call the client.
type events struct {
	tell func(record.Event) // may be nil

	mu      sync.Mutex
	waiting []record.Event
	// telling says that a goroutine is delivering events. It delivers those
	// that are added meanwhile, too.
	telling bool
	closed  bool
	idle    *sync.Cond // signalled when delivery ends
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

// flush delivers the events that were added, unless another goroutine is doing
// so. The caller holds no lock and no place. A panic of tell is passed on to
// the caller; the events after that one wait for the next flush.
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

// tellUnlocked delivers an event without the lock, which the caller holds
// before and after, also after a panic of tell.
func (e *events) tellUnlocked(event record.Event) {
	e.mu.Unlock()
	defer e.mu.Lock()
	e.tell(event)
}

// close delivers the remaining events, waits for their delivery, and drops
// later ones.
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
