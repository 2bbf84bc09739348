package realtime

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// Config is what a campaign writes under with:.
type Config struct {
	Endpoint string `json:"endpoint" format:"uri" env:"OPENAI_REALTIME_ENDPOINT" doc:"Base URL of the service, such as wss://api.openai.com/v1 or https://NAME.openai.azure.com. Plain ws:// and http:// are for loopback, or need insecure_plain."`
	Provider string `json:"provider" enum:"auto,openai,azure,xai,compatible" doc:"Whose service it is, which decides how the key is sent and what settings are called; auto tells by the host."`
	Model    string `json:"model" required:"true" env:"OPENAI_REALTIME_MODEL" doc:"Model to talk to; on Azure the name of the deployment."`

	CallID string `json:"call_id" doc:"Call over WebRTC or SIP that is already running, such as rtc_123, which one conversation joins. The model is that of the call, and not asked for."`

	access.Config `env:"api_key=OPENAI_REALTIME_API_KEY"`
	EphemeralKey  bool `json:"ephemeral_key" doc:"Whether to connect, as browsers do, with a short-lived key that is asked for with api_key before each connection."`

	Output          string          `json:"output" enum:"audio,text" doc:"Whether the target is asked to speak or to write."`
	Voice           string          `json:"voice" doc:"Voice of the target; empty leaves the choice to the service."`
	Speed           float64         `json:"speed" min:"0" max:"1.5" doc:"How fast it speaks, from 0.25 to 1.5; 0 leaves it to the service."`
	AudioFormat     string          `json:"audio_format" enum:"pcm,pcmu,pcma" doc:"How audio travels: 24 kHz PCM, or the G.711 of telephone lines (mu-law, A-law)."`
	OutputFormat    string          `json:"output_audio_format" enum:"pcm,pcmu,pcma" doc:"How the audio of the replies travels; left out, as audio_format says."`
	MaxOutputTokens json.RawMessage `json:"max_output_tokens,omitempty" doc:"Limit of one reply in tokens, from 1 to 4096, or inf for what the model can; left out or 0, the service decides."`
	Truncation      string          `json:"truncation" enum:"disabled,auto,retention_ratio" doc:"What the service does when the conversation outgrows the model's context: fail, or forget the oldest turns."`
	RetentionRatio  float64         `json:"retention_ratio" min:"0" max:"1" doc:"How much of the context is kept with truncation retention_ratio."`
	RetentionTokens int             `json:"retention_tokens" min:"0" doc:"Limit of the conversation in tokens, without the instructions and tools, with truncation retention_ratio; 0 takes the model's."`

	Prompt  Prompt          `json:"prompt" doc:"Stored prompt of the service that the target is."`
	Tracing json.RawMessage `json:"tracing,omitempty" doc:"Traces of the session in the service's dashboard: off, auto, or {workflow_name, group_id, metadata}; left out, the service decides."`
	Include []string        `json:"include" enum:"item.input_audio_transcription.logprobs" doc:"What the service tells in addition: how sure it was of what it heard."`

	TranscriptionModel     string        `json:"transcription_model" doc:"Model with which the service transcribes what it hears, on Azure a deployment; empty asks for no transcript."`
	TranscriptionLanguage  string        `json:"transcription_language" doc:"Language of that transcript as ISO 639-1 code, such as en; empty has it detected."`
	TranscriptionLanguages []string      `json:"transcription_languages" doc:"Languages that the transcript may be in, as ISO 639-1 codes."`
	TranscriptionKeywords  []string      `json:"transcription_keywords" doc:"Words and phrases to expect in that transcript."`
	TranscriptionPrompt    string        `json:"transcription_prompt" doc:"Text that guides that transcript, such as what the call is about."`
	TranscriptionDelay     string        `json:"transcription_delay" enum:"minimal,low,medium,high,xhigh" doc:"How long the model waits before it writes the transcript: longer is more accurate."`
	NoiseReduction         string        `json:"noise_reduction" enum:"off,near_field,far_field" doc:"What the service filters out of what it hears: nothing, or the noise of a headset or of a room."`
	TurnDetection          TurnDetection `json:"turn_detection" doc:"Who says when a spoken turn is over."`

	Tools             []Tool          `json:"tools" doc:"Functions that the target may call, which the campaign answers with tool_results, and MCP servers, which the service calls."`
	ToolChoice        json.RawMessage `json:"tool_choice,omitempty" doc:"auto, none, required, the name of the function that the target has to call, or {type: mcp, server_label, name}; left out, the service decides."`
	Approve           []string        `json:"approve" doc:"Tools of MCP servers whose calls are approved where the service asks for it, as NAME or SERVER_LABEL/NAME; the others are not, unless tool_results does."`
	ParallelToolCalls *bool           `json:"parallel_tool_calls" doc:"Whether the target may call several functions at a time; left out, the service decides. For reasoning models only."`
	ReasoningEffort   string          `json:"reasoning_effort" enum:"default,minimal,low,medium,high,xhigh" doc:"How much a reasoning model thinks before it answers; default leaves it to the service."`

	MaxReplyBytes int           `json:"max_reply_bytes" min:"1" doc:"Limit of one reply in bytes of audio and text; what is longer is cut off and marked as truncated."`
	Reconnects    int           `json:"reconnects" min:"0" max:"20" doc:"How often to try to restore a conversation whose connection was lost between turns; 0 ends it."`
	Rollover      core.Duration `json:"rollover" min:"0s" doc:"How long before the service ends the session the conversation moves to a new connection."`
	Timeouts      Timeouts      `json:"timeouts" doc:"How long to wait for what."`
}

