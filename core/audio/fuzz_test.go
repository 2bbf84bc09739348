package audio_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

func FuzzDecodeWAV(f *testing.F) {
	for _, s := range specimens() {
		f.Add(s.file)
	}
	for _, file := range sampleFiles(f) {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		checkDecoding(t, file)
		checkEveryHeaderGivesAllOf(t, file)
	})
}

// checkDecoding decodes any file and checks the memory allocated, and that the
// result is an error with a message or all samples.
func checkDecoding(t *testing.T, file []byte) {
	var (
		clip     audio.Clip
		warnings []string
		err      error
	)
	before := bytes.Clone(file)
	limit := allowance(file)
	if got := allocated(limit, func() { clip, warnings, err = audio.DecodeWAV(file) }); got > limit {
		t.Fatalf("allocated %d bytes for a file of %d", got, len(file))
	}
	if !bytes.Equal(before, file) {
		t.Fatal("the file was written to")
	}
	if err != nil {
		if core.KindOf(err) != core.ErrorInput || clip.Samples != nil || warnings != nil {
			t.Fatalf("error %v with %v and %q", err, clip, warnings)
		}
		return
	}
	if clip.Samples == nil || clip.Rate < audio.MinRate || clip.Rate > audio.MaxRate || clip.Duration() > audio.MaxDuration {
		t.Fatalf("%v from %d bytes", clip, len(file))
	}
	if len(clip.Samples) == 0 && len(warnings) == 0 {
		t.Fatal("no audio, and no warning of that")
	}
	size, frame, ok := audioIn(file)
	if ok && (len(clip.Samples) != size/frame || len(warnings) > 0 && size%frame == 0) {
		t.Fatalf("%d samples and warnings %q from %d bytes in frames of %d", len(clip.Samples), warnings, size, frame)
	}
	again, _, err := audio.DecodeWAV(audio.EncodeWAV(clip))
	if err != nil || !slices.Equal(again.Samples, clip.Samples) {
		t.Fatalf("the clip does not survive its own encoding: %v", err)
	}
}

// audioIn returns the size of a file's audio and of its frames in bytes, if the file
// is valid: whole chunks, one of them fmt, a later one data, and that not empty.
func audioIn(file []byte) (size, frame int, ok bool) {
	var sawData bool
	for rest := file[12:]; len(rest) > 0; {
		if len(rest) < 8 {
			return 0, 0, false
		}
		n := int64(binary.LittleEndian.Uint32(rest[4:]))
		padded := n + n%2
		if padded > int64(len(rest)-8) {
			return 0, 0, false
		}
		switch string(rest[:4]) {
		case "fmt ":
			if frame > 0 || sawData {
				return 0, 0, false
			}
			frame = int(binary.LittleEndian.Uint16(rest[20:]))
		case "data":
			if frame == 0 || sawData {
				return 0, 0, false
			}
			size, sawData = int(n), true
		case "JUNK", "LIST":
		default:
			return 0, 0, false
		}
		if padded > n && rest[8+n] != 0 { // may be the next chunk's first letter
			return 0, 0, false
		}
		rest = rest[8+padded:]
	}
	return size, frame, size > 0
}

// checkEveryHeaderGivesAllOf decodes the same audio with every kind of header.
func checkEveryHeaderGivesAllOf(t *testing.T, pcm []byte) {
	formats := []struct {
		frame int
		heads []chunk
	}{
		{1, []chunk{plain(1, 8000, 8), extensible(1, 1, 8000, 8, 8)}},
		{4, []chunk{plain(2, 8000, 16), extensible(1, 2, 8000, 16, 12)}},
		{3, []chunk{plain(1, 8000, 24), extensible(1, 1, 8000, 24, 20)}},
		{8, []chunk{plain(2, 8000, 32), extensible(1, 2, 8000, 32, 32)}},
		{4, []chunk{fmtChunk(3, 1, 8000, 32), extensible(3, 1, 8000, 32, 32)}},
		{16, []chunk{fmtChunk(3, 2, 8000, 64), extensible(3, 2, 8000, 64, 64)}},
		{1, []chunk{fmtChunk(6, 1, 8000, 8), extensible(6, 1, 8000, 8, 8)}},
		{2, []chunk{fmtChunk(7, 2, 8000, 8), extensible(7, 2, 8000, 8, 8)}},
	}
	format := formats[len(pcm)%len(formats)]
	pcm = pcm[:len(pcm)/format.frame*format.frame]
	var first []int16
	for i, head := range format.heads {
		for _, lie := range []uint32{0, 0xFFFFFFFF, 0x7FFFF000, uint32(len(pcm)) + 1} {
			file := riff("WAVE", head, chunk{id: "data", body: pcm, lie: lie, unpadded: true})
			clip, _, err := audio.DecodeWAV(file)
			if err != nil || len(clip.Samples) != len(pcm)/format.frame {
				t.Fatalf("header %d claiming %#x: %d of %d samples, error %v", i, lie, len(clip.Samples), len(pcm)/format.frame, err)
			}
			if first == nil {
				first = clip.Samples
			}
			if !slices.Equal(first, clip.Samples) {
				t.Fatalf("header %d claiming %#x gives other samples", i, lie)
			}
		}
	}
}
