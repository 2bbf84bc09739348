package bounded_test

import (
	"io"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/bounded"
)

func TestABufferRefusesWhatDoesNotFit(t *testing.T) {
	overflows := 0
	b := bounded.NewBuffer(5, func() { overflows++ })
	for _, step := range []struct {
		write    string
		n        int
		kept     string
		exceeded bool
	}{
		{"abc", 3, "abc", false},
		{"def", 0, "abc", true},
		{"de", 2, "abcde", true},
		{"", 0, "abcde", true},
		{"f", 0, "abcde", true},
	} {
		n, err := b.Write([]byte(step.write))
		if n != step.n || (err == nil) != (n == len(step.write)) || string(b.Bytes()) != step.kept || b.Exceeded() != step.exceeded {
			t.Errorf("writing %q: %d, %v; kept %q, exceeded: %v", step.write, n, err, b.Bytes(), b.Exceeded())
		}
	}
	if overflows != 2 {
		t.Errorf("told of %d overflows, want 2", overflows)
	}
}

func TestACopyIntoABufferIsBounded(t *testing.T) {
	b := bounded.NewBuffer(1000, nil)
	// What is no more than a reader, as a pipe is.
	endless := struct{ io.Reader }{io.LimitReader(strings.NewReader(strings.Repeat("x", 1<<20)), 1<<20)}
	if _, err := io.Copy(b, endless); err == nil || err.Error() != "more than 1000 bytes" || len(b.Bytes()) > 1000 {
		t.Errorf("%d bytes are kept: %v", len(b.Bytes()), err)
	}
}
