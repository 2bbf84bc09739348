package host

import "context"

// future is work that is done once for all callers who need its result.
type future[T any] struct {
	// done is closed when the result is available.
	done  chan struct{}
	value T
	err   error
}

// async starts work in a goroutine.
func async[T any](work func() (T, error)) *future[T] {
	f := &future[T]{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.value, f.err = work()
	}()
	return f
}

// resolved is a future with a result.
func resolved[T any](value T) *future[T] {
	f := &future[T]{done: make(chan struct{}), value: value}
	close(f.done)
	return f
}

// wait returns the result, or the context's error. The work goes on for the
// other callers.
func (f *future[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// isDone reports whether the result is available.
func (f *future[T]) isDone() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}
