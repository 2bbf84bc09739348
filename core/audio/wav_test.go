package audio_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// chunk is a RIFF chunk; its size may be made to lie.
type chunk struct {
	id   string
	body []byte
	lie  uint32 // the size to claim, where it is not 0
}

func riff(form string, chunks ...chunk) []byte {
	b := append([]byte("RIFF\xff\xff\xff\xff"), form...)
	for _, c := range chunks {
		size := uint32(len(c.body))
		if c.lie != 0 {
			size = c.lie
		}
		b = append(b, c.id...)
		b = binary.LittleEndian.AppendUint32(b, size)
		b = append(b, c.body...)
		if len(c.body)%2 == 1 {
			b = append(b, 0)
		}
	}
	return b
}

// fmtChunk describes a format; where extensible is set, behind the extensible
// header.
func fmtChunk(tag uint16, channels, rate, bits int, extensible bool) chunk {
	le := binary.LittleEndian
	head := tag
	if extensible {
		head = 0xFFFE
	}
	b := le.AppendUint16(nil, head)
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*bits/8))
	b = le.AppendUint16(b, uint16(channels*bits/8))
	b = le.AppendUint16(b, uint16(bits))
	if extensible {
		b = le.AppendUint16(b, 22)
		b = le.AppendUint16(b, uint16(bits))
		b = le.AppendUint32(b, 0)
		b = le.AppendUint16(b, tag)
		b = append(b, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71)
	}
	return chunk{id: "fmt ", body: b}
}

func plain(channels, rate, bits int) chunk { return fmtChunk(1, channels, rate, bits, false) }

func data(b ...byte) chunk { return chunk{id: "data", body: b} }

func TestFilesThatSoXWroteSoundTheSameInEveryEncoding(t *testing.T) {
	want := sine(1000, 16000, 20*time.Millisecond)
	for _, test := range []struct {
		file      string
		tolerance int
	}{
		{"s16", 1},
		{"s24", 1},
		{"s32", 1},
		{"f32", 1},
		{"f64", 1},
		{"s24-stereo", 1},
		{"streamed-by-sox", 1},
		{"u8", 256},
		{"mulaw", 512},
		{"alaw", 512},
	} {
		t.Run(test.file, func(t *testing.T) {
			file, err := os.ReadFile("testdata/sox/" + test.file + ".wav")
			if err != nil {
				t.Fatal(err)
			}
			got, warnings, err := audio.DecodeWAV(file)
			if err != nil || len(warnings) > 0 {
				t.Fatalf("error %v, warnings %q", err, warnings)
			}
			if got.Rate != want.Rate || len(got.Samples) != len(want.Samples) {
				t.Fatalf("got %v, want %v", got, want)
			}
			for i, s := range got.Samples {
				// gain -6 is not quite half
				if d := distance(s, int16(float64(want.Samples[i])*1.00237)); d > test.tolerance+1 {
					t.Fatalf("sample %d = %d, want %d", i, s, want.Samples[i])
				}
			}
		})
	}
}

