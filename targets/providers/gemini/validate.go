package gemini

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/members"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// Validate returns all errors of the configuration.
func (c Config) Validate() error {
	problems := slices.Concat(c.Check(c.ownHeader), c.checkParameters(), tool.Check(c.Tools, c.ToolChoice), c.Timeouts.Check())
	if _, err := c.endpoint(); err != nil {
		problems = append(problems, err)
	}
	if c.Model == "" {
		problems = append(problems, wrong("model", "a model is required"))
	}
	if strings.ContainsAny(c.Model, "?#&:%") || strings.Contains(c.Model, "..") {
		problems = append(problems, wrong("model", "%q is not the name of a model", c.Model).WithHint("write it as in gemini-3.5-flash"))
	}
	if c.MaxReplyBytes < 1 {
		problems = append(problems, wrong("max_reply_bytes", "%d is not a positive number of bytes", c.MaxReplyBytes))
	}
	return errors.Join(problems...)
}

// taken are the members of a request that the target sets itself, and how.
func taken() map[string]string {
	return map[string]string{
		"contents":          "they are the conversation",
		"systemInstruction": "it is the system prompt of the attack",
		"model":             "give it as model",
	}
}

func (c Config) checkParameters() []error {
	var problems []error
	own, err := c.own()
	if err != nil {
		return []error{err}
	}
	problems = append(problems, twice("parameters.", c.Parameters, own.beside)...)
	if value, ok := c.Parameters[generationName]; ok {
		if generation, ok := value.(map[string]any); !ok {
			problems = append(problems, wrong("parameters."+generationName, "generationConfig is not an object").WithHint("as in {logprobs: 2}"))
		} else {
			problems = append(problems, twice("parameters."+generationName+".", generation, own.generation)...)
			if _, ok := generation["candidateCount"]; ok {
				problems = append(problems, wrong("parameters."+generationName+".candidateCount", "the parameter cannot be set").WithHint("one answer is judged; several trials are several answers"))
			}
		}
	}
	if c.Seed != nil && c.SeedPerTrial {
		problems = append(problems, wrong("seed_per_trial", "both seed and seed_per_trial are given"))
	}
	if c.Thinking.Budget != nil && c.Thinking.Level != "" {
		problems = append(problems, wrong("thinking.level", "both thinking.budget and thinking.level are given").WithHint("models take one of them"))
	}
	if c.Voice != "" && !slices.Contains(c.ResponseModalities, "audio") {
		problems = append(problems, wrong("voice", "a voice is given, and response_modalities has no audio"))
	}
	return problems
}

// twice returns what is wrong with further members of a request: those that the
// target sets itself, and those that have a key of their own.
func twice(at string, further map[string]any, own map[string]json.RawMessage) []error {
	return members.Check(at, further, taken(), func(name string) bool { return own[name] != nil })
}
