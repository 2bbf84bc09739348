package serving

import (
	"strconv"
	"sync"
)

// Table stores items by generated names. The zero value is ready for use. It is
// safe for concurrent use.
type Table[T any] struct {
	mu   sync.Mutex
	last uint64
	byID map[string]T
}

// Add adds an item and returns its name, which is unique in the table's life.
func (t *Table[T]) Add(item T) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID = map[string]T{}
	}
	t.last++
	id := strconv.FormatUint(t.last, 10)
	t.byID[id] = item
	return id
}

// Get returns the item of a name; false if there is none.
func (t *Table[T]) Get(id string) (T, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	item, ok := t.byID[id]
	return item, ok
}

// Remove removes an item from the table and returns it; false if there is none.
func (t *Table[T]) Remove(id string) (T, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	item, ok := t.byID[id]
	delete(t.byID, id)
	return item, ok
}

// Drain removes and returns all items, in no order.
func (t *Table[T]) Drain() []T {
	t.mu.Lock()
	defer t.mu.Unlock()
	items := make([]T, 0, len(t.byID))
	for _, item := range t.byID {
		items = append(items, item)
	}
	t.byID = nil
	return items
}
