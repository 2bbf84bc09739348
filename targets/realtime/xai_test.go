package realtime

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestASessionOfXAIHasItsOwnForm(t *testing.T) {
	c := configured("https://api.x.ai/v1")
	c.Voice, c.TranscriptionModel, c.MaxOutputTokens, c.ReasoningEffort = "eve", "ears", json.RawMessage("100"), "low"
	c.TurnDetection.Mode = "server_vad"
	c.Tools = []Tool{{Name: "look_up", Parameters: map[string]any{"type": "object"}}}
	prompt := "Be brief."
	for name, test := range map[string]struct {
		settings sessionConfig
		want     string
	}{
		"at the beginning": {c.settings(&prompt), `{
			"instructions": "Be brief.", "voice": "eve",
			"turn_detection": {"type": "server_vad", "create_response": true, "interrupt_response": true},
			"tools": [{"type": "function", "name": "look_up", "parameters": {"type": "object"}}],
			"audio": {
				"input": {"format": {"type": "audio/pcm", "rate": 24000}, "transcription": {"model": "ears"}},
				"output": {"format": {"type": "audio/pcm", "rate": 24000}}
			}
		}`},
		"another system prompt": {sessionConfig{Type: "realtime", Instructions: &prompt}, `{"instructions": "Be brief."}`},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := c.endpoint()
			if err != nil {
				t.Fatal(err)
			}
			encoded, err := json.Marshal(e.dialect.session(test.settings))
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(encoded, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("session (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADialectTranslatesWhatIsSentAndRead(t *testing.T) {
	// The seam for services with another protocol.
	d := compatible()
	d.encode = func(event any) ([]byte, error) {
		if _, ok := event.(itemDelete); ok {
			return nil, nil // it has no such message
		}
		return []byte(`{"hello":"there"}`), nil
	}
	if frame, err := d.encode(itemDelete{}); frame != nil || err != nil {
		t.Errorf("%s, %v", frame, err)
	}
	s := deadSocket(t)
	s.dialect = d
	if err := s.send(t.Context(), itemDelete{}); err != nil {
		t.Errorf("an event that the service does not have was sent all the same: %v", err)
	}
}