func TestEveryEncodingDecodesToItsExactValues(t *testing.T) {
	f32 := func(values ...float32) []byte {
		var b []byte
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		return b
	}
	f64 := func(values ...float64) []byte {
		var b []byte
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		return b
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		name   string
		format chunk
		data   []byte
		want   []int16
	}{
		{"8 bits are unsigned", plain(1, 8000, 8), []byte{0, 127, 128, 129, 255}, []int16{-32768, -256, 0, 256, 32512}},
		{"16 bits are exact", plain(1, 8000, 16), []byte{1, 0, 0xFF, 0xFF, 0, 0x80, 0xFF, 0x7F}, []int16{1, -1, -32768, 32767}},
		{"24 bits are rounded", plain(1, 8000, 24), []byte{0x7F, 1, 0, 0x81, 1, 0, 0xFF, 0xFF, 0x7F, 0, 0, 0x80}, []int16{1, 2, 32767, -32768}},
		{"32 bits are rounded", plain(1, 8000, 32), []byte{0, 0, 5, 0, 0xFF, 0xFF, 0xFF, 0x7F}, []int16{5, 32767}},
		{"float 32", fmtChunk(3, 1, 8000, 32, false), f32(0.5, -1, 1, 7), []int16{16384, -32768, 32767, 32767}},
		{"float 64 with values that are no sound", fmtChunk(3, 1, 8000, 64, false), f64(0.25, nan, inf, -inf), []int16{8192, 0, 32767, -32768}},
		{"mu-law", fmtChunk(7, 1, 8000, 8, false), []byte{0x00, 0x80, 0xFF}, []int16{-32124, 32124, 0}},
		{"A-law", fmtChunk(6, 1, 8000, 8, false), []byte{0x55, 0xD5}, []int16{-8, 8}},
		{"extensible 16 bits", fmtChunk(1, 1, 8000, 16, true), []byte{7, 0}, []int16{7}},
		{"extensible float", fmtChunk(3, 1, 8000, 32, true), f32(0.5), []int16{16384}},
		{"stereo is averaged", plain(2, 8000, 16), []byte{10, 0, 20, 0, 0xFF, 0x7F, 0x01, 0x80}, []int16{15, 0}},
		{"three channels of 8 bits", plain(3, 8000, 8), []byte{128, 131, 134, 128, 128, 128}, []int16{768, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, warnings, err := audio.DecodeWAV(riff("WAVE", test.format, data(test.data...)))
			if err != nil || len(warnings) > 0 {
				t.Fatalf("error %v, warnings %q", err, warnings)
			}
			if diff := cmp.Diff(test.want, got.Samples); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALengthThatTheWriterLeftOpenMeansUpToTheEnd(t *testing.T) {
	for _, size := range []uint32{0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF} {
		file := riff("WAVE", plain(1, 16000, 16), chunk{id: "data", body: []byte{1, 0, 2, 0}, lie: size})
		got, warnings, err := audio.DecodeWAV(file)
		if err != nil || len(warnings) > 0 || !cmp.Equal(got.Samples, []int16{1, 2}) {
			t.Errorf("size %#x: %v %q %v", size, got.Samples, warnings, err)
		}
	}
	zero := append(riff("WAVE", plain(1, 16000, 16), data()), 1, 0, 2, 0)
	got, warnings, err := audio.DecodeWAV(zero)
	if err != nil || len(warnings) > 0 || !cmp.Equal(got.Samples, []int16{1, 2}) {
		t.Errorf("size 0 with data behind: %v %q %v", got.Samples, warnings, err)
	}
}

func TestWhatIsMissingFromAFileIsWarnedOf(t *testing.T) {
	list := chunk{id: "LIST", body: []byte("INFOISFT\x04\x00\x00\x00test")}
	for _, test := range []struct {
		name    string
		file    []byte
		want    []int16
		warning string
	}{
		{"cut off", riff("WAVE", plain(1, 8000, 16), chunk{id: "data", body: []byte{1, 0, 2, 0}, lie: 1000}), []int16{1, 2}, "cut off: its header claims 1000 bytes of audio, 4 are there"},
		{"half a sample", riff("WAVE", plain(1, 8000, 16), data(1, 0, 2)), []int16{1}, "last 1 bytes"},
		{"half a frame", riff("WAVE", plain(2, 8000, 16), data(1, 0, 1, 0, 2, 0)), []int16{1}, "last 2 bytes"},
		{"no audio", riff("WAVE", plain(1, 8000, 16), data()), []int16{}, "no audio"},
		{"no audio, but other chunks behind", riff("WAVE", plain(1, 8000, 16), data(), list), []int16{}, "no audio"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, warnings, err := audio.DecodeWAV(test.file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Samples); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
			if len(warnings) != 1 || !strings.Contains(warnings[0], test.warning) {
				t.Errorf("warnings %q, want one with %q", warnings, test.warning)
			}
		})
	}
}

func TestOtherChunksAreSkippedWhateverTheirSize(t *testing.T) {
	file := riff("WAVE", chunk{id: "JUNK", body: []byte("odd")}, plain(1, 8000, 16), chunk{id: "LIST", body: make([]byte, 26)}, data(5, 0), chunk{id: "smpl", body: nil, lie: 1 << 30})
	got, warnings, err := audio.DecodeWAV(file)
	if err != nil || len(warnings) > 0 || !cmp.Equal(got.Samples, []int16{5}) {
		t.Errorf("%v %q %v", got.Samples, warnings, err)
	}
}

func TestFilesThatCannotBeDecodedAreRefusedWithAReason(t *testing.T) {
	unknownGUID := fmtChunk(1, 1, 8000, 16, true)
	unknownGUID.body[39] = 0
	wrongAlign := plain(2, 8000, 16)
	wrongAlign.body[12] = 3
	ima, err := os.ReadFile("testdata/sox/ima-adpcm.wav")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, want string
		file       []byte
	}{
		{"empty", "is empty", nil},
		{"text", `a file that begins with "hello"`, []byte("hello")},
		{"Ogg", "an Ogg file, not a WAV file", []byte("OggS\x00\x02")},
		{"MP3", "an MP3 file", []byte("ID3\x04")},
		{"MP4", "an MP4", []byte("\x00\x00\x00\x20ftypM4A ")},
		{"RIFX", "RIFX", []byte("RIFX\x00\x00\x00\x00WAVE")},
		{"RF64", "RF64", []byte("RF64\xff\xff\xff\xffWAVE")},
		{"AVI", "a RIFF file of another type", riff("AVI ", plain(1, 8000, 16), data(1, 0))},
		{"only a header", "no fmt chunk", riff("WAVE")},
		{"no data", "no data chunk", riff("WAVE", plain(1, 8000, 16))},
		{"data before fmt", "data chunk before its fmt chunk", riff("WAVE", data(1, 0), plain(1, 8000, 16))},
		{"short fmt", "12 bytes, fewer than 16", riff("WAVE", chunk{id: "fmt ", body: make([]byte, 12)}, data(1, 0))},
		{"fmt of 4 GiB", "cut off", riff("WAVE", chunk{id: "fmt ", body: make([]byte, 16), lie: 0xFFFF0001})},
		{"LIST of 1 GiB", "cut off", riff("WAVE", plain(1, 8000, 16), chunk{id: "LIST", lie: 1 << 30}, data(1, 0))},
		{"IMA ADPCM by SoX", "holds IMA ADPCM", ima},
		{"MP3 in WAV", "holds MP3", riff("WAVE", fmtChunk(0x55, 1, 8000, 16, false), data(1, 0))},
		{"unknown tag", "the format 0xABCD", riff("WAVE", fmtChunk(0xABCD, 1, 8000, 16, false), data(1, 0))},
		{"12 bits", "PCM of 12 bits", riff("WAVE", plain(1, 8000, 12), data(1, 0))},
		{"0 bits", "PCM of 0 bits", riff("WAVE", plain(1, 8000, 0), data(1, 0))},
		{"float of 16 bits", "float of 16 bits", riff("WAVE", fmtChunk(3, 1, 8000, 16, false), data(1, 0))},
		{"short extensible", "fewer than 40", riff("WAVE", fmtChunk(0xFFFE, 1, 8000, 16, false), data(1, 0))},
		{"unknown sub-format", "unknown sub-format", riff("WAVE", unknownGUID, data(1, 0))},
		{"no channels", "claims 0 channels", riff("WAVE", plain(0, 8000, 16), data(1, 0))},
		{"65535 channels", "claims 65535 channels", riff("WAVE", plain(65535, 8000, 16), data(1, 0))},
		{"rate 0", "sample rate of 0 Hz", riff("WAVE", plain(1, 0, 16), data(1, 0))},
		{"rate of a gigahertz", "sample rate of 1000000000 Hz", riff("WAVE", plain(1, 1e9, 16), data(1, 0))},
		{"frames that do not add up", "frames of 3 bytes", riff("WAVE", wrongAlign, data(1, 0, 1))},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := audio.DecodeWAV(test.file)
			if core.KindOf(err) != core.KindInput || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want an input error with %q", err, test.want)
			}
		})
	}
}

