package responses

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// Config is what a campaign writes under with:.
type Config struct {
	Endpoint string `json:"endpoint" format:"uri" env:"OPENAI_BASE_URL" doc:"Base URL of the service, such as https://api.openai.com/v1, https://NAME.openai.azure.com or http://127.0.0.1:11434."`
	Provider string `json:"provider" enum:"auto,openai,azure,compatible" doc:"Whose service it is, which decides how the key is sent and whether its word is taken for the end of a reply; auto tells by the host."`
	Model    string `json:"model" required:"true" doc:"Model to talk to; on Azure the name of the deployment."`

	access.Config `env:"api_key=OPENAI_API_KEY"`

	Stream        bool             `json:"stream" doc:"Whether replies are streamed: then the time to the first token is known, and what came before a cut is kept."`
	SystemRole    string           `json:"system_role" enum:"instructions,system,developer" doc:"Where the system prompt is sent: as the instructions of the request, or as its first message in one of these roles."`
	ThinkTags     string           `json:"think_tags" enum:"split,split_unopened,keep" doc:"What is done with <think>…</think> at the beginning of a reply: kept apart as reasoning, also where only its end is there, or left in the text."`
	MaxReplyBytes int              `json:"max_reply_bytes" min:"1" doc:"Limit of one reply in bytes of text and tool calls; what is longer is cut off and marked as truncated."`
	Timeouts      service.Timeouts `json:"timeouts" doc:"How long to wait for what."`
	Tools         []tool.Tool      `json:"tools" doc:"Functions that the target may ask for; the campaign answers with tool_results."`
	HostedTools   []map[string]any `json:"hosted_tools" doc:"Tools that the service carries out itself, sent as they are, such as {type: web_search} or an MCP server."`
	ToolChoice    string           `json:"tool_choice" doc:"auto, none, required, or the name of the function that the target has to call; empty leaves it to the service."`
	ImageDetail   string           `json:"image_detail" enum:"auto,low,high,original" doc:"How closely images are looked at."`

	// Parameters that are sent only where the campaign names them.

	Temperature       *float64       `json:"temperature" min:"0" max:"2" doc:"Sampling temperature."`
	TopP              *float64       `json:"top_p" min:"0" max:"1" doc:"Probability mass of nucleus sampling."`
	MaxOutputTokens   *int           `json:"max_output_tokens" min:"1" doc:"Limit of one reply in tokens, reasoning included."`
	MaxToolCalls      *int           `json:"max_tool_calls" min:"1" doc:"How many calls of hosted tools one reply may make."`
	ReasoningEffort   string         `json:"reasoning_effort" doc:"How much a reasoning model thinks, such as low or high; empty leaves it to the service."`
	ReasoningSummary  string         `json:"reasoning_summary" doc:"Summary of what it thinks, such as auto or detailed; empty asks for none."`
	Verbosity         string         `json:"verbosity" doc:"How much it says, such as low or high; empty leaves it to the service."`
	TextFormat        map[string]any `json:"text_format" doc:"Form of the reply, such as {type: json_object} or a JSON Schema."`
	ServiceTier       string         `json:"service_tier" doc:"Processing tier of the service, such as default or flex; empty leaves it to the service."`
	ParallelToolCalls *bool          `json:"parallel_tool_calls" doc:"Whether the target may call several functions at a time; left out, the service decides."`
	SafetyIdentifier  string         `json:"safety_identifier" doc:"Identifier of the end user that is sent to the service."`
	Parameters        map[string]any `json:"parameters" doc:"Further parameters of the request, sent as they are, such as metadata or top_logprobs."`
}

// defaultConfig returns the values of keys that a campaign leaves out.
func defaultConfig() Config {
	return Config{
		Endpoint:      "https://api.openai.com/v1",
		Provider:      "auto",
		Stream:        true,
		SystemRole:    "instructions",
		ThinkTags:     "split",
		MaxReplyBytes: 32 << 20,
		ImageDetail:   "auto",
		Timeouts:      service.DefaultTimeouts(),
	}
}

// route is what is appended to a base address.
const route = "/responses"

// endpoint builds the endpoint from the configuration, or returns what is wrong
// with it.
func (c Config) endpoint() (openaiapi.Endpoint, error) {
	api := openaiapi.API{
		Route:     route,
		Address:   access.Address{Key: "endpoint", Service: "a responses service", Example: "https://api.openai.com/v1"},
		Websocket: "the responses API is at https://; a voice agent is attacked with use: realtime, another websocket with use: websocket",
	}
	return api.Endpoint(openaiapi.Place{Endpoint: c.Endpoint, Provider: c.Provider, Model: c.Model, Access: c.Config})
}

// wrong returns what is wrong with a key.
func wrong(key, format string, args ...any) *core.Error {
	return core.Errorf(core.ErrorConfig, format, args...).At(key)
}
