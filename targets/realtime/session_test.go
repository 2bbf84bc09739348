package realtime

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWhatTheServiceMakesOfTheSettingsIsComparedByMeaning(t *testing.T) {
	c := defaultConfig()
	c.Voice, c.TranscriptionModel, c.MaxOutputTokens = "voice_1", "ears", json.RawMessage("100")
	c.Tools = []Tool{{Name: "look_up", Parameters: map[string]any{"type": "object"}}}
	prompt := "Be brief."
	asked := c.settings(&prompt)
	for name, test := range map[string]struct {
		said string
		says string // part of the only warning; "" for none
	}{
		"nothing":          {`{}`, ""},
		"no session":       {``, ""},
		"as asked":         {`{"instructions":"Be brief.","truncation":"disabled","audio":{"input":{"turn_detection":null,"transcription":{"model":"ears"}}}}`, ""},
		"more than asked":  {`{"id":"sess_1","audio":{"input":{"transcription":{"model":"ears","language":"en"}}}}`, ""},
		"voice, spaced":    {`{"audio":{"output":{"voice":{ "id" : "voice_1" }}}}`, ""},
		"another voice":    {`{"audio":{"output":{"voice":"alloy"}}}`, `set audio.output.voice to "alloy", not to {"id":"voice_1"}`},
		"instructions":     {`{"instructions":"Be long."}`, "changed the system prompt"},
		"modality":         {`{"output_modalities":["text"]}`, `set output_modalities to ["text"], not to ["audio"]`},
		"turn detection":   {`{"audio":{"input":{"turn_detection":{"type":"server_vad"}}}}`, "turn detection on"},
		"noise reduction":  {`{"audio":{"input":{"noise_reduction":{"type":"near_field"}}}}`, "set audio.input.noise_reduction to"},
		"no transcription": {`{"audio":{"input":{"transcription":null}}}`, "does not transcribe"},
		"another ear":      {`{"audio":{"input":{"transcription":{"model":"x"}}}}`, `set audio.input.transcription.model to "x"`},
		"truncation":       {`{"truncation":"auto"}`, "forget the oldest turns"},
		"limit":            {`{"max_output_tokens":"inf"}`, `set max_output_tokens to "inf", not to 100`},
		"tools, completed": {`{"tools":[{"type":"function","name":"look_up","strict":true}]}`, ""},
		"tools, gone":      {`{"tools":[]}`, "set tools to []"},
		"format":           {`{"audio":{"input":{"format":{"type":"audio/pcmu"}}}}`, `set audio.input.format.type to "audio/pcmu"`},
	} {
		t.Run(name, func(t *testing.T) {
			said, err := readEcho(json.RawMessage(test.said))
			if err != nil {
				t.Fatal(err)
			}
			got, err := said.differences(asked)
			if err != nil {
				t.Fatal(err)
			}
			if test.says == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || test.says == "" || !strings.Contains(got[0], test.says) {
				t.Errorf("warnings %q, want %q", got, test.says)
			}
		})
	}
}

// idle is a machine that wants nothing and never ends.
type idle struct{}

func (idle) on(*serverEvent) (send []any, changed bool) { return nil, false }
func (idle) tell(signal, time.Time) []any               { return nil }
func (idle) due(time.Time) (due time.Time)              { return due }
func (idle) done() bool                                 { return false }

func TestOnlyALastErrorEventIsBlamedForALostConnection(t *testing.T) {
	const limited = `{"type":"error","error":{"code":"rate_limit_exceeded"}}`
	for name, test := range map[string]struct {
		after []string // events that come after the error event
		blame bool
	}{
		"nothing after": {nil, true},
		"a reply after": {[]string{`{"type":"response.created"}`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &socket{dialect: compatible(), err: io.EOF}
			s.deliver([]byte(limited)) // nobody listens yet
			s.subscribe(idle{})
			for frame := range slices.Values(test.after) {
				s.deliver([]byte(frame))
			}
			if got := strings.Contains(s.lost().Error(), "rate_limit_exceeded"); got != test.blame {
				t.Errorf("%v", s.lost())
			}
		})
	}
}
