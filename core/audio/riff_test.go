package audio_test

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// gigabyte is what hostile chunks claim.
const gigabyte = 1 << 30

func TestAChunkThatClaimsMoreThanTheFileHoldsIsNotBelieved(t *testing.T) { check(t, lyingChunks()) }

func lyingChunks() []specimen {
	// filler makes files of 450 bytes, as those were that took gigabytes of
	// memory elsewhere.
	filler := chunk{id: "JUNK", body: make([]byte, 380)}
	entries := []byte("INFO")
	for range 20 {
		entries = append(entries, "ISFT\x00\x00\x00\x04"...) // 64 MB each
	}
	list := []specimen{
		{name: "fmt of 4 GiB in 42 bytes", file: riff("WAVE", chunk{id: "fmt ", body: make([]byte, 22), lie: 0xFFFF0001}), err: `cut off: its "fmt " chunk claims 4294901761 bytes, 22 are left`},
		{name: "fmt of 1 GiB", file: riff("WAVE", chunk{id: "fmt ", body: mono().body, lie: gigabyte}, data(1, 0), filler), err: `"fmt " chunk claims 1073741824 bytes`},
		{name: "20 entries of a LIST of 64 MB each", file: riff("WAVE", mono(), chunk{id: "LIST", body: entries}, data(1, 0), filler), want: []int16{1}},
		{name: "data of 1 GiB", file: riff("WAVE", mono(), chunk{id: "data", body: []byte{1, 0}, lie: gigabyte}), want: []int16{1}, warning: "claims 1073741824 bytes of audio, 2 are there"},
	}
	for _, id := range []string{"LIST", "smpl", "cue "} {
		huge := chunk{id: id, body: []byte("INFO"), lie: gigabyte}
		entry := chunk{id: id, body: binary.LittleEndian.AppendUint32([]byte("INFOISFT"), gigabyte)}
		list = append(
			list,
			specimen{name: id + " of 1 GiB before the audio", file: riff("WAVE", mono(), huge, data(1, 0), filler), err: "chunk claims 1073741824 bytes"},
			specimen{name: id + " of 1 GiB behind the audio", file: riff("WAVE", mono(), data(1, 0), huge, filler), want: []int16{1}, warning: "behind its audio the WAV file has 400 bytes that are no whole chunk"},
			specimen{name: id + " with an entry of 1 GiB", file: riff("WAVE", mono(), entry, data(1, 0), entry, filler), want: []int16{1}},
		)
	}
	return list
}

func TestALengthThatTheWriterLeftOpenMeansUpToTheEnd(t *testing.T) { check(t, openLengths()) }

func openLengths() []specimen {
	streamed := func(size uint32) []byte {
		return riff("WAVE", mono(), chunk{id: "LIST", body: []byte("INFOISFT\x04\x00\x00\x00Lavf")}, chunk{id: "data", body: []byte{1, 0, 2, 0, 3, 0}, lie: size})
	}
	want := []int16{1, 2, 3}
	empty := riff("WAVE", mono(), data())
	return []specimen{
		{name: "0xFFFFFFFF as by ffmpeg", file: streamed(0xFFFFFFFF), want: want},
		{name: "0xFFFFFFFE", file: streamed(0xFFFFFFFE), want: want},
		{name: "0x80000000 as by arecord", file: streamed(0x80000000), want: want},
		{name: "0x7FFFFFFF", file: streamed(0x7FFFFFFF), want: want},
		{name: "0x7FFFF000 as by espeak-ng", file: streamed(0x7FFFF000), want: want},
		{name: "0", file: join(empty, []byte{1, 0, 2, 0, 3, 0}), want: want},
		{name: "0 before audio of silence", file: join(empty, make([]byte, 6)), want: []int16{0, 0, 0}},
		{name: "0 before audio that begins with letters", file: join(empty, []byte("UUUU\xFF\xFF\xFF\xFF")), want: []int16{0x5555, 0x5555, -1, -1}, warning: "claims no audio; the 8 bytes behind it"},
		{name: "0xFFFFFFFF and half a sample", file: join(streamed(0xFFFFFFFF), []byte{4}), want: want, warning: "last 1 bytes"},
		{name: "0xFFFFFFFF and nothing", file: riff("WAVE", mono(), chunk{id: "data", lie: 0xFFFFFFFF}), want: []int16{}, warning: "no audio"},
	}
}

func TestOfAFileThatWasCutOffTheRestIsDecodedWithAWarning(t *testing.T) { check(t, cutOffFiles()) }

