package realtime

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxTokens is the protocol's limit on the tokens of one reply.
const maxTokens = 4096

// checkStored checks what the service keeps of its own: the stored prompt and the
// traces, with the limits on tokens.
func (c Config) checkStored() []error {
	problems := slices.Concat(c.Prompt.check(), c.checkTracing(), c.checkTokens())
	for i, name := range c.Include {
		if name != includeLogprobs {
			problems = append(problems, wrong(fmt.Sprintf("include[%d]", i), "%q is not %s", name, includeLogprobs))
		}
	}
	return problems
}

// includeLogprobs asks how sure the service was of what it heard.
const includeLogprobs = "item.input_audio_transcription.logprobs"

func (c Config) checkTokens() []error {
	var problems []error
	if raw := string(c.MaxOutputTokens); raw != "" && raw != `"inf"` {
		var n int
		if err := json.Unmarshal(c.MaxOutputTokens, &n); err != nil || n < 0 || n > maxTokens || raw == "null" {
			problems = append(problems, wrong("max_output_tokens", "%s is neither from 1 to %d nor inf, nor 0 for the service's own", raw, maxTokens))
		}
	}
	switch {
	case c.RetentionTokens < 0:
		problems = append(problems, wrong("retention_tokens", "%d is not a number of tokens", c.RetentionTokens))
	case c.RetentionTokens > 0 && c.Truncation != "retention_ratio":
		problems = append(problems, wrong("retention_tokens", "a setting of truncation: retention_ratio, but the truncation is %q", c.Truncation).
			WithHint("leave it out, or set truncation: retention_ratio"))
	}
	return problems
}

