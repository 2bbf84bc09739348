package chat

import (
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
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
	SystemRole    string           `json:"system_role" enum:"system,developer,user" doc:"Role of the system prompt. user puts it before the first user message, for models whose template refuses a system role."`
	ThinkTags     string           `json:"think_tags" enum:"split,split_unopened,keep" doc:"What is done with <think>…</think> at the beginning of a reply: kept apart as reasoning, also where only its end is there, or left in the text."`
	MaxReplyBytes int              `json:"max_reply_bytes" min:"1" doc:"Limit of one reply in bytes of text, audio and tool calls; what is longer is cut off and marked as truncated."`
	Timeouts      service.Timeouts `json:"timeouts" doc:"How long to wait for what."`
	Tools         []tool.Tool      `json:"tools" doc:"Functions that the target may ask for; the campaign answers with tool_results."`
	ToolChoice    string           `json:"tool_choice" doc:"auto, none, required, or the name of the function that the target has to call; empty leaves it to the service."`
	ImageDetail   string           `json:"image_detail" enum:"default,auto,low,high,original" doc:"How closely images are looked at; default leaves it to the service."`
	Modalities    []string         `json:"modalities" enum:"text,audio" doc:"What the target is asked to answer with; empty leaves it to the service."`
	Audio         AudioSettings    `json:"audio" doc:"How it speaks, where modalities has audio."`

	// Parameters that are sent only where the campaign names them.

	Temperature         *float64       `json:"temperature" min:"0" max:"2" doc:"Sampling temperature."`
	TopP                *float64       `json:"top_p" min:"0" max:"1" doc:"Probability mass of nucleus sampling."`
	MaxCompletionTokens *int           `json:"max_completion_tokens" min:"1" doc:"Limit of one reply in tokens, reasoning included."`
	MaxTokens           *int           `json:"max_tokens" min:"1" doc:"The same under its former name, for servers that know no other; reasoning models refuse it."`
	Stop                []string       `json:"stop" doc:"Texts at which the service ends the reply; they are not in it."`
	Seed                *int64         `json:"seed" doc:"Seed of the service's sampling, the same for each request. Nothing is deterministic for it."`
	SeedPerTrial        bool           `json:"seed_per_trial" doc:"Whether the seed is that of the trial, which follows from the campaign's; in place of seed."`
	PresencePenalty     *float64       `json:"presence_penalty" min:"-2" max:"2" doc:"Penalty of tokens that have occurred."`
	FrequencyPenalty    *float64       `json:"frequency_penalty" min:"-2" max:"2" doc:"Penalty of tokens by how often they have occurred."`
	LogitBias           map[string]int `json:"logit_bias" doc:"Bias of tokens, by their numbers."`
	ResponseFormat      map[string]any `json:"response_format" doc:"Form of the reply, such as {type: json_object} or a JSON Schema."`
	ReasoningEffort     string         `json:"reasoning_effort" doc:"How much a reasoning model thinks, such as low or high; empty leaves it to the service."`
	Verbosity           string         `json:"verbosity" doc:"How much it says, such as low or high; empty leaves it to the service."`
	ServiceTier         string         `json:"service_tier" doc:"Processing tier of the service, such as default or flex; empty leaves it to the service."`
	ParallelToolCalls   *bool          `json:"parallel_tool_calls" doc:"Whether the target may call several functions at a time; left out, the service decides."`
	User                string         `json:"user" doc:"Identifier of the end user that is sent to the service."`
	Parameters          map[string]any `json:"parameters" doc:"Further parameters of the request, sent as they are, such as top_k or guided_json."`
}

// AudioSettings say how the target speaks.
type AudioSettings struct {
	Voice  string `json:"voice" doc:"Voice of the target, such as alloy."`
	Format string `json:"format" enum:"auto,wav,pcm16,mp3,flac,opus,aac" doc:"Format of the sound. auto is pcm16 for a streamed reply and wav otherwise; both become WAV files."`
}

// defaultConfig returns the values of keys that a campaign leaves out.
func defaultConfig() Config {
	return Config{
		Endpoint:      "https://api.openai.com/v1",
		Provider:      "auto",
		Stream:        true,
		SystemRole:    "system",
		ThinkTags:     "split",
		MaxReplyBytes: 32 << 20,
		ImageDetail:   "default",
		Audio:         AudioSettings{Format: "auto"},
		Timeouts:      service.DefaultTimeouts(),
	}
}

// speaks reports whether the target is asked for sound.
func (c Config) speaks() bool {
	for _, m := range c.Modalities {
		if m == "audio" {
			return true
		}
	}
	return false
}

// audioFormat is the format of the target's sound.
func (c Config) audioFormat() string {
	switch {
	case c.Audio.Format != "auto" && c.Audio.Format != "":
		return c.Audio.Format
	case c.Stream:
		return "pcm16" // the only one that OpenAI streams
	default:
		return "wav"
	}
}
