package bounded

import "fmt"

// Buffer is a writer that keeps up to a number of bytes. It has no ReadFrom, which
// [io.Copy] would prefer to Write.
type Buffer struct {
	limit    int
	overflow func()
	bytes    []byte
	exceeded bool
}

// NewBuffer returns a buffer for up to limit bytes. A Write beyond them calls overflow,
// unless that is nil, and fails.
func NewBuffer(limit int, overflow func()) *Buffer { return &Buffer{limit: limit, overflow: overflow} }

// Write keeps p whole or, where it does not fit, nothing of it.
func (b *Buffer) Write(p []byte) (int, error) {
	if len(p) > b.limit-len(b.bytes) {
		b.exceeded = true
		if b.overflow != nil {
			b.overflow()
		}
		return 0, fmt.Errorf("more than %d bytes", b.limit)
	}
	b.bytes = append(b.bytes, p...)
	return len(p), nil
}

// Bytes returns what was kept, which belongs to the buffer until nothing is written
// any more.
func (b *Buffer) Bytes() []byte { return b.bytes }

// Exceeded reports whether a Write was refused.
func (b *Buffer) Exceeded() bool { return b.exceeded }
