package ratelimit_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/ratelimit"
)

func TestLimitsAreReadFromTheHeadersOfEachProvider(t *testing.T) {
	for name, test := range map[string]struct {
		header map[string]string
		want   []core.RateLimit
	}{
		"none": {nil, nil},
		"OpenAI": {map[string]string{
			"X-Ratelimit-Limit-Requests": "500", "X-Ratelimit-Remaining-Requests": "499", "X-Ratelimit-Reset-Requests": "120ms",
			"X-Ratelimit-Limit-Tokens": "30000", "X-Ratelimit-Remaining-Tokens": "0", "X-Ratelimit-Reset-Tokens": "6m0s",
		}, []core.RateLimit{
			{Name: "requests", Limit: 500, Remaining: 499, Reset: 120 * time.Millisecond}, {Name: "tokens", Limit: 30000, Reset: 6 * time.Minute},
		}},
		"Azure":            {map[string]string{"X-Ratelimit-Remaining-Requests": "9"}, []core.RateLimit{{Name: "requests", Remaining: 9}}},
		"a limit alone":    {map[string]string{"X-Ratelimit-Limit-Requests": "9"}, nil},
		"an odd remainder": {map[string]string{"X-Ratelimit-Remaining-Requests": "many"}, nil},
		"Anthropic": {map[string]string{
			"Date": "Tue, 01 Dec 2026 10:00:00 GMT", "Anthropic-Ratelimit-Input-Tokens-Limit": "10", "Anthropic-Ratelimit-Input-Tokens-Remaining": "3",
			"Anthropic-Ratelimit-Input-Tokens-Reset": "2026-12-01T10:00:30Z", "Anthropic-Organization-Id": "x",
		}, []core.RateLimit{{Name: "input-tokens", Limit: 10, Remaining: 3, Reset: 30 * time.Second}}},
	} {
		header := http.Header{}
		for key, value := range test.header {
			header.Set(key, value)
		}
		if diff := cmp.Diff(test.want, ratelimit.Read(header)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTimesUntilALimitIsAsItWas(t *testing.T) {
	const date = "Tue, 01 Dec 2026 10:00:00 GMT" // 1796119200
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "NaN": 0, "-5": 0, "-5s": 0, "20ms": 20 * time.Millisecond, "1m26.4s": 86400 * time.Millisecond,
		"7": 7 * time.Second, "1.5": 1500 * time.Millisecond, "1e12": 24 * time.Hour, "99999h": 24 * time.Hour,
		"2026-12-01T10:01:00Z": time.Minute, "2026-12-01T09:00:00Z": 0, "1796119210": 10 * time.Second, "1796119210500": 10500 * time.Millisecond,
	} {
		if got := ratelimit.Reset(value, date); got != want {
			t.Errorf("%q is %s, want %s", value, got, want)
		}
	}
}

func TestTheWaitIsThatOfTheLastLimitOfWhichNothingRemains(t *testing.T) {
	limit := func(remaining int64, reset time.Duration) core.RateLimit {
		return core.RateLimit{Limit: 9, Remaining: remaining, Reset: reset}
	}
	for want, limits := range map[time.Duration][]core.RateLimit{
		0: {limit(1, time.Hour)}, time.Minute: {limit(0, time.Second), limit(0, time.Minute), limit(3, time.Hour), limit(0, 0)},
	} {
		if got := ratelimit.Wait(limits); got != want {
			t.Errorf("%v ask to wait %s, want %s", limits, got, want)
		}
	}
	if ratelimit.Wait(nil) != 0 {
		t.Error("no limits ask to wait")
	}
}

func TestARefusalWaitsForTheLimitsWhereItDoesNotSayHowLong(t *testing.T) {
	limits := []core.RateLimit{{Name: "requests", Remaining: 0, Reset: time.Hour}}
	refused := func(kind core.ErrorKind, after time.Duration) *core.Error {
		return core.Errorf(kind, "no").After(after)
	}
	for name, test := range map[string]struct {
		err  *core.Error
		want time.Duration
	}{
		"a limit":               {refused(core.ErrorRateLimited, 0), 10 * time.Minute},
		"a limit with a wait":   {refused(core.ErrorRateLimited, time.Second), time.Second},
		"a service that failed": {refused(core.ErrorUnavailable, 0), 0},
	} {
		if got := core.RetryAfterOf(ratelimit.Refused(test.err, limits)); got != test.want {
			t.Errorf("%s: it waits %s, want %s", name, got, test.want)
		}
	}
}
