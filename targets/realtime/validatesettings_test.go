package realtime

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestASettingThatCannotBeRightIsRefusedAtItsPlace(t *testing.T) {
	type change = func(*Config)
	ears := func(c *Config) { c.TranscriptionModel = "ears" }
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	tests := map[string]struct {
		change change
		place  string // "" for none
		says   string
	}{
		"a prompt without its id":     {func(c *Config) { c.Prompt.Version = "2" }, "prompt.id", "needs its id"},
		"a variable that is a number": {func(c *Config) { c.Prompt = Prompt{ID: "p", Variables: map[string]json.RawMessage{"n": raw("3")}} }, "prompt.variables.n", "neither a text"},
		"a variable that is null":     {func(c *Config) { c.Prompt = Prompt{ID: "p", Variables: map[string]json.RawMessage{"n": raw("null")}} }, "prompt.variables.n", "neither a text"},
		"a variable of an unknown type": {func(c *Config) {
			c.Prompt = Prompt{ID: "p", Variables: map[string]json.RawMessage{"n": raw(`{"type":"input_smell"}`)}}
		}, "prompt.variables.n.type", `"input_smell"`},
		"a variable with an unknown key": {func(c *Config) {
			c.Prompt = Prompt{ID: "p", Variables: map[string]json.RawMessage{"n": raw(`{"type":"input_text","txt":"x"}`)}}
		}, "prompt.variables.n.txt", "unknown key"},
		"a variable with a value of a type": {func(c *Config) {
			c.Prompt = Prompt{ID: "p", Variables: map[string]json.RawMessage{"n": raw(`{"type":"input_text","text":1}`)}}
		}, "prompt.variables.n.text", "number"},
		"an image as a variable": {func(c *Config) {
			c.Prompt = Prompt{ID: "p", Variables: map[string]json.RawMessage{"n": raw(`{"type":"input_image","file_id":"f"}`)}}
		}, "", ""},
		"something unknown to include":    {func(c *Config) { ears(c); c.Include = []string{"everything"} }, "include[0]", `"everything"`},
		"to include without a transcript": {func(c *Config) { c.Include = []string{includeLogprobs} }, "include", "no transcription_model"},
		"to include":                      {func(c *Config) { ears(c); c.Include = []string{includeLogprobs} }, "", ""},
		"more tokens than a reply has":    {func(c *Config) { c.MaxOutputTokens = raw("4097") }, "max_output_tokens", "4097"},
		"fewer tokens than none":          {func(c *Config) { c.MaxOutputTokens = raw("-1") }, "max_output_tokens", "-1"},
		"half a token":                    {func(c *Config) { c.MaxOutputTokens = raw("1.5") }, "max_output_tokens", "1.5"},
		"tokens in words":                 {func(c *Config) { c.MaxOutputTokens = raw(`"many"`) }, "max_output_tokens", "many"},
		"tokens of null":                  {func(c *Config) { c.MaxOutputTokens = raw("null") }, "max_output_tokens", "null"},
		"all tokens there are":            {func(c *Config) { c.MaxOutputTokens = raw(`"inf"`) }, "", ""},
		"a limit of a conversation kept":  {func(c *Config) { c.RetentionTokens = 10 }, "retention_tokens", "retention_ratio"},
		"a limit below nothing":           {func(c *Config) { c.RetentionTokens = -1 }, "retention_tokens", "-1"},
		"traces by another word":          {func(c *Config) { c.Tracing = raw(`"on"`) }, "tracing", `"on"`},
		"traces with an unknown key":      {func(c *Config) { c.Tracing = raw(`{"workflow":"x"}`) }, "tracing.workflow", "unknown key"},
		"traces with a number as name":    {func(c *Config) { c.Tracing = raw(`{"workflow_name":1}`) }, "tracing.workflow_name", "number"},
		"a language without a model":      {func(c *Config) { c.TranscriptionLanguage = "en" }, "transcription_language", "no transcription_model"},
		"languages without a model":       {func(c *Config) { c.TranscriptionLanguages = []string{"en"} }, "transcription_languages", "no transcription_model"},
		"keywords without a model":        {func(c *Config) { c.TranscriptionKeywords = []string{"x"} }, "transcription_keywords", "no transcription_model"},
		"a text without a model":          {func(c *Config) { c.TranscriptionPrompt = "x" }, "transcription_prompt", "no transcription_model"},
		"a delay without a model":         {func(c *Config) { c.TranscriptionDelay = "low" }, "transcription_delay", "no transcription_model"},
		"a delay that there is not":       {func(c *Config) { ears(c); c.TranscriptionDelay = "later" }, "transcription_delay", `"later"`},
		"a language and languages":        {func(c *Config) { ears(c); c.TranscriptionLanguage, c.TranscriptionLanguages = "en", []string{"de"} }, "transcription_languages", "transcription_language is given"},
		"a language by its name":          {func(c *Config) { ears(c); c.TranscriptionLanguages = []string{"en", "German"} }, "transcription_languages[1]", `"German"`},
		"an empty keyword":                {func(c *Config) { ears(c); c.TranscriptionKeywords = []string{"x", " "} }, "transcription_keywords[1]", "empty"},
		"keywords of a model without":     {func(c *Config) { c.TranscriptionModel, c.TranscriptionKeywords = "gpt-realtime-whisper", []string{"x"} }, "transcription_keywords", "gpt-realtime-whisper does not take it"},
		"a delay of a model without":      {func(c *Config) { c.TranscriptionModel, c.TranscriptionDelay = "gpt-transcribe", "low" }, "transcription_delay", "gpt-transcribe does not take it"},
		"a text of a model without":       {func(c *Config) { c.TranscriptionModel, c.TranscriptionPrompt = "gpt-realtime-whisper", "x" }, "transcription_prompt", "gpt-realtime-whisper does not take it"},
		"keywords of a model with":        {func(c *Config) { c.TranscriptionModel, c.TranscriptionKeywords = "gpt-live-transcribe", []string{"x"} }, "", ""},
		"a delay of a model with":         {func(c *Config) { c.TranscriptionModel, c.TranscriptionDelay = "gpt-realtime-whisper", "xhigh" }, "", ""},
		"keywords of a deployment": {func(c *Config) {
			c.Provider, c.TranscriptionModel, c.TranscriptionKeywords = "azure", "gpt-realtime-whisper", []string{"x"}
		}, "", ""},
		"a format that there is not": {func(c *Config) { c.OutputFormat = "mp3" }, "output_audio_format", `"mp3"`},
		"a stored prompt of xAI":     {func(c *Config) { c.Provider, c.Prompt.ID = "xai", "p" }, "prompt", "xai has no such setting"},
		"traces of xAI":              {func(c *Config) { c.Provider, c.Tracing = "xai", raw(`"auto"`) }, "tracing", "xai has no such setting"},
		"a call of xAI":              {func(c *Config) { c.Provider, c.CallID = "xai", "rtc_1" }, "call_id", "xai has no such setting"},
		"a call":                     {func(c *Config) { c.CallID = "rtc_1" }, "", ""},
		"a call in the URL":          {func(c *Config) { c.Endpoint = "wss://api.openai.com/v1?call_id=rtc_1" }, "endpoint", "the call is in the URL"},
		"how sure xAI was":           {func(c *Config) { ears(c); c.Provider, c.Include = "xai", []string{includeLogprobs} }, "include", "xai has no such setting"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := configured("wss://api.openai.com/v1")
			test.change(&c)
			err := c.Validate()
			if test.place == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if core.KindOf(err) != core.ErrorConfig || !strings.HasPrefix(err.Error(), test.place+": ") || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want one of %s that says %q", err, test.place, test.says)
			}
		})
	}
}
