// Package limit enforces limits between the callers of a target and the target.
// A [Client] makes each request when the target's limits allow it, repeats it
// where that is safe, and adapts to how it ends. The number of requests in
// flight, pauses, the rates of requests and tokens, and the circuit breaker are
// shared by all callers of one target, because a service's limits apply to an
// account. A [Budget] enforces the bounds of a run's scope for all its clients.
//
// The clock is [time.Now] throughout.
package limit
