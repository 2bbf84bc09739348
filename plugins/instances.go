package plugins

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/serving"
)

// instances are the components that the host has opened.
type instances struct {
	offer *offer
	host  hostClient
	open  serving.Table[*instance]
}

// instance is an opened component: value is its core.Target, core.Converter or
// core.Scorer.
type instance struct {
	value         any
	conversations serving.Table[*serving.Conversation]
	calls         serving.Calls
}

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
	return s.open.Add(opened), nil
}

// use returns an opened component for one call, and a function to call after
// it.
func use[T any](s *instances, name string) (T, *instance, func(), error) {
	var zero T
	i, ok := s.open.Get(name)
	if !ok || !i.calls.Enter() {
		return zero, nil, nil, core.Errorf(core.ErrorProtocol, "instance %q is not open", name)
	}
	value, ok := i.value.(T)
	if !ok {
		i.calls.Leave()
		return zero, nil, nil, core.Errorf(core.ErrorProtocol, "instance %q is of another kind", name)
	}
	return value, i, i.calls.Leave, nil
}

// remove closes an instance once its calls have ended. If the context ends
// first, closing continues in the background.
func (s *instances) remove(ctx context.Context, name string) error {
	i, ok := s.open.Remove(name)
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

// release refuses new calls, waits for those in progress, ends the
// conversations in parallel, and closes the component.
func (i *instance) release() error {
	i.calls.Refuse()
	i.calls.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	open := i.conversations.Drain()
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

// closeAll closes all instances in parallel, and waits for that, but no longer
// than timeout.
func (s *instances) closeAll(timeout time.Duration) {
	var closing sync.WaitGroup
	for _, i := range s.open.Drain() {
		closing.Go(func() { _ = i.release() }) // the process ends in any case
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
