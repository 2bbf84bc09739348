package realtimetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Allowance is the rate limit of a [Server]. The zero value has no limit.
type Allowance struct {
	// RequestsPerMinute is the number of responses that may be requested in a
	// minute, spread evenly: at most a second's at once. Others fail with
	// rate_limit_exceeded. 0 means no limit.
	RequestsPerMinute int
	// Connections says that connections count as requests, too. Those above the
	// limit are answered with 429.
	Connections bool
	// TellsWhen says that a refusal says when to try again: a response in its
	// message, a connection in Retry-After, in whole seconds.
	TellsWhen bool
}

// allowance counts the requests to a server.
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

// takes reports whether a request is within the limit, and counts it.
func (a *allowance) takes() bool {
	if a.limiter.Allow() {
		return true
	}
	a.refused.Add(1)
	return false
}

// message is the text of a refusal.
func (a *allowance) message() string {
	message := fmt.Sprintf("Rate limit reached on requests per min (RPM): Limit %d.", a.RequestsPerMinute)
	if a.TellsWhen {
		next := time.Duration(float64(time.Second) / float64(a.limiter.Limit())).Round(time.Millisecond)
		message += fmt.Sprintf(" Please try again in %s.", next)
	}
	return message
}
