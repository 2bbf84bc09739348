package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// container is what a WAV file says about itself: its format and its audio
// bytes, which are those of the file.
type container struct {
	format   waveFormat
	data     []byte
	warnings []string
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
	var (
		c         container
		hasFormat bool
	)
	for rest := file[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), binary.LittleEndian.Uint32(rest[4:])
		body := rest[8:]
		switch {
		case id == "data" && !hasFormat:
			return container{}, core.Errorf(core.KindInput, "the WAV file has its data chunk before its fmt chunk")
		case id == "data":
			c.takeData(body, size)
			return c, nil
		case int64(size) > int64(len(body)):
			return container{}, core.Errorf(core.KindInput, "the WAV file is cut off: its %q chunk claims %d bytes, %d are left", id, size, len(body))
		case id == "fmt ":
			var err error
			if c.format, err = parseFormat(body[:size]); err != nil {
				return container{}, err
			}
			hasFormat = true
		}
		rest = body[min(int64(size)+int64(size%2), int64(len(body))):]
	}
	if !hasFormat {
		return container{}, core.Errorf(core.KindInput, "the WAV file has no fmt chunk")
	}
	return container{}, core.Errorf(core.KindInput, "the WAV file has no data chunk")
}

// takeData takes the audio of a data chunk: as many bytes as its header
// claims, or as there are.
func (c *container) takeData(body []byte, size uint32) {
	claimed := int64(size)
	switch {
	case size >= streamed, size == 0 && !areChunks(body):
		claimed = int64(len(body))
	case claimed > int64(len(body)):
		c.warnings = append(c.warnings, fmt.Sprintf("the WAV file is cut off: its header claims %d bytes of audio, %d are there", claimed, len(body)))
		claimed = int64(len(body))
	}
	frame := int64(c.format.frameSize())
	if odd := claimed % frame; odd != 0 {
		c.warnings = append(c.warnings, fmt.Sprintf("the last %d bytes of the WAV file's audio are less than one frame of %d bytes and were left out", odd, frame))
		claimed -= odd
	}
	c.data = body[:claimed]
	if claimed == 0 {
		c.warnings = append(c.warnings, "the WAV file holds no audio")
	}
}

// areChunks reports whether b is a sequence of whole chunks, as may follow a
// data chunk that is really empty.
func areChunks(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 8 || bytes.ContainsFunc(b[:4], func(r rune) bool { return r < ' ' || r > '~' }) {
			return false
		}
		size := int64(binary.LittleEndian.Uint32(b[4:]))
		if size > int64(len(b)-8) {
			return false
		}
		b = b[min(8+size+size%2, int64(len(b))):]
	}
	return true
}

// checkMagic checks the first twelve bytes, and says what the file is where it
// is something that people mistake for WAV.
func checkMagic(file []byte) error {
	if len(file) == 0 {
		return core.Errorf(core.KindInput, "the WAV file is empty")
	}
	if len(file) >= 12 && string(file[:4]) == "RIFF" && string(file[8:12]) == "WAVE" {
		return nil
	}
	err := core.Errorf(core.KindInput, "this is %s, not a WAV file", guess(file))
	return err.WithHint("convert it first, for instance with: ffmpeg -i FILE -ac 1 -c:a pcm_s16le FILE.wav")
}

func guess(file []byte) string {
	for _, known := range []struct{ prefix, name string }{
		{"RIFF", "a RIFF file of another type"},
		{"RIFX", "a big-endian RIFX file"},
		{"RF64", "an RF64 file"},
		{"OggS", "an Ogg file"},
		{"fLaC", "a FLAC file"},
		{"ID3", "an MP3 file"},
		{"\xff\xfb", "an MP3 file"},
		{"\xff\xf3", "an MP3 file"},
		{"\x1aE\xdf\xa3", "a WebM or Matroska file"},
		{"FORM", "an AIFF file"},
		{".snd", "a Sun audio file"},
	} {
		if bytes.HasPrefix(file, []byte(known.prefix)) {
			return known.name
		}
	}
	if len(file) >= 8 && string(file[4:8]) == "ftyp" {
		return "an MP4 or M4A file"
	}
	return fmt.Sprintf("a file that begins with %q", file[:min(len(file), 12)])
}
