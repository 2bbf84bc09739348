package fault

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// Kind is a kind of misbehaviour. "" is none.
type Kind = realtimetest.FaultKind

// The kinds that only servers of HTTP have.
const (
	// Refusal answers in the field that the protocol has for refusals.
	Refusal Kind = "refusal"
	// PromptFilter answers 400 content_filter, as Azure does for a message that its
	// filter stops.
	PromptFilter Kind = "prompt-filter"
)

// Kinds lists those that servers of HTTP have.
func Kinds() []Kind {
	return append(shared(), Refusal, PromptFilter)
}

// shared are the kinds of package realtimetest that servers of HTTP have, too.
func shared() []Kind {
	return []Kind{
		realtimetest.ConnectRateLimit, realtimetest.ConnectUnavailable, realtimetest.ConnectBusy, realtimetest.ConnectQuota,
		realtimetest.Forbidden, realtimetest.NotFound, realtimetest.RateLimit, realtimetest.Quota, realtimetest.ServerError,
		realtimetest.DropMidReply, realtimetest.NoDone, realtimetest.HalfReply, realtimetest.Silence,
		realtimetest.EmptyReply, realtimetest.ErrorEvent, realtimetest.ContentFilter, realtimetest.Truncated,
		realtimetest.MalformedFrame, realtimetest.UnknownEvents, realtimetest.SlowReply, realtimetest.SessionExpired,
	}
}

// All lists every kind, those of package realtimetest first.
func All() []Kind {
	return append(realtimetest.FaultKinds(), Refusal, PromptFilter)
}

// Parse reads a fault such as "silence" (every time) or "silence@2" (the second time
// only).
func Parse(s string) (realtimetest.Fault, error) {
	name, turn, numbered := strings.Cut(s, "@")
	f := realtimetest.Fault{Kind: Kind(name)}
	if !slices.Contains(All(), f.Kind) {
		names := make([]string, 0, len(All()))
		for _, kind := range All() {
			names = append(names, string(kind))
		}
		return f, fmt.Errorf("unknown fault %q: the faults are %s", name, strings.Join(names, ", "))
	}
	if !numbered {
		return f, nil
	}
	n, err := strconv.Atoi(turn)
	if err != nil || n < 1 {
		return f, fmt.Errorf("fault %q: after @ comes a number from 1 up, not %q", name, turn)
	}
	f.Turn = n
	return f, nil
}

// ForRealtime returns the faults that package realtimetest knows.
func ForRealtime(faults []realtimetest.Fault) []realtimetest.Fault {
	return slices.DeleteFunc(slices.Clone(faults), func(f realtimetest.Fault) bool {
		return !slices.Contains(realtimetest.FaultKinds(), f.Kind)
	})
}

// Plan says which fault comes next. Its methods may be called concurrently.
type Plan struct {
	faults []realtimetest.Fault

	mu sync.Mutex
	n  int
}

// NewPlan returns the plan of some faults; those that only package realtimetest knows
// never come.
func NewPlan(faults []realtimetest.Fault) *Plan {
	return &Plan{faults: slices.DeleteFunc(slices.Clone(faults), func(f realtimetest.Fault) bool {
		return !slices.Contains(Kinds(), f.Kind)
	})}
}

// Next counts a reply, and returns its fault, or "".
func (p *Plan) Next() Kind {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	for _, f := range p.faults {
		if f.Turn == 0 || f.Turn == p.n {
			return f.Kind
		}
	}
	return ""
}

// Replies returns the number of replies that were counted.
func (p *Plan) Replies() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// Status is the answer of a fault that refuses a request.
type Status struct {
	HTTP                int
	Type, Code, Message string
	// After is the Retry-After header, in seconds; "" for none.
	After string
}

// Refuses returns the answer of a fault that refuses a request as a whole.
func Refuses(kind Kind) (Status, bool) {
	const invalid = "invalid_request_error"
	limited := Status{http.StatusTooManyRequests, "requests", "rate_limit_exceeded", "Rate limit reached. Please try again in 2s.", "2"}
	broke := Status{http.StatusTooManyRequests, "insufficient_quota", "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.", ""}
	switch kind {
	case realtimetest.RateLimit, realtimetest.ConnectRateLimit:
		return limited, true
	case realtimetest.Quota, realtimetest.ConnectQuota:
		return broke, true
	case realtimetest.ServerError:
		return Status{http.StatusInternalServerError, "server_error", "server_error", "The server had an error while processing your request.", ""}, true
	case realtimetest.ConnectUnavailable:
		return Status{http.StatusServiceUnavailable, "server_error", "server_error", "The server is overloaded.", ""}, true
	case realtimetest.ConnectBusy:
		return Status{http.StatusServiceUnavailable, "server_error", "server_error", "The server is being deployed.", "2"}, true
	case realtimetest.Forbidden:
		return Status{http.StatusForbidden, invalid, "access_denied", "Your project does not have access to this model.", ""}, true
	case realtimetest.NotFound:
		return Status{http.StatusNotFound, invalid, "model_not_found", "The model does not exist or you do not have access to it.", ""}, true
	}
	return Status{}, false
}

// Limiter lets a number of requests a minute pass, spread evenly: at most a second's at
// once. 0 means no limit.
func Limiter(perMinute int) *rate.Limiter {
	if perMinute == 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(float64(perMinute)/60), max(1, perMinute/60))
}
