package core

import (
	"context"
	"math/rand/v2"
)

type seedKey struct{}

// WithSeed returns the context of a call whose random choices follow from a seed.
// Whoever calls a converter or scorer chooses it: in a run, from the campaign's
// seed, the trial, the turn and the component.
func WithSeed(ctx context.Context, seed uint64) context.Context {
	return context.WithValue(ctx, seedKey{}, seed)
}

// Seed returns what every random choice of a call of Convert or Score has to follow
// from, so that a run can be repeated. It is 0 where the caller chose none.
func Seed(ctx context.Context) uint64 {
	seed, _ := ctx.Value(seedKey{}).(uint64)
	return seed
}

// Rand returns a source of the random choices of a call of Convert or Score. It
// gives the same numbers for the same [Seed], each time that it is called. It must
// not be used concurrently.
func Rand(ctx context.Context) *rand.Rand {
	return rand.New(rand.NewPCG(Seed(ctx), 0)) //nolint:gosec // it has to be repeatable, and guards nothing
}
