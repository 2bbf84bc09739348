package audio

import (
	"math"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// What has to be in a clip for a listener to hear words in it. A telephone line
// carries 300 to 3,400 Hz, and recognisers of speech hear up to 8,000 Hz.
const (
	lowestHeard   = 250.0 // Hz: less is hum, rumble and an offset
	highestHeard  = 8000.0
	faintestHeard = -70.0 // dBFS, the RMS of a frame within those frequencies
	frameHeard    = 10 * time.Millisecond
	// LeastHeard is the shortest sound in which there may be a word. The shortest
	// vowels last about as long; a click, with the filter's own ringing, half as long.
	LeastHeard = 60 * time.Millisecond
)

// Audible reports whether the clip has a sound in which there may be words: one of
// at least [LeastHeard] without a gap, above -70 dBFS between 250 and 8,000 Hz.
// Silence has none, and neither have an offset, a click, mains hum and ultrasound.
// It reads no further than the first such sound.
func (c Clip) Audible() bool { return c.longestHeard(LeastHeard) >= LeastHeard }

// LongestSound returns how long the longest sound of an audio value is, as
// [Clip.Audible] hears it, and stops at one of enough: 0 where nothing at all can be
// heard. Of a file that begins with a sound, only the beginning is decoded. Its errors
// are those of [FromValue].
func LongestSound(v core.Value, enough time.Duration) (time.Duration, error) {
	if err := checkWAV(v); err != nil {
		return 0, err
	}
	file, err := openWAV(v.Data)
	if err != nil {
		return 0, err
	}
	begun := file
	begun.data = file.data[:min(file.frames(), file.format.rate)*file.format.frameSize()] // a second
	clip, err := begun.decode()
	if err != nil {
		return 0, err
	}
	if longest := clip.longestHeard(enough); longest >= enough || len(begun.data) == len(file.data) {
		return longest, nil
	}
	if clip, _, err = DecodeWAV(v.Data); err != nil {
		return 0, err
	}
	return clip.longestHeard(enough), nil
}

// longestHeard returns how long the longest sound is, and stops at one of enough.
func (c Clip) longestHeard(enough time.Duration) time.Duration {
	frame := samplesIn(frameHeard, c.Rate)
	if frame == 0 || len(c.Samples) == 0 {
		return 0
	}
	band, least := newBand(c.Rate), math.Pow(10, faintestHeard/10)*float64(frame)
	offset := float64(c.Samples[0])
	var longest, run time.Duration
	for from := 0; from+frame <= len(c.Samples) && longest < enough; from += frame {
		var power float64
		for _, s := range c.Samples[from : from+frame] {
			y := band.next((float64(s) - offset) / fullScale)
			power += y * y
		}
		if run += frameHeard; power < least {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// band is a filter that lets the frequencies through in which speech is heard: a
// Butterworth filter of the tenth order at each end.
type band []section

// section is a filter of the second order in transposed direct form II.
type section struct {
	b0, b1, b2, a1, a2 float64
	s1, s2             float64
}

// sections is half the order of the filter at each end.
const sections = 5

func newBand(rate int) band {
	var b band
	for i := range sections {
		b = append(b, newSection(rate, lowestHeard, i, true))
	}
	for i := range sections {
		if 2*highestHeard < float64(rate) {
			b = append(b, newSection(rate, highestHeard, i, false))
		}
	}
	return b
}

// newSection returns a section of a high-pass or low-pass filter by the bilinear
// transform.
func newSection(rate int, hz float64, i int, isHigh bool) section {
	k := math.Tan(math.Pi * hz / float64(rate))
	damping := 2 * math.Sin(math.Pi*float64(2*i+1)/(4*sections))
	n := 1 / (1 + k*damping + k*k)
	s := section{b0: n, b1: -2 * n, b2: n, a1: 2 * (k*k - 1) * n, a2: (1 - k*damping + k*k) * n}
	if !isHigh {
		s.b0, s.b1, s.b2 = k*k*n, 2*k*k*n, k*k*n
	}
	return s
}

// next filters one amplitude.
func (b band) next(x float64) float64 {
	for i := range b {
		s := &b[i]
		y := s.b0*x + s.s1
		s.s1 = s.b1*x - s.a1*y + s.s2
		s.s2 = s.b2*x - s.a2*y
		x = y
	}
	return x
}
