package session

import "testing"

func TestAProcessLivesAsLongAsOneOfItsThreads(t *testing.T) {
	for name, test := range map[string]struct {
		stat string
		want bool
	}{
		"one that waits":                    {"42 (a) S 1 42 42 0 -1 4227084 190 0 0 0 0 0 0 0 20 0 1 0 168", true},
		"one of another session":            {"42 (a) S 1 42 41 0 -1 4227084 190 0 0 0 0 0 0 0 20 0 1 0 168", false},
		"one that is dead":                  {"42 (a) Z 1 42 42 0 -1 4227084 190 0 0 0 0 0 0 0 20 0 1 0 168", false},
		"one whose first thread has ended":  {"42 (a) Z 1 42 42 0 -1 4227084 190 0 0 0 0 0 0 0 20 0 2 0 168", true},
		"one whose name looks like numbers": {"42 (a) Z 1 42 42) S 1 42 42 0 -1 4227084 190 0 0 0 0 0 0 0 20 0 1 0 168", true},
		"a line that is cut short":          {"42 (a) S 1 42 42", false},
	} {
		if got := livesIn([]byte(test.stat), 42); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
