package gemini

import (
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// Config is what a campaign writes under with:.
type Config struct {
	Endpoint string `json:"endpoint" format:"uri" env:"GOOGLE_GEMINI_BASE_URL" doc:"Base URL of the service, such as https://generativelanguage.googleapis.com; for Vertex AI https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/LOCATION/publishers/google."`
	Model    string `json:"model" required:"true" doc:"Model to talk to, such as gemini-3.5-flash."`

	access.Config `env:"api_key=GEMINI_API_KEY"`

	Stream        bool             `json:"stream" doc:"Whether replies are streamed: then the time to the first token is known, and what came before a cut is kept."`
	SystemRole    string           `json:"system_role" enum:"system,user" doc:"Where the system prompt is sent: as the system instruction, or as a first message of the user, for models that refuse an instruction."`
	MaxReplyBytes int              `json:"max_reply_bytes" min:"1" doc:"Limit of one reply in bytes of text, audio and tool calls; what is longer is cut off and marked as truncated."`
	Timeouts      service.Timeouts `json:"timeouts" doc:"How long to wait for what."`
	Tools         []tool.Tool      `json:"tools" doc:"Functions that the target may ask for; the campaign answers with tool_results."`
	ToolChoice    string           `json:"tool_choice" doc:"auto, none, required, or the name of the function that the target has to call; empty leaves it to the service."`
	Parameters    map[string]any   `json:"parameters" doc:"Further members of the request, sent as they are, such as {labels: {team: red}} or {generationConfig: {logprobs: 2}}."`

	// Parameters that are sent only where the campaign names them.

	Temperature        *float64          `json:"temperature" min:"0" max:"2" doc:"Sampling temperature."`
	TopP               *float64          `json:"top_p" min:"0" max:"1" doc:"Probability mass of nucleus sampling."`
	TopK               *int              `json:"top_k" min:"1" doc:"Number of the most probable tokens among which is sampled."`
	MaxOutputTokens    *int32            `json:"max_output_tokens" min:"1" doc:"Limit of one reply in tokens, thoughts included."`
	StopSequences      []string          `json:"stop_sequences" doc:"Texts at which the service ends the reply; they are not in it."`
	Seed               *int32            `json:"seed" doc:"Seed of the service's sampling, the same for each request. Nothing is deterministic for it."`
	SeedPerTrial       bool              `json:"seed_per_trial" doc:"Whether the seed is that of the trial, which follows from the campaign's; in place of seed."`
	PresencePenalty    *float64          `json:"presence_penalty" min:"-2" max:"2" doc:"Penalty of tokens that have occurred."`
	FrequencyPenalty   *float64          `json:"frequency_penalty" min:"-2" max:"2" doc:"Penalty of tokens by how often they have occurred."`
	ResponseMIMEType   string            `json:"response_mime_type" doc:"Form of the reply, such as application/json; empty leaves it to the service."`
	ResponseJSONSchema map[string]any    `json:"response_json_schema" doc:"JSON Schema of the reply, with response_mime_type: application/json."`
	ResponseModalities []string          `json:"response_modalities" enum:"text,image,audio" doc:"What the target is asked to answer with; empty leaves it to the service."`
	Voice              string            `json:"voice" doc:"Voice of the target, such as Kore, where response_modalities has audio."`
	MediaResolution    string            `json:"media_resolution" doc:"How closely images are looked at, such as MEDIA_RESOLUTION_LOW; empty leaves it to the service."`
	Thinking           Thinking          `json:"thinking" doc:"How the target thinks."`
	SafetySettings     map[string]string `json:"safety_settings" doc:"From which probability on the service blocks, by category, such as {HARM_CATEGORY_HARASSMENT: BLOCK_NONE}."`
	CachedContent      string            `json:"cached_content" doc:"Name of cached content that precedes the conversation, such as cachedContents/ID."`
}

// Thinking says how the target thinks.
type Thinking struct {
	Include bool   `json:"include" doc:"Whether the service shows a summary of what the target thinks."`
	Budget  *int32 `json:"budget" min:"-1" doc:"Limit of the thoughts in tokens; 0 is none, -1 leaves it to the model."`
	Level   string `json:"level" doc:"How much it thinks, such as LOW or HIGH, for models that have levels instead of a budget."`
}

// defaultConfig returns the values of keys that a campaign leaves out.
func defaultConfig() Config {
	return Config{
		Endpoint:      "https://generativelanguage.googleapis.com",
		Stream:        true,
		SystemRole:    "system",
		MaxReplyBytes: 32 << 20,
		Timeouts:      service.DefaultTimeouts(),
	}
}
