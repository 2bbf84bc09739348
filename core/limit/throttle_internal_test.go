package limit

import (
	"testing"
	"time"

	"golang.org/x/time/rate"
)

func TestARateIsThatOfTheLastMinute(t *testing.T) {
	begun := time.Unix(1_790_000_000, 0)
	for name, test := range map[string]struct {
		at   time.Duration
		want rate.Limit
		over time.Duration
	}{
		"at once, over a second":                 {0, 30, time.Second},
		"half a minute later":                    {30 * time.Second, 1, 30 * time.Second},
		"at the end of the minute":               {59 * time.Second, 30. / 59, 59 * time.Second},
		"when the minute is over, nothing of it": {60 * time.Second, 0, time.Minute},
		"much later":                             {time.Hour + time.Second, 0, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			var m lastMinute
			m.add(begun, 30)
			got, over := m.rate(begun.Add(test.at))
			if got != test.want || over != test.over {
				t.Errorf("the rate is %v over %s, want %v over %s", got, over, test.want, test.over)
			}
		})
	}
}
