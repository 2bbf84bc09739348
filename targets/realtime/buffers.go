package realtime

import "sync"

// keptBuffer is the largest buffer, in bytes, that is used again.
const keptBuffer = 1 << 20

// buffers are used again and again, each time by somebody else, so that a
// conversation in which nothing is said holds none.
type buffers struct{ pool sync.Pool }

var (
	// frameBuffers are for frames that are being read.
	frameBuffers buffers
	// audioBuffers are for raw audio, which is not kept beyond its turn.
	audioBuffers buffers
)

// take returns an empty buffer.
func (b *buffers) take() *[]byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return buffer
	}
	return new([]byte)
}

// giveBack takes a buffer back that nobody looks at any more.
func (b *buffers) giveBack(buffer *[]byte) {
	if cap(*buffer) <= keptBuffer {
		*buffer = (*buffer)[:0]
		b.pool.Put(buffer)
	}
}
