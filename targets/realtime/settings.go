package realtime

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// settings are all settings of a session. nil instructions leave those that the
// service is deployed with.
func (c Config) settings(instructions *string) sessionConfig {
	session := sessionConfig{
		Type: "realtime", Instructions: instructions, OutputModalities: []string{c.Output},
		Audio:           &audioConfig{Input: c.audioInput()},
		MaxOutputTokens: c.maxOutputTokens(), ParallelToolCalls: c.ParallelToolCalls,
		Truncation: c.truncation(), ToolChoice: c.toolChoice(), Prompt: c.Prompt.settings(),
		Include: c.Include, Tracing: c.tracing(),
	}
	if c.Output == "audio" {
		session.Audio.Output = &audioOutput{Format: c.asked(c.outputFormat()), Voice: voice(c.Voice), Speed: c.Speed}
	}
	for _, tool := range c.Tools {
		session.Tools = append(session.Tools, tool.settings())
	}
	if c.ReasoningEffort != "default" {
		session.Reasoning = &reasoning{Effort: c.ReasoningEffort}
	}
	return session
}

// maxOutputTokens is nil where the service decides.
func (c Config) maxOutputTokens() json.RawMessage {
	if string(c.MaxOutputTokens) == "0" {
		return nil
	}
	return c.MaxOutputTokens
}

func (c Config) truncation() any {
	if c.Truncation != "retention_ratio" {
		return c.Truncation
	}
	kept := retention{Type: c.Truncation, Ratio: c.RetentionRatio}
	if c.RetentionTokens > 0 {
		kept.Limits = &tokenLimits{PostInstructions: c.RetentionTokens}
	}
	return kept
}

func (p Prompt) settings() *promptConfig {
	if p.ID == "" {
		return nil
	}
	return &promptConfig{ID: p.ID, Version: p.Version, Variables: p.Variables}
}

// tracing is nil where the service decides.
func (c Config) tracing() json.RawMessage {
	if string(c.Tracing) == `"off"` {
		return json.RawMessage("null")
	}
	return c.Tracing
}

func (c Config) audioInput() audioInput {
	in := audioInput{Format: c.asked(c.inputFormat())}
	if c.CallID == "" || c.TurnDetection.on() {
		in.TurnDetection = c.TurnDetection.settings()
	}
	if c.NoiseReduction != "off" {
		in.NoiseReduction = &noiseReduction{Type: c.NoiseReduction}
	} else if c.CallID == "" {
		in.NoiseReduction = (*noiseReduction)(nil)
	}
	if c.TranscriptionModel != "" {
		in.Transcription = &transcription{
			Model: c.TranscriptionModel, Language: c.TranscriptionLanguage, Languages: c.TranscriptionLanguages,
			Keywords: c.TranscriptionKeywords, Prompt: c.TranscriptionPrompt, Delay: c.TranscriptionDelay,
		}
	}
	return in
}

// inputFormat is the requested format of the audio that is sent, outputFormat that
// of the replies.
func (c Config) inputFormat() format  { return wanted(c.AudioFormat) }
func (c Config) outputFormat() format { return wanted(cmp.Or(c.OutputFormat, c.AudioFormat)) }

// asked is the format that is asked for; nil where the call has one.
func (c Config) asked(f format) *format {
	if c.CallID != "" {
		return nil
	}
	return &f
}

func wanted(name string) format {
	switch name {
	case "pcmu", "pcma":
		return format{Type: "audio/" + name}
	}
	return format{Type: "audio/pcm", Rate: pcmRate}
}

func (d TurnDetection) settings() *turnDetection {
	if !d.on() {
		return nil
	}
	settings := &turnDetection{Type: d.Mode, CreateResponse: d.CreateResponse, InterruptResponse: d.InterruptResponse}
	if d.Mode == "semantic_vad" {
		settings.Eagerness = d.Eagerness
		return settings
	}
	settings.Threshold = d.Threshold
	settings.PrefixPaddingMS = milliseconds(d.PrefixPadding)
	settings.SilenceDurationMS = milliseconds(d.SilenceDuration)
	settings.IdleTimeoutMS = milliseconds(d.IdleTimeout)
	return settings
}

func milliseconds(d core.Duration) int64 { return d.Std().Milliseconds() }

// answers reports whether the service responds to detected turns without a
// request.
func (d TurnDetection) answers() bool { return d.on() && d.CreateResponse }

// longestSilence is the longest silence after which the service detects the end of a
// turn.
func (d TurnDetection) longestSilence() time.Duration {
	switch {
	case d.Mode == "semantic_vad" && d.Eagerness == "low":
		return 8 * time.Second
	case d.Mode == "semantic_vad":
		return 4 * time.Second
	case d.SilenceDuration > 0:
		return d.SilenceDuration.Std()
	}
	return 500 * time.Millisecond
}

// voice returns a voice as the protocol writes it: custom ones are objects.
func voice(name string) any {
	switch {
	case name == "":
		return nil
	case strings.HasPrefix(name, "voice_"):
		return map[string]string{"id": name}
	}
	return name
}
