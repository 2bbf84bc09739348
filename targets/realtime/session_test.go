package realtime

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestWhatTheServiceMakesOfTheSettingsIsComparedByMeaning(t *testing.T) {
	c := &conversation{config: defaultConfig()}
	c.config.Voice, c.config.TranscriptionModel = "voice_1", "ears"
	asked := c.sessionUpdate("Be brief.").Session
	for name, test := range map[string]struct {
		echo string
		says string // part of the only warning; "" for none
	}{
		"nothing":          {`{}`, ""},
		"as asked":         {`{"instructions":"Be brief.","truncation":"disabled","audio":{"input":{"turn_detection":null,"transcription":{"model":"ears"}}}}`, ""},
		"voice, spaced":    {`{"audio":{"output":{"voice":{ "id" : "voice_1" }}}}`, ""},
		"another voice":    {`{"audio":{"output":{"voice":"alloy"}}}`, `uses voice "alloy", not {"id":"voice_1"}`},
		"turn detection":   {`{"audio":{"input":{"turn_detection":{"type":"server_vad"}}}}`, "turn detection on"},
		"no transcription": {`{"audio":{"input":{"transcription":null}}}`, "does not transcribe"},
		"truncation":       {`{"truncation":"auto"}`, "forget the oldest turns"},
	} {
		t.Run(name, func(t *testing.T) {
			var echo sessionEcho
			if err := json.Unmarshal([]byte(test.echo), &echo); err != nil {
				t.Fatal(err)
			}
			got := ignored(asked, echo)
			if test.says == "" && len(got) == 0 {
				return
			}
			if len(got) != 1 || test.says == "" || !strings.Contains(got[0], test.says) {
				t.Errorf("warnings %q, want %q", got, test.says)
			}
		})
	}
}

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
			s := &socket{frames: make(chan []byte, buffers), free: make(chan []byte, buffers), err: io.EOF}
			s.deliver([]byte(limited)) // nobody listens yet
			s.listen()
			for frame := range slices.Values(test.after) {
				s.deliver([]byte(frame))
			}
			if got := strings.Contains(s.lost().Error(), "rate_limit_exceeded"); got != test.blame {
				t.Errorf("%v", s.lost())
			}
		})
	}
}
