package anthropic

import (
	"errors"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/members"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// mostUnstreamed is the largest max_tokens for which the SDKs send a request without a
// stream: a longer reply may take more than ten minutes (anthropic-sdk-go v1.84.0,
// CalculateNonStreamingTimeout).
const mostUnstreamed = 21_333

// leastBudget is the smallest budget of thinking that the service takes
// (anthropic-sdk-go v1.84.0, ThinkingConfigEnabledParam).
const leastBudget = 1024

// Validate returns all errors of the configuration.
func (c Config) Validate() error {
	problems := slices.Concat(c.Check(c.ownHeader), c.checkLimits(), c.checkThinking(), c.checkParameters(), tool.Check(c.Tools, c.ToolChoice), c.Timeouts.Check())
	if _, err := c.endpoint(); err != nil {
		problems = append(problems, err)
	}
	if c.Model == "" {
		problems = append(problems, wrong("model", "a model is required"))
	}
	return errors.Join(problems...)
}

func (c Config) checkLimits() []error {
	var problems []error
	if c.MaxTokens < 1 {
		problems = append(problems, wrong("max_tokens", "%d is not a positive number of tokens", c.MaxTokens))
	}
	if !c.Stream && c.MaxTokens > mostUnstreamed {
		problems = append(problems, wrong("max_tokens", "%d tokens can only be streamed", c.MaxTokens).WithHint("leave out stream: false, or give at most %d", mostUnstreamed))
	}
	if c.MaxReplyBytes < 1 {
		problems = append(problems, wrong("max_reply_bytes", "%d is not a positive number of bytes", c.MaxReplyBytes))
	}
	return problems
}

func (c Config) checkThinking() []error {
	t := c.Thinking
	var problems []error
	switch {
	case t.Type == "enabled" && t.BudgetTokens < leastBudget:
		problems = append(problems, wrong("thinking.budget_tokens", "%d tokens, where the service takes at least %d", t.BudgetTokens, leastBudget))
	case t.Type == "enabled" && t.BudgetTokens >= c.MaxTokens:
		problems = append(problems, wrong("thinking.budget_tokens", "%d tokens are not less than max_tokens (%d)", t.BudgetTokens, c.MaxTokens))
	case t.Type != "enabled" && t.BudgetTokens != 0:
		problems = append(problems, wrong("thinking.budget_tokens", "a budget is given, and thinking.type is not enabled"))
	}
	if t.Display != "" && t.Type != "enabled" && t.Type != "adaptive" {
		problems = append(problems, wrong("thinking.display", "display says what is shown, and thinking.type is neither enabled nor adaptive"))
	}
	return problems
}

// taken are the members of a request that the target sets itself, and how.
func taken() map[string]string {
	return map[string]string{
		"messages": "they are the conversation",
		"system":   "it is the system prompt of the attack",
	}
}

func (c Config) checkParameters() []error {
	own, err := c.own()
	if err != nil {
		return []error{err}
	}
	problems := members.Check("parameters.", c.Parameters, taken(), func(name string) bool { return own[name] != nil || name == "stream" })
	if c.ParallelToolCalls != nil && c.ToolChoice == "none" {
		problems = append(problems, wrong("parallel_tool_calls", "no function may be called: tool_choice is none"))
	}
	return problems
}
