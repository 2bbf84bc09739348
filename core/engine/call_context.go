package engine

import "context"

// A helper has to know on whose behalf it is asked: whose record, usage and seed its
// answer is. A component is opened once for all trials, with the helpers that its
// configuration names, and works for many trials at a time; what it implements
// ([core.Converter], [core.Scorer]) is what the engine calls, so that a call has no
// parameter for helpers. What tells one call from another is its context, in the
// component's process and in this one: [core.Model] asks for a context of the call's.
// This is the only value that the engine puts into a context.

// callKey is the key of a [componentCall] in a context.
type callKey struct{}

// withCall returns a context that belongs to a call of a component.
func withCall(ctx context.Context, call *componentCall) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

// callOf returns the call of a component that a context belongs to.
func callOf(ctx context.Context) (*componentCall, bool) {
	call, ok := ctx.Value(callKey{}).(*componentCall)
	return call, ok
}
