package audio_test

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// allocated returns how many bytes f allocates. Other goroutines' allocations
// count too, so what is above the limit is measured again.
func allocated(limit uint64, f func()) uint64 {
	least := uint64(math.MaxUint64)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		if least = min(least, after.TotalAlloc-before.TotalAlloc); least <= limit {
			break
		}
	}
	return least
}

// allowance is how many bytes the decoder may allocate for a file.
func allowance(file []byte) uint64 { return 16*uint64(len(file)) + 64<<10 }

func TestNoFileMakesTheDecoderAllocateMoreThanAFewTimesItsSize(t *testing.T) {
	files := sampleFiles(t)
	for _, s := range append(specimens(), greedy()...) {
		files[s.name] = s.file
	}
	for name, file := range files {
		limit := allowance(file)
		if got := allocated(limit, func() { _, _, _ = audio.DecodeWAV(file) }); got > limit {
			t.Errorf("%s: allocated %d bytes for a file of %d, want at most %d", name, got, len(file), limit)
		}
	}
}

// greedy returns files that are large, or that need the most memory for each of
// their bytes.
func greedy() []specimen {
	million := make([]byte, 1<<20)
	pieces := []chunk{plain(1, 8000, 8)}
	for range 10_000 {
		pieces = append(pieces, data(1, 2))
	}
	pieces = append(pieces, data(million...), data(million...))
	empty := []chunk{plain(1, 8000, 8)}
	for range 10_000 {
		empty = append(empty, data())
	}
	odd := []chunk{plain(16, 8000, 32)}
	for range 10_000 {
		odd = append(odd, data(1))
	}
	headers := []chunk{mono()}
	for range 1_000 {
		headers = append(headers, chunk{id: "LIST"}, mono())
	}
	list := []specimen{
		{name: "audio in very many pieces", file: riff("WAVE", pieces...)},
		{name: "very many empty pieces", file: riff("WAVE", empty...)},
		{name: "very many pieces of one byte", file: riff("WAVE", odd...)},
		{name: "very many headers", file: riff("WAVE", headers...)},
		{name: "a text of a million letters", file: []byte(strings.Repeat("x", 1<<20))},
	}
	for _, f := range []struct {
		name   string
		format chunk
	}{
		{"8 bits", plain(1, 8000, 8)},
		{"16 bits", plain(1, 8000, 16)},
		{"24 bits", plain(1, 8000, 24)},
		{"32 bits", plain(1, 8000, 32)},
		{"16 channels of 8 bits", plain(16, 8000, 8)},
		{"float of 32 bits", fmtChunk(3, 1, 8000, 32)},
		{"float of 64 bits", fmtChunk(3, 1, 8000, 64)},
		{"A-law", fmtChunk(6, 1, 8000, 8)},
		{"mu-law", fmtChunk(7, 1, 8000, 8)},
	} {
		for _, size := range []int{8, 1 << 10, 1 << 20} {
			list = append(list, specimen{
				name: fmt.Sprintf("%d bytes of %s", size, f.name),
				file: riff("WAVE", f.format, data(make([]byte, size)...)),
			})
		}
	}
	return list
}

func TestAChangeOfRateAllocatesLittleMoreThanTheNewSamples(t *testing.T) {
	const beside = 2 << 20
	for _, test := range []struct{ from, to, samples int }{
		{4000, 24000, 100_000},
		{8000, 24000, 100_000},
		{48000, 24000, 100_000},
		{48000, 24000, 1},
		{48000, 24000, 0},
		{4000, 384000, 2_000},
		{384000, 4000, 10_000},
		{383999, 4000, 10_000}, // no common divisor: every offset occurs
		{4001, 384000, 2_000},
		{383999, 4000, 1},
		{192000, 191999, 10_000},
	} {
		c := audio.Clip{Rate: test.from, Samples: make([]int16, test.samples)}
		var out audio.Clip
		limit := 2*uint64(test.samples)*uint64(test.to)/uint64(test.from) + beside
		got := allocated(limit, func() { out = c.Resample(test.to) })
		if got > limit {
			t.Errorf("%v to %d Hz: allocated %d bytes beside %d samples, want at most %d", c, test.to, got, len(out.Samples), limit)
		}
	}
}
