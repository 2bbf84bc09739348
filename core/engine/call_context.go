package engine

import "context"

// The context of a helper's call says for which component call it is made,
// because the helper's record, usage and seed belong to that call. A component
// is opened once for all trials, with the helpers that its configuration names,
// and works for many trials at a time; the engine calls the interfaces that it
// implements ([core.Converter], [core.Scorer]), which have no parameter for
// helpers. The context identifies the call, in the component's process and in
// this one: [core.Model] requires the call's context. This is the only value
// that the engine puts into a context.

// callKey is the context key of a [componentCall].
type callKey struct{}

// withCall returns a context that carries a component's call.
func withCall(ctx context.Context, call *componentCall) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

// callOf returns the component's call that a context carries.
func callOf(ctx context.Context) (*componentCall, bool) {
	call, ok := ctx.Value(callKey{}).(*componentCall)
	return call, ok
}
