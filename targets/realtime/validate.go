package realtime

import (
	"errors"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Validate returns all errors of the configuration.
func (c Config) Validate() error {
	e, err := c.endpoint()
	problems := slices.Concat(c.checkChoices(), c.checkRanges(), c.checkCredentials(), c.checkTools(), c.checkStored(), c.checkTranscription(), c.Timeouts.check())
	if err != nil {
		problems = append(problems, err)
	} else {
		problems = append(problems, c.checkDialect(e.dialect)...)
	}
	return errors.Join(problems...)
}

// checkDialect returns the settings that a service does not have, and without which
// another target would be attacked, or something not be told that was asked for.
func (c Config) checkDialect(d dialect) []error {
	var problems []error
	if c.Output == "text" && d.onlySpeaks {
		problems = append(problems, wrong("output", "%s has no replies in text alone", d.name).WithHint("leave it out; the transcript is in every reply"))
	}
	for _, setting := range []struct {
		key   string
		given bool
	}{
		{"prompt", c.Prompt.ID != ""}, {"include", len(c.Include) > 0}, {"tracing", len(c.Tracing) > 0}, {"call_id", c.CallID != ""},
	} {
		if setting.given && slices.Contains(d.lacks, setting.key) {
			problems = append(problems, wrong(setting.key, "%s has no such setting", d.name).WithHint("leave it out"))
		}
	}
	return problems
}

// wrong returns what is wrong with a key.
func wrong(key, format string, args ...any) *core.Error {
	return core.Errorf(core.ErrorConfig, format, args...).At(key)
}

// checkChoices checks the keys with a fixed set of values. The schema has
// already checked a configuration from a campaign.
func (c Config) checkChoices() []error {
	var problems []error
	for _, key := range []struct {
		name, value string
		allowed     []string
	}{
		{"provider", c.Provider, []string{"", "auto", "openai", "azure", "xai", "compatible"}},
		{"output", c.Output, []string{"audio", "text"}},
		{"audio_format", c.AudioFormat, []string{"pcm", "pcmu", "pcma"}},
		{"truncation", c.Truncation, []string{"disabled", "auto", "retention_ratio"}},
		{"noise_reduction", c.NoiseReduction, []string{"off", "near_field", "far_field"}},
		{"reasoning_effort", c.ReasoningEffort, []string{"default", "minimal", "low", "medium", "high", "xhigh"}},
		{"turn_detection.mode", c.TurnDetection.Mode, []string{"off", "server_vad", "semantic_vad"}},
		{"output_audio_format", c.OutputFormat, []string{"", "pcm", "pcmu", "pcma"}},
		{"transcription_delay", c.TranscriptionDelay, []string{"", "minimal", "low", "medium", "high", "xhigh"}},
		{"turn_detection.eagerness", c.TurnDetection.Eagerness, []string{"auto", "low", "medium", "high"}},
	} {
		if !slices.Contains(key.allowed, key.value) {
			problems = append(problems, wrong(key.name, "%q is not one of %q", key.value, key.allowed))
		}
	}
	if c.Model == "" {
		problems = append(problems, wrong("model", "a model is required"))
	}
	return problems
}

func (c Config) checkRanges() []error {
	var problems []error
	if c.MaxReplyBytes < 1 {
		problems = append(problems, wrong("max_reply_bytes", "%d is not a positive number of bytes", c.MaxReplyBytes))
	}
	if c.Speed != 0 && (c.Speed < 0.25 || c.Speed > 1.5) {
		problems = append(problems, wrong("speed", "%g is not from 0.25 to 1.5, nor 0 for the service's own", c.Speed))
	}
	if c.Truncation == "retention_ratio" && (c.RetentionRatio <= 0 || c.RetentionRatio > 1) {
		problems = append(problems, wrong("retention_ratio", "%g is not more than 0 and at most 1", c.RetentionRatio))
	}
	if c.Reconnects < 0 {
		problems = append(problems, wrong("reconnects", "%d is not a number of tries", c.Reconnects))
	}
	if c.Rollover < 0 {
		problems = append(problems, wrong("rollover", "%s is not a time before something", c.Rollover))
	}
	return append(problems, c.checkTurnDetection()...)
}

func (c Config) checkTurnDetection() []error {
	d, problems := c.TurnDetection, []error(nil)
	if d.Threshold < 0 || d.Threshold > 1 {
		problems = append(problems, wrong("turn_detection.threshold", "%g is not from 0 to 1", d.Threshold))
	}
	for _, setting := range []struct {
		key   string
		given bool
	}{
		{"threshold", d.Threshold != 0},
		{"prefix_padding", d.PrefixPadding != 0},
		{"silence_duration", d.SilenceDuration != 0},
		{"idle_timeout", d.IdleTimeout != 0},
	} {
		if setting.given && d.Mode != "server_vad" {
			problems = append(problems, wrong("turn_detection."+setting.key, "a setting of server_vad, but the mode is %q", d.Mode).
				WithHint("leave it out, or set mode: server_vad"))
		}
	}
	if d.Mode != "semantic_vad" && d.Eagerness != "auto" {
		problems = append(problems, wrong("turn_detection.eagerness", "a setting of semantic_vad, but the mode is %q", d.Mode).
			WithHint("leave it out, or set mode: semantic_vad"))
	}
	return problems
}

// checkCredentials checks the keys of access.Config, and those that build on
// them.
func (c Config) checkCredentials() []error {
	problems := c.Check(reserved)
	if c.EphemeralKey && c.APIKey == "" {
		problems = append(problems, wrong("ephemeral_key", "a short-lived key is asked for with api_key, which is not given"))
	}
	return problems
}

func (t Timeouts) check() []error {
	var problems []error
	for _, timeout := range []struct {
		name  string
		value core.Duration
	}{
		{"connect", t.Connect},
		{"session", t.Session},
		{"first_event", t.FirstEvent},
		{"quiet", t.Quiet},
		{"turn", t.Turn},
		{"cancel", t.Cancel},
		{"transcript", t.Transcript},
		{"alive", t.Alive},
	} {
		if timeout.value <= 0 {
			problems = append(problems, wrong("timeouts."+timeout.name, "%s is not a positive duration", timeout.value))
		}
	}
	return problems
}
