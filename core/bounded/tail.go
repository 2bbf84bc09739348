package bounded

import "strings"

// Tail is a writer that keeps the last bytes that were written, such as the last words of
// a program.
type Tail struct {
	limit int
	bytes []byte
	cut   bool
}

// NewTail returns a tail of up to limit bytes.
func NewTail(limit int) *Tail { return &Tail{limit: limit} }

// Write keeps the end of p.
func (t *Tail) Write(p []byte) (int, error) {
	t.cut = t.cut || len(t.bytes)+len(p) > t.limit
	t.bytes = append(t.bytes, p[max(0, len(p)-t.limit):]...)
	if over := len(t.bytes) - t.limit; over > 0 {
		t.bytes = append(t.bytes[:0], t.bytes[over:]...)
	}
	return len(p), nil
}

// Cut reports whether more was written than was kept.
func (t *Tail) Cut() bool { return t.cut }

// Text returns what was kept as valid UTF-8, without white space around it.
func (t *Tail) Text() string {
	return strings.TrimSpace(strings.ToValidUTF8(string(t.bytes), "\uFFFD"))
}
