package command

import (
	"errors"
	"os"
	"strings"
	"sync"
	"time"
)

// complaintBytes is how much of what a program writes to standard error is kept for
// one turn, in bytes. It is the end.
const complaintBytes = 4 << 10

// complaints keeps the end of what a program has written to standard error since it
// was last taken.
type complaints struct {
	file *os.File
	// finished is closed when nothing reads the file any more.
	finished chan struct{}

	mu    sync.Mutex
	bytes []byte
	isCut bool
	// until is when reading ends at the latest; zero while the program runs.
	until time.Time
	// asked is closed when all that was written has been read; nil where nobody waits
	// for that.
	asked chan struct{}
}

func newComplaints(file *os.File) *complaints {
	c := &complaints{file: file, finished: make(chan struct{})}
	go c.collect()
	return c
}

func (c *complaints) collect() {
	defer close(c.finished)
	defer func() { _ = c.file.Close() }() // it was only read
	buffer := make([]byte, complaintBytes)
	for {
		n, err := c.file.Read(buffer)
		c.add(buffer[:n])
		if err != nil && (!errors.Is(err, os.ErrDeadlineExceeded) || !c.catchUp(buffer)) {
			return
		}
	}
}

// catchUp reads what there is without waiting, and tells whoever asked. It returns
// false where nobody did.
func (c *complaints) catchUp(buffer []byte) bool {
	c.mu.Lock()
	asked := c.asked
	c.asked = nil
	_ = c.file.SetReadDeadline(c.until) // where that fails, so does the next read
	c.mu.Unlock()
	if asked == nil {
		return false
	}
	for n := readNow(c.file, buffer); n > 0; n = readNow(c.file, buffer) {
		c.add(buffer[:n])
	}
	close(asked)
	return true
}

func (c *complaints) add(data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes = append(c.bytes, data...)
	if over := len(c.bytes) - complaintBytes; over > 0 {
		c.bytes, c.isCut = append(c.bytes[:0], c.bytes[over:]...), true
	}
}

// end has reading end, at the latest at a time.
func (c *complaints) end(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = at
	_ = c.file.SetReadDeadline(at) // it is closed otherwise
}

// take returns what was written since the last call as valid UTF-8, and "" where
// that is blank. What a program wrote before its reply is part of it.
func (c *complaints) take() string {
	asked := make(chan struct{})
	c.mu.Lock()
	c.asked = asked
	_ = c.file.SetReadDeadline(time.Now()) // wakes the reader, unless it has ended
	c.mu.Unlock()
	select {
	case <-asked:
	case <-c.finished:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	text := strings.TrimSpace(strings.ToValidUTF8(string(c.bytes), "\uFFFD"))
	if c.isCut && text != "" {
		text = "…" + text
	}
	c.bytes, c.isCut = nil, false
	return text
}
