package speech

import (
	"container/list"
	"context"
	"crypto/sha256"
	"sync"
)

// cacheLimit is how many bytes of results one instance keeps: 20 minutes of
// speech at 16 kHz.
const cacheLimit = 40 << 20

// cache remembers results by the content they were made of, and has equal
// requests wait for one piece of work. Failures are not remembered.
type cache struct {
	limit int // bytes; the results used last are kept

	mu      sync.Mutex
	entries map[[sha256.Size]byte]*entry
	recent  *list.List // of finished entries, used last first
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

// get returns what work makes of the content, or has made of it before. The
// work goes on as long as anybody waits for it.
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
		return // given up in the meantime
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

// leave gives up waiting, and the work with it if nobody else waits.
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

// wait returns when no work is going on any more.
func (c *cache) wait() { c.working.Wait() }