func cutOffFiles() []specimen {
	claims := func(size uint32, b ...byte) chunk { return chunk{id: "data", body: b, lie: size} }
	return []specimen{
		{name: "in the audio", file: riff("WAVE", mono(), claims(1000, 1, 0, 2, 0)), want: []int16{1, 2}, warning: "cut off: its header claims 1000 bytes of audio, 4 are there"},
		{name: "at the first byte of the audio", file: riff("WAVE", mono(), data()), want: []int16{}, warning: "no audio"},
		{name: "in a sample", file: riff("WAVE", mono(), chunk{id: "data", body: []byte{1, 0, 2}, unpadded: true}), want: []int16{1}, warning: "last 1 bytes of the WAV file's audio are less than one frame of 2 bytes"},
		{name: "in a frame", file: riff("WAVE", plain(2, 8000, 16), data(1, 0, 1, 0, 2, 0)), want: []int16{1}, warning: "last 2 bytes"},
		{name: "in a sample of 24 bits", file: riff("WAVE", plain(1, 8000, 24), data(0, 1, 0, 0, 2)), want: []int16{1}, warning: "last 2 bytes"},
		{name: "in a later chunk", file: riff("WAVE", mono(), data(1, 0), chunk{id: "LIST", body: []byte("INFO"), lie: 26}), want: []int16{1}, warning: "12 bytes that are no whole chunk"},
		{name: "in the head of the data chunk", file: append(riff("WAVE", mono()), "data\x02"...), err: "no data chunk"},
		{name: "in the fmt chunk", file: riff("WAVE", mono())[:30], err: `cut off: its "fmt " chunk claims 16 bytes, 10 are left`},
		{name: "in the first bytes", file: []byte("RIFF\x24\x00"), err: "a RIFF file cut off after 6 bytes"},
	}
}

func TestChunksMayComeInAnyArrangementThatMakesSense(t *testing.T) { check(t, arrangements()) }

func arrangements() []specimen {
	info := chunk{id: "LIST", body: []byte("INFOISFT\x04\x00\x00\x00test")}
	odd := chunk{id: "bext", body: []byte("odd")}
	unpadded := chunk{id: "bext", body: []byte("odd"), unpadded: true}
	bytes8 := func(unpadded bool) chunk { return chunk{id: "data", body: []byte{128, 129, 130}, unpadded: unpadded} }
	short := riff("WAVE", mono(), data(1, 0))
	oddLength := riff("WAVE", plain(1, 8000, 8), bytes8(true))
	unlike := func(channels int) chunk { return plain(channels, 8000, 16) }
	return []specimen{
		{name: "others around it", file: riff("WAVE", info, mono(), odd, info, data(1, 0), info, odd), want: []int16{1}},
		{name: "an odd one without padding", file: riff("WAVE", mono(), unpadded, data(1, 0)), want: []int16{1}},
		{name: "audio of an odd length with padding", file: riff("WAVE", plain(1, 8000, 8), bytes8(false), info), want: []int16{0, 256, 512}},
		{name: "audio of an odd length without padding", file: riff("WAVE", plain(1, 8000, 8), bytes8(true), info), want: []int16{0, 256, 512}},
		{name: "audio of an odd length at the end", file: oddLength, want: []int16{0, 256, 512}},
		{name: "a longer fmt chunk", file: riff("WAVE", chunk{id: "fmt ", body: append(mono().body, 0, 0)}, data(1, 0)), want: []int16{1}},
		{name: "audio before the fmt chunk", file: riff("WAVE", data(1, 0), mono()), err: "data chunk before its fmt chunk"},
		{name: "audio in pieces", file: riff("WAVE", mono(), data(1, 0), info, data(), data(2, 0, 3, 0)), want: []int16{1, 2, 3}, warning: "audio in 3 pieces, which were joined"},
		{name: "an empty piece first", file: riff("WAVE", mono(), data(), info, data(1, 0)), want: []int16{1}, warning: "in 2 pieces"},
		{name: "a sample across pieces", file: riff("WAVE", mono(), data(1, 0, 2, 0), data(3, 0)), want: []int16{1, 2, 3}, warning: "in 2 pieces"},
		{name: "an empty piece alone", file: riff("WAVE", mono(), data(), info), want: []int16{}, warning: "no audio"},
		{name: "the fmt chunk twice", file: riff("WAVE", mono(), mono(), data(1, 0)), want: []int16{1}},
		{name: "two fmt chunks that differ", file: riff("WAVE", mono(), unlike(2), data(1, 0, 2, 0)), err: "two fmt chunks that differ"},
		{name: "pieces in two formats", file: riff("WAVE", mono(), data(1, 0), unlike(2), data(1, 0, 2, 0)), err: "two fmt chunks that differ"},
		{name: "zeros behind", file: append(bytes.Clone(short), make([]byte, 100)...), want: []int16{1}},
		{name: "junk behind", file: append(bytes.Clone(short), 0xC3, 0x28, 7, 0, 0, 0, 0, 0, 9), want: []int16{1}, warning: "9 bytes that are no whole chunk and were left out"},
		{name: "a little junk behind", file: append(bytes.Clone(short), 7, 0), want: []int16{1}, warning: "2 bytes that are no whole chunk"},
		{name: "more audio behind than the header says", file: append(bytes.Clone(short), 2, 0, 3, 0, 4, 0, 5, 0), want: []int16{1}, warning: "8 bytes that are no whole chunk"},
		{name: "another file behind", file: append(bytes.Clone(short), short...), want: []int16{1}, warning: "46 bytes that are no whole chunk"},
		{name: "nothing at all", file: riff("WAVE"), err: "no fmt chunk"},
		{name: "no data chunk", file: riff("WAVE", mono(), info), err: "no data chunk"},
	}
}
