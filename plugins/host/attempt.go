package host

import "context"

// attempt is work that was begun once for everybody who needs its result.
type attempt[T any] struct {
	// done is closed when the result is there.
	done  chan struct{}
	value T
	err   error
}

// begin begins work in the background.
func begin[T any](work func() (T, error)) *attempt[T] {
	a := &attempt[T]{done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.value, a.err = work()
	}()
	return a
}

// settled is an attempt that has succeeded.
func settled[T any](value T) *attempt[T] {
	a := &attempt[T]{done: make(chan struct{}), value: value}
	close(a.done)
	return a
}

// wait returns the result, or the context's error: a caller that gives up
// leaves the attempt to the others.
func (a *attempt[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-a.done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// over reports whether the result is there.
func (a *attempt[T]) over() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}
