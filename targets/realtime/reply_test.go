package realtime

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// collected feeds frames to a reply, and a response.done at last.
func collected(t *testing.T, limit int, frames ...string) *reply {
	t.Helper()
	r := &reply{limit: limit}
	for _, frame := range frames {
		event, err := scanned([]byte(frame), ids{})
		if err != nil {
			t.Fatal(err)
		}
		if event.Type == eventResponseDone {
			r.complete(event.Response.Output)
			continue
		}
		if err := r.add(&event); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestSeveralItemsOfOneResponseAreKeptApartAndInOrder(t *testing.T) {
	call := `{"id":"i2","type":"function_call","call_id":"c1","name":"look_up","arguments":"{\"q\":1}"}`
	r := collected(
		t, 1000,
		`{"type":"response.output_text.delta","item_id":"i1","delta":"one moment"}`,
		`{"type":"response.output_item.done","item":`+call+`}`,
		`{"type":"response.output_text.delta","item_id":"i3","content_index":1,"delta":"sec"}`,
		`{"type":"response.output_text.delta","item_id":"i3","delta":"first"}`,
		`{"type":"response.output_text.delta","item_id":"i3","content_index":1,"delta":"ond"}`,
		`{"type":"response.done","response":{"output":[{"id":"i1","type":"message","content":[{"type":"output_text","text":"one moment"}]},`+call+
			`,{"id":"i4","type":"message","content":[{"type":"output_text","text":"last"}]}]}}`,
	)
	got, err := r.message(defaultConfig().outputFormat(), forever)
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) core.Part { return core.Part{Value: core.TextValue(s)} }
	want := core.Message{Role: core.Assistant, Parts: []core.Part{
		text("one moment"),
		{Value: core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: []byte(`{"arguments":"{\"q\":1}","call_id":"c1","name":"look_up"}`)}},
		text("second"), text("first"), text("last"),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if remarks := r.remarks("text"); len(remarks) > 0 {
		t.Errorf("remarks: %q", remarks)
	}
}

func TestTheFinalTextStandsAboveTheDeltasAndThoseAboveResponseDone(t *testing.T) {
	const (
		delta = `{"type":"response.output_audio_transcript.delta","item_id":"i","delta":"delta"}`
		final = `{"type":"response.output_audio_transcript.done","item_id":"i","transcript":"final"}`
		done  = `{"type":"response.done","response":{"output":[{"id":"i","type":"message","content":[{"type":"output_audio","transcript":"done"}]}]}}`
	)
	tests := map[string]struct {
		frames []string
		want   string
		agree  bool
	}{
		"all":           {[]string{delta, final, done}, "final", false},
		"no final":      {[]string{delta, done}, "delta", false},
		"done alone":    {[]string{done}, "done", true},
		"deltas alone":  {[]string{delta}, "delta", true},
		"final, deltas": {[]string{delta, final}, "final", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := collected(t, 1000, test.frames...)
			if got := r.pieces[0].text(); got != test.want {
				t.Errorf("text %q, want %q", got, test.want)
			}
			if got := !r.pieces[0].disagrees(); got != test.agree {
				t.Errorf("agree: %t, want %t", got, test.agree)
			}
		})
	}
}

func TestAudioIsSavedInTheFormatTheServiceUses(t *testing.T) {
	// The frame has 8 bytes: four samples of PCM, or eight of G.711.
	const frame = `{"type":"response.output_audio.delta","item_id":"i","delta":"AAECAwQFBgc="}`
	tests := map[string]struct {
		echo    *format
		rate    int
		samples int
	}{
		"nothing said":          {nil, 24000, 4},
		"as asked":              {&format{Type: "audio/pcm", Rate: 24000}, 24000, 4},
		"PCM without a rate":    {&format{Type: "audio/pcm"}, 24000, 4},
		"another rate":          {&format{Type: "audio/pcm", Rate: 16000}, 16000, 4},
		"mu-law for telephones": {&format{Type: "audio/pcmu"}, 8000, 8},
		"A-law for telephones":  {&format{Type: "audio/pcma"}, 8000, 8},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			output, err := negotiated(defaultConfig().outputFormat(), test.echo)
			if err != nil {
				t.Fatal(err)
			}
			m, err := collected(t, 1000, frame).message(output, forever)
			if err != nil {
				t.Fatal(err)
			}
			clip, _, err := audio.DecodeWAV(m.Parts[0].Data)
			if err != nil || clip.Rate != test.rate || len(clip.Samples) != test.samples {
				t.Errorf("%d samples at %d Hz (%v), want %d at %d", len(clip.Samples), clip.Rate, err, test.samples, test.rate)
			}
		})
	}
	for _, echo := range []format{{Type: "audio/opus"}, {Type: "audio/pcm", Rate: -1}, {Type: "audio/pcm", Rate: 1 << 30}} {
		if _, err := negotiated(defaultConfig().outputFormat(), &echo); err == nil {
			t.Errorf("%+v was accepted", echo)
		}
	}
}

func TestHalfASampleAtTheEndOfAudioIsDropped(t *testing.T) {
	m, err := collected(t, 1000, `{"type":"response.output_audio.delta","item_id":"i","delta":"AAEC"}`).message(defaultConfig().outputFormat(), forever)
	if err != nil {
		t.Fatal(err)
	}
	if clip, _, err := audio.DecodeWAV(m.Parts[0].Data); err != nil || len(clip.Samples) != 1 {
		t.Errorf("%d samples, %v", len(clip.Samples), err)
	}
}
