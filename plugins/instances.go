package plugins

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// instances are the components that the host has opened.
type instances struct {
	offer *offer
	host  hostClient
	open  table[*instance]
}

// instance is an opened component: value is its core.Target, core.Converter or
// core.Scorer.
type instance struct {
	value         any
	conversations table[*conversation]
	calls         sync.WaitGroup
}

// conversation is a conversation with a target. busy is held while one of its
// methods runs: the host may have given up on a Send that still runs here. ended
// belongs to whoever holds busy.
type conversation struct {
	core.Conversation
	busy  *semaphore.Weighted
	ended bool
}

// errEnded is what calls get that waited for the last one of a conversation.
var errEnded = core.Errorf(core.ErrorProtocol, "the conversation has ended")

func newInstances(o *offer) *instances { return &instances{offer: o} }

// add opens a component, which may use the targets, and returns the instance's
// name.
func (s *instances) add(ctx context.Context, kind core.Kind, name string, config []byte, targets core.Targets) (string, error) {
	component, err := s.offer.find(kind, name, config)
	if err != nil {
		return "", err
	}
	value, err := component.Using(targets).Open(ctx, config)
	if err != nil {
		return "", err
	}
	opened := &instance{value: value}
	if ctx.Err() != nil { // the caller has given up
		_ = opened.release()
		return "", ctx.Err()
	}
	return s.open.add(opened), nil
}

// use returns an opened component for one call, and what to do after the call.
func use[T any](s *instances, name string) (T, *instance, func(), error) {
	var zero T
	i, ok := s.open.get(name, func(i *instance) { i.calls.Add(1) })
	if !ok {
		return zero, nil, nil, core.Errorf(core.ErrorProtocol, "instance %q is not open", name)
	}
	value, ok := i.value.(T)
	if !ok {
		i.calls.Done()
		return zero, nil, nil, core.Errorf(core.ErrorProtocol, "instance %q is of another kind", name)
	}
	return value, i, i.calls.Done, nil
}

// remove closes an instance once its calls are over. When the context ends
// first, the closing goes on.
func (s *instances) remove(ctx context.Context, name string) error {
	i, ok := s.open.remove(name)
	if !ok {
		return nil
	}
	closed := make(chan error, 1)
	go func() { closed <- i.release() }()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return fmt.Errorf("closing the instance: %w", ctx.Err())
	}
}

// release waits for the calls, ends the conversations, side by side, and
// closes the component.
func (i *instance) release() error {
	i.calls.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	open := i.conversations.drain()
	errs := make([]error, len(open), len(open)+1)
	var ending sync.WaitGroup
	for n, c := range open {
		ending.Go(func() { errs[n] = guarded("ending a conversation", func() error { return c.End(ctx) }) })
	}
	ending.Wait()
	if closer, ok := i.value.(io.Closer); ok {
		errs = append(errs, guarded("closing", closer.Close))
	}
	return errors.Join(errs...)
}

// closeAll closes everything that is open, side by side, and waits until it is
// done, but no longer than timeout.
func (s *instances) closeAll(timeout time.Duration) {
	var closing sync.WaitGroup
	for _, i := range s.open.drain() {
		closing.Go(func() { _ = i.release() }) // the process ends, whatever it returns
	}
	done := make(chan struct{})
	go func() {
		closing.Wait()
		close(done)
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// acquire waits for the conversation's last call to end. It fails with errEnded
// where that has ended the conversation.
func (c *conversation) acquire(ctx context.Context) error {
	if err := c.busy.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for the call before to end: %w", err)
	}
	if c.ended {
		c.busy.Release(1)
		return errEnded
	}
	return nil
}

// table gives names to things. The zero value is ready for use.
type table[T any] struct {
	mu   sync.Mutex
	last uint64
	byID map[string]T
}

func (t *table[T]) add(item T) string {
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

// get returns an item. Where mark is not nil it is called with the item before
// another goroutine can remove it, with the table locked.
func (t *table[T]) get(id string, mark func(T)) (T, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	item, ok := t.byID[id]
	if ok && mark != nil {
		mark(item)
	}
	return item, ok
}

func (t *table[T]) remove(id string) (T, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	item, ok := t.byID[id]
	delete(t.byID, id)
	return item, ok
}

func (t *table[T]) drain() []T {
	t.mu.Lock()
	defer t.mu.Unlock()
	items := make([]T, 0, len(t.byID))
	for _, item := range t.byID {
		items = append(items, item)
	}
	t.byID = nil
	return items
}
