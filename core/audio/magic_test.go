package audio_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

func TestAFileOfAnotherKindIsCalledWhatItIs(t *testing.T) { check(t, otherFiles()) }

func otherFiles() []specimen {
	one := func(name, begin, err string) specimen { return specimen{name: name, file: []byte(begin), err: err} }
	return []specimen{
		one("empty", "", "the WAV file is empty"),
		one("text", "hello", `a file that begins with "hello", not a WAV file`),
		one("an error of a web service", `{"error":"no such voice"}`, `begins with "{\"error\":\"no"`),
		one("Ogg", "OggS\x00\x02", "an Ogg file"),
		one("FLAC", "fLaC\x00", "a FLAC file"),
		one("MP3 with tags", "ID3\x04", "an MP3 file"),
		one("MP3", "\xff\xfb\x90", "an MP3 file"),
		one("MP4", "\x00\x00\x00\x20ftypM4A ", "an MP4 or M4A file"),
		one("WebM", "\x1aE\xdf\xa3", "a WebM or Matroska file"),
		one("AIFF", "FORM\x00\x00\x00\x00AIFF", "an AIFF file"),
		one("RIFX", "RIFX\x00\x00\x00\x00WAVE", "a big-endian RIFX file"),
		one("RF64", "RF64\xff\xff\xff\xffWAVE", "an RF64 file"),
		one("BW64", "BW64\xff\xff\xff\xffWAVE", "a BW64 file"),
		{name: "AVI", file: riff("AVI ", mono(), data(1, 0)), err: "the audio is an AVI file, not a WAV file"},
		{name: "WebP", file: riff("WEBP"), err: "a RIFF file of another type"},
	}
}

func TestWhoeverHasTheWrongFileIsToldHowToConvertIt(t *testing.T) {
	convertible := append(undecodable(), otherFiles()[1:]...) // not an empty file
	for name, file := range sampleFiles(t) {
		if _, _, err := audio.DecodeWAV(file); err != nil {
			convertible = append(convertible, specimen{name: name, file: file})
		}
	}
	for _, s := range convertible {
		_, _, err := audio.DecodeWAV(s.file)
		if hint := core.HintOf(err); hint != "convert it first, for instance with: ffmpeg -i FILE -ac 1 -c:a pcm_s16le OUT.wav" {
			t.Errorf("%s: hint %q", s.name, hint)
		}
	}
}
