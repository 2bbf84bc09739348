package core_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func ExampleParseRetryAfter() {
	wait, ok := core.ParseRetryAfter("Mon, 23 Nov 2026 10:01:30 GMT", "Mon, 23 Nov 2026 10:00:00 GMT", time.Hour)
	fmt.Println(wait, ok)
	// Output: 1m30s true
}

func TestRetryAfterIsSecondsOrADateByTheServicesClock(t *testing.T) {
	const date, longest = "Mon, 23 Nov 2026 20:34:34 GMT", 24 * time.Hour
	for value, want := range map[string]struct {
		wait time.Duration
		ok   bool
	}{
		"0":                              {0, true},
		"1":                              {time.Second, true},
		"0.5":                            {500 * time.Millisecond, true},
		"-5":                             {0, true},
		"86400":                          {longest, true},
		"86401":                          {longest, true},
		"9223372036854775807":            {longest, true},
		"1e300":                          {longest, true},
		"-1e300":                         {0, true},
		"Mon, 23 Nov 2026 20:34:44 GMT":  {10 * time.Second, true},
		"Monday, 23-Nov-26 20:34:44 GMT": {10 * time.Second, true},
		"Mon Nov 23 20:34:44 2026":       {10 * time.Second, true},
		"Mon, 23 Nov 2026 20:34:24 GMT":  {0, true},
		"Mon, 30 Nov 2026 20:34:34 GMT":  {longest, true},
		"NaN":                            {},
		"Inf":                            {},
		"-Inf":                           {},
		"1e400":                          {},
		"soon":                           {},
		"":                               {},
	} {
		wait, ok := core.ParseRetryAfter(value, date, longest)
		if wait != want.wait || ok != want.ok {
			t.Errorf("%q: %s, %v; want %s, %v", value, wait, ok, want.wait, want.ok)
		}
	}
}

func TestRetryAfterIsADateByOurClockWhereTheServiceShowsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, date := range []string{"", "soon"} {
			value := time.Now().Add(time.Minute).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
			if wait, ok := core.ParseRetryAfter(value, date, time.Hour); wait != time.Minute || !ok {
				t.Errorf("with the date %q: %s, %v", date, wait, ok)
			}
		}
	})
}
