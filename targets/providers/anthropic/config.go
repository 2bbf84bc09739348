package anthropic

import (
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// Config is what a campaign writes under with:.
type Config struct {
	Endpoint string `json:"endpoint" format:"uri" env:"ANTHROPIC_BASE_URL" doc:"Base URL of the service, such as https://api.anthropic.com, with or without /v1."`
	Model    string `json:"model" required:"true" doc:"Model to talk to, such as claude-sonnet-4-5."`

	access.Config `env:"api_key=ANTHROPIC_API_KEY"`

	Stream        bool             `json:"stream" doc:"Whether replies are streamed: then the time to the first token is known, and what came before a cut is kept. Needed for a max_tokens of 21334 and more."`
	MaxTokens     int              `json:"max_tokens" min:"1" doc:"Limit of one reply in tokens, thinking included. The service requires one."`
	MaxReplyBytes int              `json:"max_reply_bytes" min:"1" doc:"Limit of one reply in bytes of text and tool calls; what is longer is cut off and marked as truncated."`
	Timeouts      service.Timeouts `json:"timeouts" doc:"How long to wait for what."`
	Tools         []tool.Tool      `json:"tools" doc:"Functions that the target may ask for; the campaign answers with tool_results."`
	ToolChoice    string           `json:"tool_choice" doc:"auto, none, required, or the name of the function that the target has to call; empty leaves it to the service."`
	Betas         []string         `json:"betas" doc:"Beta features that are asked for, sent in the header anthropic-beta."`
	Parameters    map[string]any   `json:"parameters" doc:"Further members of the request, sent as they are, such as {inference_geo: us}."`

	// Parameters that are sent only where the campaign names them.

	Temperature       *float64 `json:"temperature" min:"0" max:"1" doc:"Sampling temperature; not all models take it."`
	TopP              *float64 `json:"top_p" min:"0" max:"1" doc:"Probability mass of nucleus sampling; not all models take it."`
	TopK              *int     `json:"top_k" min:"1" doc:"Number of the most probable tokens among which is sampled; not all models take it."`
	StopSequences     []string `json:"stop_sequences" doc:"Texts at which the service ends the reply; they are not in it."`
	Thinking          Thinking `json:"thinking" doc:"How the target thinks."`
	Effort            string   `json:"effort" doc:"How much effort the target makes, such as low or high; empty leaves it to the service."`
	ServiceTier       string   `json:"service_tier" doc:"Processing tier of the service, such as auto or standard_only; empty leaves it to the service."`
	ParallelToolCalls *bool    `json:"parallel_tool_calls" doc:"Whether the target may call several functions at a time; left out, the service decides."`
	User              string   `json:"user" doc:"Identifier of the end user that is sent to the service."`
}

// Thinking says how the target thinks.
type Thinking struct {
	Type         string `json:"type" enum:"default,enabled,adaptive,disabled" doc:"Whether it thinks: with a budget of tokens (enabled), as much as it finds right (adaptive), or not; default leaves it to the service."`
	BudgetTokens int    `json:"budget_tokens" min:"0" doc:"Limit of the thinking in tokens, with type: enabled; at least 1024, and less than max_tokens."`
	Display      string `json:"display" doc:"What the service shows of it, such as summarized or omitted; empty leaves it to the service."`
}

// defaultConfig returns the values of keys that a campaign leaves out.
func defaultConfig() Config {
	return Config{
		Endpoint:      "https://api.anthropic.com",
		Stream:        true,
		MaxTokens:     4096,
		MaxReplyBytes: 32 << 20,
		Thinking:      Thinking{Type: "default"},
		Timeouts:      service.DefaultTimeouts(),
	}
}
