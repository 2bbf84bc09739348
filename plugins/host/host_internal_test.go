package host

import (
	"testing"
	"time"
)

func TestWhatIsNotSetHasADefaultAndWhatIsSetStays(t *testing.T) {
	const second = time.Second
	for _, test := range []struct{ given, want [5]time.Duration }{
		{[5]time.Duration{}, [5]time.Duration{30 * second, 250 * time.Millisecond, 10 * second, 5 * second, 15 * second}},
		{[5]time.Duration{1, 2, 3, 4, 5}, [5]time.Duration{1, 2, 3, 4, 5}},
	} {
		g := test.given
		o := Options{StartTimeout: g[0], RestartPause: g[1], ProvenAfter: g[2], HeartbeatEvery: g[3], HeartbeatTimeout: g[4]}.withDefaults()
		if got := [5]time.Duration{o.StartTimeout, o.RestartPause, o.ProvenAfter, o.HeartbeatEvery, o.HeartbeatTimeout}; got != test.want {
			t.Errorf("given %v: %v, want %v", test.given, got, test.want)
		}
		if o.Log == nil {
			t.Error("there is no log")
		}
	}
}