// TurnDetection says who ends a spoken turn: the campaign, or the service by
// voice activity detection. Zero durations and thresholds leave the value to
// the service.
type TurnDetection struct {
	Mode              string        `json:"mode" enum:"off,server_vad,semantic_vad" doc:"off: the campaign. server_vad: the service, after a silence. semantic_vad: the service, when what was said sounds complete."`
	Threshold         float64       `json:"threshold" min:"0" max:"1" doc:"server_vad: how loud speech is, from 0 to 1."`
	PrefixPadding     core.Duration `json:"prefix_padding" min:"0s" doc:"server_vad: how much audio before the speech belongs to it."`
	SilenceDuration   core.Duration `json:"silence_duration" min:"0s" doc:"server_vad: the silence that ends a turn."`
	IdleTimeout       core.Duration `json:"idle_timeout" min:"0s" doc:"server_vad: the silence after which the service speaks by itself."`
	Eagerness         string        `json:"eagerness" enum:"auto,low,medium,high" doc:"semantic_vad: how soon a turn counts as over."`
	CreateResponse    bool          `json:"create_response" doc:"Whether the service answers by itself at the end of a turn; otherwise it is asked to."`
	InterruptResponse bool          `json:"interrupt_response" doc:"Whether the service stops speaking when it is spoken over."`
}

// Prompt names a stored prompt of the service.
type Prompt struct {
	ID      string `json:"id" doc:"Id of the prompt, such as pmpt_123."`
	Version string `json:"version" doc:"Version of the prompt; empty takes the one that the service has published."`
	// Variables are texts, or objects of the protocol: input_text, input_image
	// and input_file.
	Variables map[string]json.RawMessage `json:"variables" doc:"Values of the prompt's variables: texts, or input_text, input_image and input_file as the protocol has them."`
}

// on reports whether the service detects turns.
func (d TurnDetection) on() bool { return d.Mode != "off" && d.Mode != "" }

// Timeouts are how long a conversation waits for the service. All are positive.
type Timeouts struct {
	Connect    core.Duration `json:"connect" doc:"From dialling to the session the service announces."`
	Session    core.Duration `json:"session" doc:"For the service to confirm the session's settings, and each message."`
	FirstEvent core.Duration `json:"first_event" doc:"For the first sign of a reply."`
	Quiet      core.Duration `json:"quiet" doc:"Between the events of a reply that has begun; then it is taken for unconfirmed."`
	Turn       core.Duration `json:"turn" doc:"For a whole reply."`
	Cancel     core.Duration `json:"cancel" doc:"For the service to confirm that a reply which took too long was cancelled."`
	Transcript core.Duration `json:"transcript" doc:"For the transcript of what the service heard, once the reply is complete."`
	Alive      core.Duration `json:"alive" doc:"For the answer to a ping, of which three are sent in that time; then the connection is taken for dead."`
}

// defaultConfig returns the values of keys that a campaign leaves out.
func defaultConfig() Config {
	return Config{
		Endpoint:        "wss://api.openai.com/v1",
		Provider:        "auto",
		Output:          "audio",
		AudioFormat:     "pcm",
		Truncation:      "disabled", // the service must not drop old turns of a long attack silently
		RetentionRatio:  0.8,
		NoiseReduction:  "off", // the audio is to reach the model unchanged
		ReasoningEffort: "default",
		TurnDetection:   TurnDetection{Mode: "off", Eagerness: "auto", CreateResponse: true, InterruptResponse: true},
		MaxReplyBytes:   32 << 20, // eleven minutes of speech
		Reconnects:      3,
		Rollover:        core.Duration(3 * time.Minute),
		Timeouts: Timeouts{
			Connect:    core.Duration(15 * time.Second),
			Session:    core.Duration(10 * time.Second),
			FirstEvent: core.Duration(30 * time.Second),
			Quiet:      core.Duration(10 * time.Second),
			Turn:       core.Duration(2 * time.Minute),
			Cancel:     core.Duration(2 * time.Second),
			Transcript: core.Duration(2 * time.Second),
			Alive:      core.Duration(90 * time.Second),
		},
	}
}

// reserved reports whether the target or the handshake sets a header itself,
// beside those that every target sets, and what to configure instead. OpenAI-Beta
// would ask for the retired beta protocol.
func reserved(header string) (hint string, ok bool) {
	name := http.CanonicalHeaderKey(header)
	if name == "Openai-Beta" {
		return "the beta of the Realtime protocol was shut down; leave the header out", true
	}
	return "the websocket handshake sets it", strings.HasPrefix(name, "Sec-Websocket-")
}
