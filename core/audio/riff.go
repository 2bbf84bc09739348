package audio

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// container is what a WAV file says about itself: its format and its audio
// bytes, which are whole frames and those of the file where it can be.
type container struct {
	format   waveFormat
	data     []byte
	warnings []string

	hasFormat bool
	pieces    int // data chunks so far
}

// streamed is the smallest data size that is taken to mean "up to the end":
// programs that write to a pipe do not know the size and leave 0xFFFFFFFF
// (ffmpeg), 0x7FFFF000 (espeak-ng) or the like. No file that is accepted is
// that long.
const streamed = 0x7FFFF000

// openWAV finds the format and the audio of a WAV file without trusting any
// size in it.
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

// chunkHead is the length of a chunk's name and size.
const chunkHead = 8

// cutHead cuts a chunk's head off. The size is what the chunk claims.
func cutHead(b []byte) (id string, size int64, body []byte) {
	return string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:])), b[chunkHead:]
}

// over reports whether what follows the audio is no chunk of this file: a cut
// off one, another file, or anything at all.
func (c *container) over(rest []byte) bool { return c.pieces > 0 && !isChunk(rest) }

// take takes the chunk at the beginning of rest and returns what is behind it.
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

// takeFormat takes a fmt chunk. A second one may only repeat the first: audio
// of two formats would be noise in one of them.
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

// takeData takes the audio of a data chunk: as many bytes as it claims, or as
// there are.
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
		c.data = body[:size:size] // not to be written over by the next
	} else {
		c.data = append(c.data, body[:size]...)
	}
	c.pieces++
	return behind(body, size)
}

// finish looks at the audio as a whole, and at what is behind the last chunk.
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

// behind returns what is behind a chunk's body. Chunks begin at even places,
// but some programs forget the byte that is to fill up an odd one.
func behind(body []byte, size int64) []byte {
	rest := body[size:]
	if size%2 == 1 && len(rest) > 0 && !isName(rest) {
		return rest[1:]
	}
	return rest
}

// areChunks reports whether b is a sequence of whole chunks, as may follow a
// data chunk that is really empty: up to the end, or to another one.
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

// isChunk reports whether b begins with a whole chunk, or with more audio, of
// which the end may be missing.
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

// isName reports whether b begins as the names of chunks do.
func isName(b []byte) bool {
	return len(b) >= 4 && !slices.ContainsFunc(b[:4], func(c byte) bool {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		return !letter && (c < '0' || c > '9') && c != ' ' && c != '_'
	})
}
