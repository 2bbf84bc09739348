package realtimetest_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestSettingsAreEchoedWithTheirDefaults(t *testing.T) {
	tests := map[string]struct {
		settings, want string
		path           []string
	}{
		"at first":            {``, `true`, []string{"parallel_tool_calls"}},
		"truncation":          {`"truncation":"disabled"`, `"disabled"`, []string{"truncation"}},
		"retention ratio":     {`"truncation":{"type":"retention_ratio","retention_ratio":0.8}`, `{"type":"retention_ratio","retention_ratio":0.8}`, []string{"truncation"}},
		"token limits":        {`"truncation":{"type":"retention_ratio","retention_ratio":1,"token_limits":{"post_instructions":8000}}`, `{"type":"retention_ratio","retention_ratio":1,"token_limits":{"post_instructions":8000}}`, []string{"truncation"}},
		"noise reduction":     {`"audio":{"input":{"noise_reduction":{"type":"near_field"}}}`, `{"type":"near_field"}`, []string{"audio", "input", "noise_reduction"}},
		"no noise reduction":  {`"audio":{"input":{"noise_reduction":null}}`, `null`, []string{"audio", "input", "noise_reduction"}},
		"transcription":       {`"audio":{"input":{"transcription":{"model":"ears","language":"en"}}}`, `{"model":"ears","language":"en"}`, []string{"audio", "input", "transcription"}},
		"transcription model": {`"audio":{"input":{"transcription":{}}}`, `{"model":"gpt-transcribe"}`, []string{"audio", "input", "transcription"}},
		"reasoning":           {`"reasoning":{"effort":"xhigh"}`, `{"effort":"xhigh"}`, []string{"reasoning"}},
		"no parallel calls":   {`"parallel_tool_calls":false`, `false`, []string{"parallel_tool_calls"}},
		"speed":               {`"audio":{"output":{"speed":1.5}}`, `1.5`, []string{"audio", "output", "speed"}},
		"custom voice":        {`"audio":{"output":{"voice":{"id":"voice_1"}}}`, `{"id":"voice_1"}`, []string{"audio", "output", "voice"}},
		"include":             {`"include":["item.input_audio_transcription.logprobs"]`, `["item.input_audio_transcription.logprobs"]`, []string{"include"}},
		"tracing":             {`"tracing":"auto"`, `"auto"`, []string{"tracing"}},
		"traced group":        {`"tracing":{"group_id":"g","metadata":{}}`, `{"group_id":"g","metadata":{}}`, []string{"tracing"}},
		"prompt":              {`"prompt":{"id":"pmpt_1"}`, `{"id":"pmpt_1","version":null}`, []string{"prompt"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := connected(t, realtimetest.Options{})
			session := `"type":"realtime"`
			if test.settings != "" {
				session += "," + test.settings
			}
			c.send(`{"type":"session.update","session":{` + session + `}}`)
			var want any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			got := c.expect("session.updated").at(append([]string{"session"}, test.path...)...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSettingsThatCannotBeAreRefused(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	for settings, code := range map[string]string{
		`"truncation":"often"`:                                          "invalid_value",
		`"truncation":{"type":"retention_ratio"}`:                       "missing_required_parameter",
		`"truncation":{"retention_ratio":0.5}`:                          "missing_required_parameter",
		`"truncation":{"type":"retention_ratio","retention_ratio":1.5}`: "invalid_value",
		`"truncation":{"type":"x","retention_ratio":0.5}`:               "invalid_value",
		`"truncation":null`:                                             "invalid_type",
		`"audio":null`:                                                  "invalid_type",
		`"audio":{"input":{"noise_reduction":{"type":"no_field"}}}`:     "invalid_value",
		`"audio":{"input":{"noise_reduction":{}}}`:                      "missing_required_parameter",
		`"audio":{"input":{"transcription":{"model":1}}}`:               "invalid_type",
		`"audio":{"input":{"transcription":{"model":"m","speed":1}}}`:   "unknown_parameter",
		`"audio":{"output":{"speed":2}}`:                                "invalid_value",
		`"audio":{"output":{"volume":2}}`:                               "unknown_parameter",
		`"audio":{"output":{"voice":{"id":"alloy"}}}`:                   "invalid_value",
		`"reasoning":{"effort":"heroic"}`:                               "invalid_value",
		`"parallel_tool_calls":"yes"`:                                   "invalid_type",
		`"include":["everything"]`:                                      "invalid_value",
		`"include":"everything"`:                                        "invalid_type",
		`"tracing":{"group":"g"}`:                                       "unknown_parameter",
		`"prompt":{"version":"1"}`:                                      "missing_required_parameter",
		`"instructions":7`:                                              "invalid_type",
		`"output_modalities":"audio"`:                                   "invalid_type",
		`"id":"sess_mine"`:                                              "unknown_parameter",
	} {
		t.Run(settings, func(t *testing.T) {
			c.send(`{"type":"session.update","session":{"type":"realtime",` + settings + `}}`)
			c.expectError(code)
		})
	}
	t.Run("another type", func(t *testing.T) {
		c.send(`{"type":"session.update","session":{"type":"transcription"}}`)
		c.expectError("invalid_value")
	})
}
