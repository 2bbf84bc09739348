package wstarget

import (
	"encoding/json"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestOnlyAPlaceholderTellsTheSystemPrompt(t *testing.T) {
	for name, test := range map[string]struct {
		message string
		told    bool
	}{
		"a placeholder":                    {`{"text": "$(prompt)", "system": "$(system_prompt)"}`, true},
		"a placeholder with JSON's escape": {`{"text": "$(prompt)", "system": "\u0024(system_prompt)"}`, true},
		"a placeholder within a text":      {`"be so: $(system_prompt)"`, true},
		"a literal":                        {`{"text": "$(prompt)", "note": "$$(system_prompt)"}`, false},
		"none":                             {`{"text": "$(prompt)"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := defaultConfig()
			c.Greeting = new(bool)
			c.URL, c.Message = "ws://127.0.0.1:1/", []json.RawMessage{json.RawMessage(test.message)}
			p, err := compile(c)
			if err != nil {
				t.Fatal(err)
			}
			err = p.carries(core.Start{SystemPrompt: "Be short."})
			if told := err == nil; told != test.told {
				t.Errorf("the system prompt is told: %v, want %v (%v)", told, test.told, err)
			}
		})
	}
}