// check checks a stored prompt. The values of its variables are texts, or objects
// whose members depend on their type.
func (p Prompt) check() []error {
	var problems []error
	if p.ID == "" && (p.Version != "" || len(p.Variables) > 0) {
		problems = append(problems, wrong("prompt.id", "a stored prompt needs its id, such as pmpt_123"))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		if err := checkVariable("prompt.variables."+name, p.Variables[name]); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

// checkVariable returns what is wrong with the value of a prompt's variable; nil if
// nothing is.
func checkVariable(key string, value json.RawMessage) error {
	if err := json.Unmarshal(value, new(string)); err == nil && string(value) != "null" {
		return nil
	}
	var object struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(value, &object); err != nil || len(value) == 0 || value[0] != '{' {
		return wrong(key, "%s is neither a text nor an object with a type", value).WithHint("write a number in quotes")
	}
	var problem error
	switch object.Type {
	case "input_text":
		problem = decodeStrictly(key, value, &struct {
			Type string `json:"type"`
			Text string `json:"text"`
		}{})
	case "input_image":
		problem = decodeStrictly(key, value, &struct {
			Type     string `json:"type"`
			Detail   string `json:"detail"`
			FileID   string `json:"file_id"`
			ImageURL string `json:"image_url"`
		}{})
	case "input_file":
		problem = decodeStrictly(key, value, &struct {
			Type     string `json:"type"`
			Detail   string `json:"detail"`
			FileData string `json:"file_data"`
			FileID   string `json:"file_id"`
			FileURL  string `json:"file_url"`
			Filename string `json:"filename"`
		}{})
	default:
		problem = wrong(key+".type", "%q is not input_text, input_image or input_file", object.Type)
	}
	return problem
}

// decodeStrictly decodes a setting that has several forms. Its errors name the key
// within the setting.
func decodeStrictly(key string, value json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		return nil
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if mismatch.Field != "" {
			key += "." + mismatch.Field
		}
		return wrong(key, "a %s where a %s is expected", mismatch.Value, kindName(mismatch.Type.Kind().String()))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return wrong(key+"."+strings.Trim(name, `"`), "unknown key %s", name)
	}
	return wrong(key, "%w", err)
}

// kindName returns a kind of Go values as campaigns call it.
func kindName(kind string) string {
	switch kind {
	case "struct", "map":
		return "mapping"
	case "slice":
		return "list"
	case "bool":
		return "true or false"
	}
	return kind
}

func (c Config) checkTracing() []error {
	switch string(c.Tracing) {
	case "", "null", `"off"`, `"auto"`:
		return nil
	}
	if c.Tracing[0] != '{' {
		return []error{wrong("tracing", "%s is not off, auto or {workflow_name, group_id, metadata}", c.Tracing)}
	}
	err := decodeStrictly("tracing", c.Tracing, &struct {
		WorkflowName string         `json:"workflow_name"`
		GroupID      string         `json:"group_id"`
		Metadata     map[string]any `json:"metadata"`
	}{})
	if err != nil {
		return []error{err}
	}
	return nil
}

// languageCode matches the codes of ISO 639 that transcription models take.
var languageCode = regexp.MustCompile(`^[a-z]{2,3}$`)

// checkTranscription checks the settings of what the service hears. None has an
// effect without a model.
func (c Config) checkTranscription() []error {
	var problems []error
	for _, setting := range []struct {
		key   string
		given bool
		// models are those of OpenAI that take it; nil for all.
		models []string
	}{
		{"transcription_language", c.TranscriptionLanguage != "", nil},
		{"transcription_languages", len(c.TranscriptionLanguages) > 0, []string{"gpt-transcribe", "gpt-live-transcribe"}},
		{"transcription_keywords", len(c.TranscriptionKeywords) > 0, []string{"gpt-transcribe", "gpt-live-transcribe"}},
		{"transcription_prompt", c.TranscriptionPrompt != "", nil},
		{"transcription_delay", c.TranscriptionDelay != "", []string{"gpt-realtime-whisper"}},
		{"include", len(c.Include) > 0, nil},
	} {
		switch {
		case !setting.given:
		case c.TranscriptionModel == "":
			problems = append(problems, wrong(setting.key, "a setting of the transcript of what is heard, for which no transcription_model is given").
				WithHint("give one, such as transcription_model: gpt-transcribe"))
		case setting.models != nil && c.isOpenAIsTranscriber() && !slices.Contains(setting.models, c.TranscriptionModel):
			problems = append(problems, wrong(setting.key, "%s does not take it", c.TranscriptionModel).
				WithHint("leave it out, or use %s", strings.Join(setting.models, " or ")))
		case setting.key == "transcription_prompt" && c.TranscriptionModel == "gpt-realtime-whisper":
			problems = append(problems, wrong(setting.key, "gpt-realtime-whisper does not take it").WithHint("leave it out"))
		}
	}
	return append(problems, c.checkTranscriptionValues()...)
}

// isOpenAIsTranscriber reports whether OpenAI is asked for one of its own models, of
// which it says what they take. Azure's names are those of deployments.
func (c Config) isOpenAIsTranscriber() bool {
	e, err := c.endpoint()
	return err == nil && e.dialect.name == "openai" &&
		slices.ContainsFunc([]string{"gpt-transcribe", "gpt-live-transcribe", "gpt-realtime-whisper", "gpt-4o-", "whisper-"}, func(known string) bool {
			return c.TranscriptionModel == known || strings.HasSuffix(known, "-") && strings.HasPrefix(c.TranscriptionModel, known)
		})
}

func (c Config) checkTranscriptionValues() []error {
	var problems []error
	if c.TranscriptionLanguage != "" && len(c.TranscriptionLanguages) > 0 {
		problems = append(problems, wrong("transcription_languages", "transcription_language is given, too").WithHint("give one of them"))
	}
	for i, code := range c.TranscriptionLanguages {
		if !languageCode.MatchString(code) {
			problems = append(problems, wrong(fmt.Sprintf("transcription_languages[%d]", i), "%q is not an ISO 639 code, such as en", code))
		}
	}
	for i, word := range c.TranscriptionKeywords {
		if strings.TrimSpace(word) == "" {
			problems = append(problems, wrong(fmt.Sprintf("transcription_keywords[%d]", i), "a keyword must not be empty"))
		}
	}
	return problems
}
