package realtime

import "sync"

// keptBuffer is the capacity, in bytes, of the largest buffer that is reused.
const keptBuffer = 1 << 20

// bufferPool holds buffers that the conversations of a target share, so that an
// idle conversation holds none. A nil pool allocates a new buffer each time. It
// is safe for concurrent use.
type bufferPool struct{ pool sync.Pool }

// get returns an empty buffer. The caller owns it until put.
func (b *bufferPool) get() *[]byte {
	if b != nil {
		if buffer, ok := b.pool.Get().(*[]byte); ok {
			return buffer
		}
	}
	return new([]byte)
}

// put takes back a buffer that is no longer in use.
func (b *bufferPool) put(buffer *[]byte) {
	if b != nil && cap(*buffer) <= keptBuffer {
		*buffer = (*buffer)[:0]
		b.pool.Put(buffer)
	}
}
