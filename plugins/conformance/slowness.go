//go:build !race

package conformance

// slowness is how many times slower than usual everything may be.
const slowness = 1
