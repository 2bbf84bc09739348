package command

import (
	"errors"
	"os"
	"sync"
	"time"
)

// chunk is how many bytes are read at a time.
const chunk = 32 << 10

// stream collects what a program writes to its standard output, until it is used.
// When so much has collected that there is no room, the program has to wait.
type stream struct {
	file  *os.File
	limit int
	// more gets a value when something has arrived, or the output has ended.
	more chan struct{}
	// finished is closed when nothing reads the file any more.
	finished chan struct{}

	mu      sync.Mutex
	room    *sync.Cond
	arrived []byte
	last    time.Time // of the last arrival
	ended   bool
	held    bool // it was given up before its end
	dropped bool // nothing is collected any more
}

// newStream collects from a file, up to limit bytes and a chunk.
func newStream(file *os.File, limit int) *stream {
	s := &stream{file: file, limit: limit, more: make(chan struct{}, 1), finished: make(chan struct{})}
	s.room = sync.NewCond(&s.mu)
	go s.collect()
	return s
}

func (s *stream) collect() {
	defer close(s.finished)
	defer func() { _ = s.file.Close() }() // it was only read
	buffer := make([]byte, chunk)
	for {
		n, err := s.file.Read(buffer)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.giveUp()
		}
		s.add(buffer[:n], err != nil)
		if err != nil {
			return
		}
	}
}

func (s *stream) add(data []byte, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.arrived) > s.limit && !s.dropped {
		s.room.Wait()
	}
	if !s.dropped {
		s.arrived = append(s.arrived, data...)
	}
	s.ended = ended
	if len(data) > 0 {
		s.last = time.Now()
	}
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// giveUp notes that the output is not at its end.
func (s *stream) giveUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = true
}

// isHeld reports whether something holds the output open that the program has started.
func (s *stream) isHeld() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// peek returns what has arrived and was not used, when the last of it came, and
// whether nothing comes any more. The bytes are valid until use is called.
func (s *stream) peek() (arrived []byte, last time.Time, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived[:len(s.arrived):len(s.arrived)], s.last, s.ended
}

// use removes the first n bytes.
func (s *stream) use(n int) {
	if n == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// The rest is copied, so that texts made of what was used keep nothing else alive.
	s.arrived = append([]byte(nil), s.arrived[n:]...)
	s.room.Broadcast()
}

// drop discards what has arrived and what still comes.
func (s *stream) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped, s.arrived = true, nil
	s.room.Broadcast()
}
