package core

import (
	"math"
	"strconv"
	"time"
)

// ParseRetryAfter returns the wait that a service asks for with the HTTP header
// Retry-After: seconds, which may have a fraction, or a date by the service's own
// clock, which its header Date shows. A date that has passed and a negative number are
// a wait of 0; one of more than longest is cut to it. It returns false if value is
// neither, such as the "" of a header that is missing.
func ParseRetryAfter(value, date string, longest time.Duration) (time.Duration, bool) {
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && !math.IsNaN(seconds) && !math.IsInf(seconds, 0) {
		return time.Duration(min(max(seconds, 0), longest.Seconds()) * float64(time.Second)), true
	}
	at, ok := parseHTTPTime(value)
	if !ok {
		return 0, false
	}
	now, ok := parseHTTPTime(date)
	if !ok {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), longest), true
}

// parseHTTPTime reads a date of an HTTP header in each of the three formats that HTTP
// knows, as [net/http.ParseTime] does: most programs that import core have no other
// use for net/http.
func parseHTTPTime(s string) (time.Time, bool) {
	for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 GMT", time.RFC850, time.ANSIC} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
