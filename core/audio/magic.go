package audio

import (
	"bytes"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// convertHint is the hint of errors about files that another program can convert.
const convertHint = "convert it first, for instance with: ffmpeg -i FILE -ac 1 -c:a pcm_s16le OUT.wav"

// checkMagic checks that the first twelve bytes are those of a WAV file. The error
// names the file's type if it is another known one.
func checkMagic(file []byte) error {
	if len(file) == 0 {
		return core.Errorf(core.ErrorInput, "the WAV file is empty")
	}
	if len(file) >= 12 && string(file[:4]) == "RIFF" && string(file[8:12]) == "WAVE" {
		return nil
	}
	return core.Errorf(core.ErrorInput, "the audio is %s, not a WAV file", guess(file)).WithHint(convertHint)
}

func guess(file []byte) string {
	for _, known := range []struct{ prefix, name string }{
		{"RIFX", "a big-endian RIFX file"},
		{"RF64", "an RF64 file"},
		{"BW64", "a BW64 file"},
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
	if bytes.HasPrefix(file, []byte("RIFF")) {
		return guessRIFF(file)
	}
	return fmt.Sprintf("a file that begins with %q", file[:min(len(file), 12)])
}

func guessRIFF(file []byte) string {
	switch {
	case len(file) < 12:
		return fmt.Sprintf("a RIFF file cut off after %d bytes", len(file))
	case string(file[8:12]) == "AVI ":
		return "an AVI file"
	}
	return "a RIFF file of another type"
}
