package engine_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// How clip writes a character: as so many samples of an amplitude that tells which.
const (
	samplesOfRune = 80
	loudnessOf    = 100
)

// clip is a short sound whose amplitudes are the characters of a text.
func clip(text string, rate int) core.Value {
	c := audio.Clip{Rate: rate}
	for _, r := range text {
		for i := range samplesOfRune {
			c.Samples = append(c.Samples, int16(r)*loudnessOf*int16(1-i%2*2))
		}
	}
	return core.WAVValue(audio.EncodeWAV(c))
}

// listen transcribes what clip made.
func listen(_ context.Context, v core.Value) (core.Value, error) {
	c, _, err := audio.DecodeWAV(v.Data)
	if err != nil {
		return core.TextValue(v.Text()), nil
	}
	var text []rune
	for samples := range slices.Chunk(c.Samples, samplesOfRune) {
		text = append(text, rune(samples[0]/loudnessOf))
	}
	return core.TextValue(string(text)), nil
}

func TestASoundThatWasCutIsJudgedAsAWhole(t *testing.T) {
	played := func(v core.Value) core.Part { return core.Part{Value: v} }
	lost := func(v core.Value) core.Part { return core.Part{Value: v, Undelivered: true} }
	for name, test := range map[string]struct {
		parts   []core.Part
		outcome core.Outcome
		heard   []string
	}{
		"a phrase across the cut": {
			[]core.Part{played(clip("it is blue el", 8000)), lost(clip("even", 8000))},
			core.Succeeded,
			[]string{"it is blue eleven"},
		},
		"text in between": {
			[]core.Part{played(clip("it is blue el", 8000)), played(core.TextValue("hm")), lost(clip("even", 8000))},
			core.Succeeded,
			[]string{"it is blue eleven"},
		},
		"several": {
			[]core.Part{played(clip("one", 8000)), played(clip("two", 8000)), lost(clip("2", 8000)), lost(clip("3", 8000)), played(clip("four", 8000))},
			core.Defended,
			[]string{"one", "two23", "four"},
		},
		"nothing played":  {[]core.Part{lost(clip("well", 8000))}, core.Defended, []string{"well"}},
		"not a WAV":       {[]core.Part{played(core.WAVValue([]byte("blue el"))), lost(clip("even", 8000))}, core.Defended, []string{"blue el", "even"}},
		"two sound cards": {[]core.Part{played(clip("blue el", 8000)), lost(clip("even", 16000))}, core.Defended, []string{"blue el", "even"}},
	} {
		t.Run(name, func(t *testing.T) {
			cut := cutOff("")
			cut.Message.Parts = test.parts
			last := says("no")
			last.Message.Parts = []core.Part{played(clip("no", 8000))}
			s := newScene(t, &agent{exchange: func(context.Context, []core.Message) ([]core.Reply, error) {
				return []core.Reply{cut, last}, nil
			}})
			s.converter("listen", convert(listen))
			s.trial().Scorers = nil
			s.scoredBy("spoken", contains("blue eleven"), core.Audio, "listen")
			s.success("spoken")
			s.trial().Turns = strategy.Script{say("the code?"), over(say("now!"))}
			want(t, s.outcome(), test.outcome)
			var heard []string
			for _, v := range s.diary.recorded(s.trial().ID)[0].Scores[0].Judged {
				heard = append(heard, v.Text())
			}
			if diff := cmp.Diff(test.heard, heard); diff != "" {
				t.Errorf("judged (-want +got):\n%s", diff)
			}
		})
	}
}
