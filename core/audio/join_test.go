package audio_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

func TestJoinedClipsFollowEachOther(t *testing.T) {
	for _, test := range []struct {
		name  string
		clips []audio.Clip
		want  audio.Clip
	}{
		{"none", nil, audio.Clip{}},
		{"one", []audio.Clip{{Rate: 8000, Samples: []int16{1, 2}}}, audio.Clip{Rate: 8000, Samples: []int16{1, 2}}},
		{"three", []audio.Clip{{Rate: 8000, Samples: []int16{1}}, {Rate: 8000}, {Rate: 8000, Samples: []int16{2, 3}}}, audio.Clip{Rate: 8000, Samples: []int16{1, 2, 3}}},
		{"the first without a rate", []audio.Clip{{}, {Rate: 8000, Samples: []int16{1}}}, audio.Clip{Rate: 8000, Samples: []int16{1}}},
	} {
		if diff := cmp.Diff(test.want, audio.Join(test.clips...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestJoinedClipsGetTheRateOfTheFirst(t *testing.T) {
	got := audio.Join(audio.Silence(time.Second, 24000), sine(440, 16000, 500*time.Millisecond), audio.Silence(time.Second, 8000))
	if got.Rate != 24000 || got.Duration() != 2500*time.Millisecond {
		t.Fatalf("joined %v, want 2.5 s at 24 kHz", got)
	}
	tone := audio.Clip{Rate: got.Rate, Samples: got.Samples[24000:36000]}
	if level := tone.Tone(440); level < -6.1 || level > -5.9 {
		t.Errorf("the tone in the middle is at %.2f dBFS, want -6.02", level)
	}
}

func TestJoiningLeavesTheClipsAlone(t *testing.T) {
	first := audio.Clip{Rate: 8000, Samples: make([]int16, 2, 10)}
	second := audio.Clip{Rate: 8000, Samples: []int16{5}}
	joined := audio.Join(first, second)
	joined.Samples[0], joined.Samples[2] = 9, 9
	if !slices.Equal(first.Samples[:3], []int16{0, 0, 0}) || second.Samples[0] != 5 {
		t.Errorf("the clips have become %v and %v", first.Samples[:3], second.Samples)
	}
}
