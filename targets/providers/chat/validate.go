package chat

import (
	"errors"
	"maps"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// Validate returns all errors of the configuration.
func (c Config) Validate() error {
	problems := slices.Concat(c.Check(nil), c.checkParameters(), tool.Check(c.Tools, c.ToolChoice), c.Timeouts.Check())
	if _, err := c.endpoint(); err != nil {
		problems = append(problems, err)
	}
	if c.Model == "" {
		problems = append(problems, wrong("model", "a model is required"))
	}
	if c.MaxReplyBytes < 1 {
		problems = append(problems, wrong("max_reply_bytes", "%d is not a positive number of bytes", c.MaxReplyBytes))
	}
	return errors.Join(problems...)
}

// taken are the parameters that the target sets itself, and how.
func taken() map[string]string {
	return map[string]string{
		"messages":       "they are the conversation",
		"model":          "give it as model",
		"stream":         "give it as stream",
		"stream_options": "the target asks for the usage of streamed replies",
		"n":              "one answer is judged; several trials are several answers",
	}
}

func (c Config) checkParameters() []error {
	var problems []error
	own := c.parametersGiven()
	for _, name := range slices.Sorted(maps.Keys(c.Parameters)) {
		if hint, ok := taken()[name]; ok {
			problems = append(problems, wrong("parameters."+name, "the parameter cannot be set").WithHint("%s", hint))
		} else if slices.Contains(own, name) {
			problems = append(problems, wrong("parameters."+name, "the parameter is given twice").WithHint("leave it out here: there is a key %s", name))
		}
	}
	if c.Seed != nil && c.SeedPerTrial {
		problems = append(problems, wrong("seed_per_trial", "both seed and seed_per_trial are given"))
	}
	if c.MaxTokens != nil && c.MaxCompletionTokens != nil {
		problems = append(problems, wrong("max_tokens", "both max_tokens and max_completion_tokens are given").WithHint("services take one of them"))
	}
	if len(c.Stop) > 4 {
		problems = append(problems, wrong("stop", "%d texts, where services take at most 4", len(c.Stop)))
	}
	if c.speaks() && c.Audio.Voice == "" {
		problems = append(problems, wrong("audio.voice", "no voice is given, and modalities has audio").WithHint("such as alloy"))
	}
	if c.speaks() && c.Stream && c.audioFormat() != "pcm16" {
		problems = append(problems, wrong("audio.format", "%s cannot be streamed", c.audioFormat()).WithHint("leave it out, or set stream: false"))
	}
	return problems
}
