package speech

import (
	"container/list"
	"context"
	"crypto/sha256"
	"sync"
)

// cacheLimit is the size in bytes of the results that one instance keeps: 20
// minutes of speech at 16 kHz.
const cacheLimit = 40 << 20

// cache keeps results by the SHA-256 of the content that they were made from.
// Concurrent requests for the same content share one call. Failures are not kept.
type cache struct {
	limit int // in bytes; the least recently used results are removed first

	mu      sync.Mutex
	entries map[[sha256.Size]byte]*entry
	recent  *list.List // of finished entries, most recently used first
	size    int
	working sync.WaitGroup
}

// entry is a result, or the work on it.
type entry struct {
	key     [sha256.Size]byte
	done    chan struct{} // closed when data and err are set
	data    []byte
	err     error
	waiting int
	cancel  context.CancelFunc
	place   *list.Element // in recent; nil while the work goes on
}

func newCache(limit int) *cache {
	return &cache{limit: limit, entries: map[[sha256.Size]byte]*entry{}, recent: list.New()}
}

// get returns the result of work for the content, from the cache if it is there.
// The context of work is cancelled when no caller waits for its result any more.
func (c *cache) get(ctx context.Context, content []byte, work func(context.Context) ([]byte, error)) ([]byte, error) {
	e := c.join(ctx, sha256.Sum256(content), work)
	select {
	case <-e.done:
		return e.data, e.err
	case <-ctx.Done():
		c.leave(e)
		return nil, context.Cause(ctx)
	}
}

// join returns the entry for a key, and starts the work if there is none.
func (c *cache) join(ctx context.Context, key [sha256.Size]byte, work func(context.Context) ([]byte, error)) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil {
		e.waiting++
		if e.place != nil {
			c.recent.MoveToFront(e.place)
		}
		return e
	}
	shared, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e := &entry{key: key, done: make(chan struct{}), waiting: 1, cancel: cancel}
	c.entries[key] = e
	c.working.Go(func() {
		defer cancel()
		data, err := work(shared)
		c.finish(e, data, err)
	})
	return e
}

func (c *cache) finish(e *entry, data []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.data, e.err = data, err
	close(e.done)
	if c.entries[e.key] != e {
		return // every caller has stopped waiting
	}
	if err != nil || len(data) > c.limit {
		delete(c.entries, e.key)
		return
	}
	e.place = c.recent.PushFront(e)
	for c.size += len(data); c.size > c.limit; {
		oldest := c.recent.Remove(c.recent.Back()).(*entry)
		c.size -= len(oldest.data)
		delete(c.entries, oldest.key)
	}
}

// leave ends one caller's wait. If it was the last one, the work is cancelled.
func (c *cache) leave(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.waiting--
	if e.waiting == 0 && e.place == nil {
		e.cancel()
		if c.entries[e.key] == e {
			delete(c.entries, e.key)
		}
	}
}

// wait returns when all work has ended.
func (c *cache) wait() { c.working.Wait() }
