// Package ratelimit reads what the headers of a response say of the provider's
// limits.
package ratelimit

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// longest bounds the time until a limit is as it was.
const longest = 24 * time.Hour

// Read returns the limits of the headers x-ratelimit-{limit,remaining,reset}-NAME
// (OpenAI, Azure, vLLM's and LiteLLM's gateways, Groq) and
// anthropic-ratelimit-NAME-{limit,remaining,reset}, by their names. A limit without
// what remains of it is left out: unknown is not 0.
func Read(header http.Header) []core.RateLimit {
	var all []core.RateLimit
	for key := range header {
		key = strings.ToLower(key)
		var name, limit, reset string
		if rest, ok := strings.CutPrefix(key, "x-ratelimit-remaining-"); ok {
			name, limit, reset = rest, "x-ratelimit-limit-"+rest, "x-ratelimit-reset-"+rest
		} else if rest, ok := strings.CutPrefix(key, "anthropic-ratelimit-"); ok {
			if name, ok = strings.CutSuffix(rest, "-remaining"); !ok {
				continue
			}
			limit, reset = "anthropic-ratelimit-"+name+"-limit", "anthropic-ratelimit-"+name+"-reset"
		} else {
			continue
		}
		remaining, err := strconv.ParseInt(header.Get(key), 10, 64)
		if err != nil || remaining < 0 {
			continue
		}
		most, _ := strconv.ParseInt(header.Get(limit), 10, 64)
		all = append(all, core.RateLimit{Name: name, Limit: max(most, 0), Remaining: remaining, Reset: Reset(header.Get(reset), header.Get("Date"))})
	}
	slices.SortFunc(all, func(a, b core.RateLimit) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Refused adds to the error of a refusal for a limit's sake how long to wait, where the
// service says it in the headers of its limits only.
func Refused(err *core.Error, limits []core.RateLimit) *core.Error {
	if err.Kind != core.ErrorRateLimited || err.RetryAfter > 0 {
		return err
	}
	return access.ComeBack(err, min(Wait(limits), access.MaxRetryAfter))
}

// Reset reads the time until a limit is as it was: a duration such as 6m0s or 20ms,
// seconds, or a date (RFC 3339, or seconds or milliseconds since 1970) by the clock of
// the header Date. It is 0 if it is none of them.
func Reset(value, date string) time.Duration {
	if d, err := time.ParseDuration(value); err == nil {
		return min(max(d, 0), longest)
	}
	if at, err := time.Parse(time.RFC3339, value); err == nil {
		return min(max(at.Sub(now(date)), 0), longest)
	}
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || !(seconds > 0) {
		return 0
	}
	if seconds > epoch {
		return min(max(at(seconds).Sub(now(date)), 0), longest)
	}
	return time.Duration(min(seconds, longest.Seconds()) * float64(time.Second))
}

// Wait is how long it takes until every limit of which nothing remains is as it was; 0
// where the headers do not say.
func Wait(limits []core.RateLimit) time.Duration {
	var wait time.Duration
	for _, l := range limits {
		if l.Remaining == 0 {
			wait = max(wait, l.Reset)
		}
	}
	return wait
}

// epoch is where numbers of seconds are dates.
const epoch = 1e9

// at is a date in seconds, or in milliseconds, since 1970.
func at(seconds float64) time.Time {
	if seconds > epoch*1e3 {
		seconds /= 1e3
	}
	return time.UnixMilli(int64(min(seconds, epoch*1e3) * 1e3))
}

// now is the time by the service's clock, or by ours.
func now(date string) time.Time {
	t, err := http.ParseTime(date)
	if err != nil {
		return time.Now()
	}
	return t
}