func TestAFileBeyondTheLimitIsRefusedUnread(t *testing.T) {
	_, _, err := audio.DecodeWAV(make([]byte, audio.MaxWAV+1))
	if core.KindOf(err) != core.KindInput || !strings.Contains(err.Error(), "more than") {
		t.Errorf("error %v, want an input error about the size", err)
	}
}

// allocated returns how many bytes f allocates. Other goroutines' allocations
// count too, so it takes the least of several runs.
func allocated(f func()) uint64 {
	least := uint64(math.MaxUint64)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// allowance is what a decoder may allocate for a file, whatever it claims.
func allowance(file []byte) uint64 { return 512<<10 + 4*uint64(len(file)) }

func TestNoHeaderMakesTheDecoderAllocateMoreThanAFewTimesTheFile(t *testing.T) {
	list := func(size uint32) chunk {
		body := append([]byte("INFOISFT"), binary.LittleEndian.AppendUint32(nil, size)...)
		return chunk{id: "LIST", body: body}
	}
	for _, test := range []struct {
		name string
		file []byte
	}{
		{"fmt of 4 GiB in 42 bytes", riff("WAVE", chunk{id: "fmt ", body: plain(1, 8000, 16).body, lie: 0xFFFF0001})},
		{"LIST of 1 GiB", riff("WAVE", plain(1, 8000, 16), chunk{id: "LIST", body: []byte("INFO"), lie: 1 << 30}, data(1, 0))},
		{"LIST entry of 1 GiB", riff("WAVE", plain(1, 8000, 16), list(1<<30), data(1, 0))},
		{"smpl of 1 GiB behind", riff("WAVE", plain(1, 8000, 16), data(1, 0), chunk{id: "smpl", lie: 1 << 30})},
		{"data of 4 GiB", riff("WAVE", plain(1, 8000, 16), chunk{id: "data", body: []byte{1, 0}, lie: 0xFFFFFFFE})},
		{"an honest 8-bit megabyte", riff("WAVE", plain(1, 8000, 8), data(make([]byte, 1<<20)...))},
		{"an honest mu-law megabyte", riff("WAVE", fmtChunk(7, 1, 8000, 8, false), data(make([]byte, 1<<20)...))},
	} {
		got := allocated(func() { _, _, _ = audio.DecodeWAV(test.file) })
		if limit := allowance(test.file); got > limit {
			t.Errorf("%s: allocated %d bytes for a file of %d, want at most %d", test.name, got, len(test.file), limit)
		}
	}
}

func TestWAVComesBackAsItWasEncoded(t *testing.T) {
	for _, want := range []audio.Clip{
		{Rate: 24000, Samples: []int16{0, 1, -1, math.MaxInt16, math.MinInt16}},
		{Rate: audio.MaxRate, Samples: []int16{7}},
		sine(440, 16000, 3*time.Second),
	} {
		got, warnings, err := audio.DecodeWAV(audio.EncodeWAV(want))
		if err != nil || len(warnings) > 0 {
			t.Fatalf("error %v, warnings %q", err, warnings)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("clip (-want +got):\n%s", diff)
		}
	}
}

func TestTheEncodedHeaderIsByteForByteAsTheFormatSays(t *testing.T) {
	got := audio.EncodeWAV(audio.Clip{Rate: 24000, Samples: []int16{1, -2}})
	want := []byte("RIFF\x28\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\xc0\x5d\x00\x00\x80\xbb\x00\x00\x02\x00\x10\x00data\x04\x00\x00\x00\x01\x00\xfe\xff")
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

func FuzzDecodeWAV(f *testing.F) {
	for _, bits := range []int{8, 16, 24, 32} {
		f.Add(riff("WAVE", plain(2, 16000, bits), data(make([]byte, 48)...)))
	}
	f.Add(riff("WAVE", fmtChunk(3, 1, 8000, 32, true), data(make([]byte, 16)...)))
	f.Add(riff("WAVE", fmtChunk(3, 1, 8000, 64, false), data(make([]byte, 16)...)))
	f.Add(riff("WAVE", fmtChunk(7, 1, 8000, 8, false), chunk{id: "data", body: make([]byte, 9), lie: 0xFFFFFFFF}))
	f.Add(riff("WAVE", chunk{id: "fmt ", body: plain(1, 8000, 16).body, lie: 0xFFFF0001}))
	f.Add(riff("WAVE", chunk{id: "LIST", body: []byte("INFOISFT\xff\xff\xff\x7f")}, plain(1, 8000, 16), data()))
	f.Fuzz(func(t *testing.T, file []byte) {
		var (
			clip audio.Clip
			err  error
		)
		decode := func() { clip, _, err = audio.DecodeWAV(file) }
		if got := allocated(decode); got > allowance(file) {
			t.Fatalf("allocated %d bytes for a file of %d", got, len(file))
		}
		if err != nil {
			if core.KindOf(err) != core.KindInput {
				t.Fatalf("error %v is not an input error", err)
			}
			return
		}
		if clip.Rate < audio.MinRate || clip.Rate > audio.MaxRate || len(clip.Samples) > len(file) {
			t.Fatalf("%v from %d bytes", clip, len(file))
		}
		again, _, err := audio.DecodeWAV(audio.EncodeWAV(clip))
		if err != nil || !cmp.Equal(again.Samples, clip.Samples) {
			t.Fatalf("the clip does not survive its own encoding: %v", err)
		}
	})
}

func BenchmarkDecodeOneMinute(b *testing.B) {
	file := audio.EncodeWAV(sine(440, 24000, time.Minute))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, _, err := audio.DecodeWAV(file); err != nil {
			b.Fatal(err)
		}
	}
}
