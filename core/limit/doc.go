// Package limit stands between the callers of a target and the target. A [Client]
// makes each request when the target's limits allow it, makes it again where that is
// safe, and learns from how it ends: how many are answered at a time, pauses, the rate
// of requests and tokens, and whether the target is down hold for all callers of one
// target together, because a limit belongs to an account. A [Budget] holds all clients
// of a run to the bounds of its scope.
//
// The clock is [time.Now] throughout.
package limit
