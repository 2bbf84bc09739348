package bounded_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/bounded"
)

func TestATailKeepsTheLastBytes(t *testing.T) {
	tail := bounded.NewTail(6)
	for _, step := range []struct{ write, kept string }{
		{"", ""}, {"abc", "abc"}, {"def", "abcdef"}, {"g\n", "cdefg"}, {"0123456789", "456789"}, {" \n", "6789"}, {"é", "89 \n\u00e9"},
	} {
		if n, err := tail.Write([]byte(step.write)); n != len(step.write) || err != nil {
			t.Errorf("Write(%q) = %d, %v", step.write, n, err)
		}
		if got := tail.Text(); got != step.kept {
			t.Errorf("after %q it is %q, want %q", step.write, got, step.kept)
		}
	}
	if _, err := tail.Write([]byte("12345é")); err != nil || !strings.HasPrefix(tail.Text(), "2345") {
		t.Errorf("%q, %v", tail.Text(), err)
	}
}

func TestATailSaysWhetherItHasLostItsBeginning(t *testing.T) {
	for _, step := range []struct {
		writes []string
		cut    bool
	}{
		{nil, false},
		{[]string{"abcdef"}, false},
		{[]string{"abc", "def"}, false},
		{[]string{"abc", "defg"}, true},
		{[]string{"abcdefg"}, true},
		{[]string{"abcdefg", ""}, true},
		{[]string{"abcdef", "g", "h"}, true},
	} {
		tail := bounded.NewTail(6)
		for _, text := range step.writes {
			_, _ = tail.Write([]byte(text)) // returns no error
		}
		if tail.Cut() != step.cut {
			t.Errorf("after %q it is cut: %t", step.writes, tail.Cut())
		}
	}
}
