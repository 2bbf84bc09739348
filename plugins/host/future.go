package host

import "context"

// future is work that was begun once for everybody who needs its result.
type future[T any] struct {
	// done is closed when the result is there.
	done  chan struct{}
	value T
	err   error
}

// async begins work in the background.
func async[T any](work func() (T, error)) *future[T] {
	f := &future[T]{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.value, f.err = work()
	}()
	return f
}

// resolved is a future whose work has succeeded.
func resolved[T any](value T) *future[T] {
	f := &future[T]{done: make(chan struct{}), value: value}
	close(f.done)
	return f
}

// wait returns the result, or the context's error: a caller that gives up
// leaves the work to the others.
func (f *future[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// isDone reports whether the result is there.
func (f *future[T]) isDone() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}
