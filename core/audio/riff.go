package audio

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// container is a WAV file's format and its audio, in whole frames. The audio of a
// single data chunk shares the file's memory.
type container struct {
	format   waveFormat
	data     []byte
	warnings []string

	hasFormat bool
	pieces    int // data chunks so far
}

// streamed is the smallest data size, in bytes, that means "up to the end of the
// file": programs that write to a pipe do not know the size and leave 0xFFFFFFFF
// (ffmpeg), 0x7FFFF000 (espeak-ng) or similar. It is larger than [MaxWAV].
const streamed = 0x7FFFF000

// openWAV finds the format and the audio of a WAV file. Every size in the file is
// checked against the bytes present.
func openWAV(file []byte) (container, error) {
	if err := checkMagic(file); err != nil {
		return container{}, err
	}
	var c container
	rest := file[12:]
	for len(rest) >= chunkHead && !c.over(rest) {
		var err error
		if rest, err = c.take(rest); err != nil {
			return container{}, err
		}
	}
	switch {
	case !c.hasFormat:
		return container{}, core.Errorf(core.ErrorInput, "the WAV file has no fmt chunk")
	case c.pieces == 0:
		return container{}, core.Errorf(core.ErrorInput, "the WAV file has no data chunk")
	}
	c.finish(rest)
	return c, nil
}

// chunkHead is the length in bytes of a chunk's name and size.
const chunkHead = 8

// cutHead splits a chunk's head from what follows. The size is the chunk's own
// claim and is not checked.
func cutHead(b []byte) (id string, size int64, body []byte) {
	return string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:])), b[chunkHead:]
}

// over reports whether the audio has been read and rest does not begin with a
// whole chunk of this file.
func (c *container) over(rest []byte) bool { return c.pieces > 0 && !isChunk(rest) }

// take reads the chunk at the beginning of rest and returns what follows it.
func (c *container) take(rest []byte) ([]byte, error) {
	id, size, body := cutHead(rest)
	if id == "data" {
		if !c.hasFormat {
			return nil, core.Errorf(core.ErrorInput, "the WAV file has its data chunk before its fmt chunk")
		}
		return c.takeData(body, size), nil
	}
	if size > int64(len(body)) {
		return nil, core.Errorf(core.ErrorInput, "the WAV file is cut off: its %q chunk claims %d bytes, %d are left", id, size, len(body))
	}
	if id == "fmt " {
		if err := c.takeFormat(body[:size]); err != nil {
			return nil, err
		}
	}
	return behind(body, size), nil
}

// takeFormat reads a fmt chunk. A second one has to be equal to the first.
func (c *container) takeFormat(body []byte) error {
	format, err := parseFormat(body)
	if err != nil {
		return err
	}
	if c.hasFormat && format != c.format {
		return core.Errorf(core.ErrorInput, "the WAV file has two fmt chunks that differ")
	}
	c.format, c.hasFormat = format, true
	return nil
}

// takeData reads a data chunk: as many bytes as it claims, but no more than there
// are. It returns what follows the chunk.
func (c *container) takeData(body []byte, size int64) (rest []byte) {
	there := int64(len(body))
	switch {
	case size >= streamed:
		size = there
	case size == 0 && !areChunks(body):
		size = there
		if isName(body) {
			c.warn("the WAV file's header claims no audio; the %d bytes behind it were taken for audio", there)
		}
	case size > there:
		c.warn("the WAV file is cut off: its header claims %d bytes of audio, %d are there", size, there)
		size = there
	}
	if c.pieces == 0 {
		c.data = body[:size:size] // the capacity keeps append from writing into the file
	} else {
		c.data = append(c.data, body[:size]...)
	}
	c.pieces++
	return behind(body, size)
}

// finish cuts the audio to whole frames and warns about what is missing or was
// left out; rest is what follows the last chunk.
func (c *container) finish(rest []byte) {
	if c.pieces > 1 {
		c.warn("the WAV file has its audio in %d pieces, which were joined", c.pieces)
	}
	frame := c.format.frameSize()
	if odd := len(c.data) % frame; odd != 0 {
		c.warn("the last %d bytes of the WAV file's audio are less than one frame of %d bytes and were left out", odd, frame)
		c.data = c.data[:len(c.data)-odd]
	}
	if len(c.data) == 0 {
		c.warn("the WAV file holds no audio")
	}
	if slices.ContainsFunc(rest, func(b byte) bool { return b != 0 }) { // zeros are padding
		c.warn("behind its audio the WAV file has %d bytes that are no whole chunk and were left out", len(rest))
	}
}

func (c *container) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// behind returns what follows a chunk's body. A body of odd size is followed by a
// padding byte, which some programs leave out.
func behind(body []byte, size int64) []byte {
	rest := body[size:]
	if size%2 == 1 && len(rest) > 0 && !isName(rest) {
		return rest[1:]
	}
	return rest
}

// areChunks reports whether b is a sequence of whole chunks, up to its end or to a
// data chunk. A data chunk of size 0 that such a sequence follows is empty; before
// anything else, its size was left out.
func areChunks(b []byte) bool {
	for len(b) > 0 {
		if !isChunk(b) {
			return false
		}
		id, size, body := cutHead(b)
		if id == "data" {
			return true
		}
		b = behind(body, size)
	}
	return true
}

// isChunk reports whether b begins with a whole chunk, or with a data chunk, which
// may be cut off.
func isChunk(b []byte) bool {
	if len(b) < chunkHead || !isName(b) {
		return false
	}
	switch id, size, body := cutHead(b); id {
	case "RIFF": // the beginning of another file
		return false
	case "data":
		return true
	default:
		return size <= int64(len(body))
	}
}

// isName reports whether b begins with four bytes that can be a chunk's name:
// ASCII letters, digits, spaces and underscores.
func isName(b []byte) bool {
	return len(b) >= 4 && !slices.ContainsFunc(b[:4], func(c byte) bool {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		return !letter && (c < '0' || c > '9') && c != ' ' && c != '_'
	})
}
