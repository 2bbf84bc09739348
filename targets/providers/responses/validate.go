package responses

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// Validate returns all errors of the configuration.
func (c Config) Validate() error {
	problems := slices.Concat(c.Check(nil), c.checkParameters(), tool.Check(c.Tools, c.ToolChoice), c.checkHosted(), c.Timeouts.Check())
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
		"input":                "it is the conversation",
		"instructions":         "give the attack a system_prompt",
		"model":                "give it as model",
		"stream":               "give it as stream",
		"store":                "nothing is stored: all items are sent with each request",
		"previous_response_id": "all items are sent with each request, so that history can be edited",
		"conversation":         "all items are sent with each request, so that history can be edited",
		"background":           "a reply is waited for",
		"truncation":           "it is disabled: a service that drops messages would be judged by a conversation that it has not seen",
		"include":              "the target asks for encrypted reasoning",
		"reasoning":            "give it as reasoning_effort and reasoning_summary",
		"text":                 "give it as text_format and verbosity",
		"tools":                "give functions as tools, others as hosted_tools",
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
	return problems
}

// checkHosted refuses tools whose calls the client has to carry out.
func (c Config) checkHosted() []error {
	var problems []error
	for i, t := range c.HostedTools {
		kind, _ := t["type"].(string)
		key := fmt.Sprintf("hosted_tools[%d].type", i)
		switch kind {
		case "":
			problems = append(problems, wrong(key, "a hosted tool has a type").WithHint("such as web_search or mcp"))
		case "function", "custom":
			problems = append(problems, wrong(key, "a %s is no hosted tool", kind).WithHint("give functions under tools"))
		case "computer", "computer_use_preview", "local_shell", "apply_patch":
			problems = append(problems, wrong(key, "the calls of %s have to be carried out by the client, which no campaign can", kind))
		}
	}
	return problems
}
