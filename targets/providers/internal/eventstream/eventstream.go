// Package eventstream reads server-sent events, each within a bound, and tells an
// end between two events from one in the middle of an event. The readers of the SDKs
// do not.
package eventstream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// ErrTooLarge says that an event is larger than the reader's limit.
var ErrTooLarge = errors.New("the event is too large")

// Event is one event.
type Event struct {
	// Type is the event's name; "" for none.
	Type string
	// Data are valid until the next event is read.
	Data []byte
}

// Reader reads events.
type Reader struct {
	lines *bufio.Reader
	limit int
	data  []byte
	name  string
	// some says that the event has a line of data, which may be empty.
	some bool
	// alive is told of each line; nil for nobody.
	alive func()
}

// NewReader returns a reader of events with at most limit bytes of data each.
func NewReader(r io.Reader, limit int) *Reader {
	return &Reader{lines: bufio.NewReaderSize(r, 4<<10), limit: limit}
}

// Next returns the next event that has data. The error is io.EOF at an end between
// two events. With any other error the event holds the data that had come:
// ErrTooLarge, io.ErrUnexpectedEOF for an end within an event, or the error of the
// underlying reader.
func (r *Reader) Next() (Event, error) {
	r.data, r.name, r.some = r.data[:0], "", false
	for {
		blank, err := r.line()
		switch {
		case errors.Is(err, io.EOF) && !r.some:
			return Event{}, io.EOF
		case errors.Is(err, io.EOF):
			return r.event(), io.ErrUnexpectedEOF
		case err != nil:
			return r.event(), err
		case blank && r.some:
			return r.event(), nil
		case blank:
			r.name = ""
		}
	}
}

func (r *Reader) event() Event { return Event{Type: r.name, Data: r.data} }

// line reads one line into the event; blank reports an empty one, which ends it.
func (r *Reader) line() (blank bool, err error) {
	var field field
	for first := true; ; first = false {
		part, err := r.lines.ReadSlice('\n')
		whole := err == nil
		if whole {
			part = part[:len(part)-1]
			part = bytes.TrimSuffix(part, []byte("\r"))
			if r.alive != nil {
				r.alive()
			}
		}
		if first {
			if whole && len(part) == 0 {
				return true, nil
			}
			field, part = r.begin(part)
		}
		if tooLarge := r.add(field, part); tooLarge != nil {
			return false, tooLarge
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return false, err
		}
	}
}

// field is what a line is about.
type field int

const (
	other field = iota
	name
	data
)

// begin splits the beginning of a line into its field and value.
func (r *Reader) begin(part []byte) (field, []byte) {
	key, value, _ := bytes.Cut(part, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	if bytes.HasPrefix(part, []byte("{")) { // some servers write an error into the stream as it is
		key, value = []byte("data"), part
	}
	switch string(key) {
	case "data", "error":
		if r.some {
			r.data = append(r.data, '\n')
		}
		r.some = true
		if key[0] == 'e' { // llama.cpp's, until 2025
			r.name = "error"
		}
		return data, value
	case "event":
		r.name = ""
		return name, value
	}
	return other, nil
}

func (r *Reader) add(f field, part []byte) error {
	switch f {
	case data:
		room := r.limit - len(r.data)
		r.data = append(r.data, part[:min(max(room, 0), len(part))]...)
		if len(part) > room {
			return ErrTooLarge
		}
	case name:
		if len(r.name) < 256 {
			r.name += string(part)
		}
	}
	return nil
}
