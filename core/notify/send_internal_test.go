package notify

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfterIsSecondsOrADateByTheServicesClock(t *testing.T) {
	const now = "Mon, 23 Nov 2026 20:34:34 GMT"
	for value, want := range map[string]struct {
		pause time.Duration
		ok    bool
	}{
		"0":                             {0, true},
		"1":                             {time.Second, true},
		"-5":                            {0, true},
		"86400":                         {24 * time.Hour, true},
		"86401":                         {24 * time.Hour, true},
		"9223372036854775807":           {24 * time.Hour, true},
		"Mon, 23 Nov 2026 20:34:44 GMT": {10 * time.Second, true},
		"Mon, 23 Nov 2026 20:34:24 GMT": {0, true},
		"Mon, 30 Nov 2026 20:34:34 GMT": {24 * time.Hour, true},
		"1.5":                           {},
		"soon":                          {},
		"":                              {},
	} {
		pause, ok := retryAfter(http.Header{"Retry-After": {value}, "Date": {now}})
		if pause != want.pause || ok != want.ok {
			t.Errorf("%q: %s, %v; want %s, %v", value, pause, ok, want.pause, want.ok)
		}
	}
}
