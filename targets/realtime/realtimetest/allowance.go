package realtimetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Allowance is what a [Server] bears. The zero value bears everything.
type Allowance struct {
	// RequestsPerMinute is how many responses may be asked for in a minute, spread
	// over it: at most a second's at once. Others fail with rate_limit_exceeded.
	// 0 stands for any number.
	RequestsPerMinute int
	// Connections says that connections count as requests, too: those above it are
	// answered with 429.
	Connections bool
	// TellsWhen says that a refusal tells when to try again: a response in its
	// message, a connection with Retry-After, in whole seconds.
	TellsWhen bool
}

// allowance counts what a server is asked for.
type allowance struct {
	Allowance
	limiter *rate.Limiter
	refused atomic.Int64
}

func newAllowance(a Allowance) *allowance {
	limit := rate.Inf
	if a.RequestsPerMinute > 0 {
		limit = rate.Limit(float64(a.RequestsPerMinute) / 60)
	}
	return &allowance{Allowance: a, limiter: rate.NewLimiter(limit, max(1, a.RequestsPerMinute/60))}
}

// takes reports whether there is room for a request.
func (a *allowance) takes() bool {
	if a.limiter.Allow() {
		return true
	}
	a.refused.Add(1)
	return false
}

// message tells a client that there is none.
func (a *allowance) message() string {
	message := fmt.Sprintf("Rate limit reached on requests per min (RPM): Limit %d.", a.RequestsPerMinute)
	if a.TellsWhen {
		next := time.Duration(float64(time.Second) / float64(a.limiter.Limit())).Round(time.Millisecond)
		message += fmt.Sprintf(" Please try again in %s.", next)
	}
	return message
}
