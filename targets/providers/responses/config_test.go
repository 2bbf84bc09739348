package responses

import (
	"errors"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// withEndpoint is a configuration that is whole.
func withEndpoint(address string) Config {
	c := defaultConfig()
	c.Endpoint, c.Model, c.APIKey, c.InsecurePlain = address, "m", "sk", true
	return c
}

func TestAnAddressLeadsToTheResponsesOfTheService(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.openai.com":                                             "https://api.openai.com/v1",
		"https://api.openai.com/v1/":                                         "https://api.openai.com/v1",
		"https://api.openai.com/v1/responses":                                "https://api.openai.com/v1",
		"https://gateway.example/team/v1?a=1":                                "https://gateway.example/team/v1 a=1",
		"https://contoso.openai.azure.com":                                   "https://contoso.openai.azure.com/openai/v1",
		"https://contoso.openai.azure.com/openai/v1/responses":               "https://contoso.openai.azure.com/openai/v1",
		"https://contoso.openai.azure.com?api-version=2025-03-01-preview":    "https://contoso.openai.azure.com/openai api-version=2025-03-01-preview",
		"https://contoso.openai.azure.com/openai/responses?api-version=2025": "https://contoso.openai.azure.com/openai api-version=2025",
	} {
		e, err := withEndpoint(address).endpoint()
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if got := strings.TrimSpace(e.Base.String() + " " + e.Query.Encode()); got != want {
			t.Errorf("%s leads to %s, want %s", address, got, want)
		}
	}
}

func TestAnAddressOfAnotherProtocolSaysWhichTargetSpeaksIt(t *testing.T) {
	for address, hint := range map[string]string{
		"wss://api.openai.com/v1/realtime":                      "use: realtime",
		"https://api.openai.com/v1/chat/completions":            "use: chat",
		"https://api.anthropic.com/v1/messages":                 "use: anthropic",
		"https://contoso.openai.azure.com/openai/deployments/d": "as model",
	} {
		_, err := withEndpoint(address).endpoint()
		if e, ok := errors.AsType[*core.Error](err); !ok || e.Field != "endpoint" || !strings.Contains(e.Hint, hint) {
			t.Errorf("%s: %v (%s), want the hint %q", address, err, core.HintOf(err), hint)
		}
	}
}

func TestAConfigurationSaysAllThatIsWrongWithIt(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		says   string
	}{
		"no model":             {func(c *Config) { c.Model = "" }, "a model is required"},
		"no address":           {func(c *Config) { c.Endpoint = "nowhere" }, "endpoint"},
		"no room":              {func(c *Config) { c.MaxReplyBytes = 0 }, "max_reply_bytes"},
		"no time":              {func(c *Config) { c.Timeouts.Turn = 0 }, "timeouts.turn"},
		"negative time":        {func(c *Config) { c.Timeouts.Quiet = -1 }, "timeouts.quiet"},
		"another choice":       {func(c *Config) { c.ToolChoice = "dial" }, "tool_choice"},
		"stored":               {func(c *Config) { c.Parameters = map[string]any{"store": true} }, "parameters.store"},
		"a parameter twice":    {func(c *Config) { c.Temperature, c.Parameters = new(float64), map[string]any{"temperature": 1} }, "given twice"},
		"a tool without type":  {func(c *Config) { c.HostedTools = []map[string]any{{"name": "x"}} }, "has a type"},
		"a function as hosted": {func(c *Config) { c.HostedTools = []map[string]any{{"type": "function"}} }, "no hosted tool"},
		"a computer":           {func(c *Config) { c.HostedTools = []map[string]any{{"type": "mcp"}, {"type": "computer"}} }, "hosted_tools[1].type"},
		"no key":               {func(c *Config) { c.Endpoint, c.APIKey = "https://api.openai.com/v1", "" }, "api_key"},
	} {
		c := withEndpoint("http://127.0.0.1:1")
		test.change(&c)
		if err := c.Validate(); core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
	whole := withEndpoint("http://127.0.0.1:1")
	whole.HostedTools = []map[string]any{{"type": "mcp"}, {"type": "web_search"}}
	if err := whole.Validate(); err != nil {
		t.Errorf("a whole one: %v", err)
	}
}

func TestAParameterOfTheProtocolIsToldByItsKey(t *testing.T) {
	c := withEndpoint("http://127.0.0.1:1")
	c.Temperature, c.ReasoningEffort, c.Verbosity = new(float64), "low", "low"
	c.HostedTools = []map[string]any{{"type": "web_search"}}
	c.Parameters = map[string]any{"top_logprobs": 2}
	for name, want := range map[string]string{
		"temperature": "temperature", "model": "model", "top_logprobs": "parameters.top_logprobs", "tools[0].type": "tools",
		"reasoning.effort": "reasoning_effort", "reasoning.summary": "reasoning_summary", "text.format.schema": "text_format", "text.verbosity": "verbosity",
		"input[2].content": "", "store": "", "reasoning": "", "top_p": "", "": "",
	} {
		if got := c.keyOf(name); got != want {
			t.Errorf("%q is at %q, want %q", name, got, want)
		}
	}
}
