package realtime

import "sync"

// keptBuffer is the largest buffer, in bytes, that is used again.
const keptBuffer = 1 << 20

// bufferPool holds buffers that the conversations of a target use one after the
// other, so that a conversation in which nothing is said holds none. A nil pool
// makes a new buffer each time. It may be used by many goroutines.
type bufferPool struct{ pool sync.Pool }

// get returns an empty buffer, which is the caller's until it is put back.
func (b *bufferPool) get() *[]byte {
	if b != nil {
		if buffer, ok := b.pool.Get().(*[]byte); ok {
			return buffer
		}
	}
	return new([]byte)
}

// put takes back a buffer that nobody looks at any more.
func (b *bufferPool) put(buffer *[]byte) {
	if b != nil && cap(*buffer) <= keptBuffer {
		*buffer = (*buffer)[:0]
		b.pool.Put(buffer)
	}
}
