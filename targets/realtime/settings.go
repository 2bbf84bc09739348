package realtime

import (
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
		MaxOutputTokens: c.MaxOutputTokens, ParallelToolCalls: c.ParallelToolCalls,
		Truncation: c.Truncation, ToolChoice: c.toolChoice(),
	}
	if c.Output == "audio" {
		session.Audio.Output = &audioOutput{Format: c.wanted(), Voice: voice(c.Voice), Speed: c.Speed}
	}
	if c.Truncation == "retention_ratio" {
		session.Truncation = retention{Type: c.Truncation, Ratio: c.RetentionRatio}
	}
	for _, tool := range c.Tools {
		session.Tools = append(session.Tools, toolConfig{
			Type: "function", Name: tool.Name, Description: tool.Description, Parameters: tool.Parameters,
		})
	}
	if c.ReasoningEffort != "default" {
		session.Reasoning = &reasoning{Effort: c.ReasoningEffort}
	}
	return session
}

func (c Config) audioInput() audioInput {
	in := audioInput{Format: c.wanted(), TurnDetection: c.TurnDetection.settings()}
	if c.NoiseReduction != "off" {
		in.NoiseReduction = &noiseReduction{Type: c.NoiseReduction}
	}
	if c.TranscriptionModel != "" {
		in.Transcription = &transcription{Model: c.TranscriptionModel, Language: c.TranscriptionLanguage, Prompt: c.TranscriptionPrompt}
	}
	return in
}

// wanted is the requested audio format.
func (c Config) wanted() format {
	switch c.AudioFormat {
	case "pcmu", "pcma":
		return format{Type: "audio/" + c.AudioFormat}
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

func (c Config) toolChoice() any {
	switch c.ToolChoice {
	case "":
		return nil
	case "auto", "none", "required":
		return c.ToolChoice
	}
	return toolName{Type: "function", Name: c.ToolChoice}
}
