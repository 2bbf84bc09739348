package realtime

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Config is what a campaign writes under with:.
type Config struct {
	Endpoint           string                 `json:"endpoint" format:"uri" doc:"Base URL of the service, such as wss://api.openai.com/v1 or https://NAME.openai.azure.com. Plain ws:// and http:// are for loopback only."`
	Provider           string                 `json:"provider" enum:"auto,openai,azure,compatible" doc:"Whose service it is, which decides how the key is sent; auto tells by the host."`
	Model              string                 `json:"model" required:"true" doc:"Model to talk to; on Azure the name of the deployment."`
	APIKey             core.Secret            `json:"api_key" doc:"API key of the service."`
	AccessToken        core.Secret            `json:"access_token" doc:"Bearer token to use instead of an API key, such as a Microsoft Entra access token."`
	Headers            map[string]core.Secret `json:"headers" doc:"Further HTTP headers of the handshake, such as OpenAI-Project."`
	Output             string                 `json:"output" enum:"audio,text" doc:"Whether the target is asked to speak or to write."`
	Voice              string                 `json:"voice" doc:"Voice of the target; empty leaves the choice to the service."`
	TranscriptionModel string                 `json:"transcription_model" doc:"Model with which the service transcribes what it hears, on Azure a deployment; empty asks for no transcript."`
	MaxOutputTokens    int                    `json:"max_output_tokens" min:"0" max:"4096" doc:"Limit of one reply in tokens; 0 leaves it to the service."`
	MaxReplyBytes      int                    `json:"max_reply_bytes" min:"1" doc:"Limit of one reply in bytes of audio and text; what is longer is cut off and marked as truncated."`
	Timeouts           Timeouts               `json:"timeouts" doc:"How long to wait for what."`
}

// Timeouts are how long a conversation waits for the service. All are
// positive.
type Timeouts struct {
	Connect    core.Duration `json:"connect" doc:"From dialling to the session the service announces."`
	Session    core.Duration `json:"session" doc:"For the service to confirm the session's settings, and each message of a history."`
	FirstEvent core.Duration `json:"first_event" doc:"For the first sign of a reply."`
	Quiet      core.Duration `json:"quiet" doc:"Between the events of a reply that has begun; then it is taken for unconfirmed."`
	Turn       core.Duration `json:"turn" doc:"For a whole reply."`
	Cancel     core.Duration `json:"cancel" doc:"For the service to confirm that a reply which took too long was cancelled."`
	Transcript core.Duration `json:"transcript" doc:"For the transcript of what the service heard, once the reply is complete."`
}

// defaultConfig is what stands for the keys that a campaign leaves out.
func defaultConfig() Config {
	return Config{
		Endpoint:      "wss://api.openai.com/v1",
		Provider:      "auto",
		Output:        "audio",
		MaxReplyBytes: 32 << 20, // eleven minutes of speech
		Timeouts: Timeouts{
			Connect:    core.Duration(15 * time.Second),
			Session:    core.Duration(10 * time.Second),
			FirstEvent: core.Duration(30 * time.Second),
			Quiet:      core.Duration(10 * time.Second),
			Turn:       core.Duration(2 * time.Minute),
			Cancel:     core.Duration(2 * time.Second),
			Transcript: core.Duration(2 * time.Second),
		},
	}
}

// Validate returns everything that is wrong with the configuration.
func (c Config) Validate() error {
	var problems []error
	if c.Model == "" {
		problems = append(problems, core.Errorf(core.KindConfig, "a model is required").At("model"))
	}
	if c.Output != "audio" && c.Output != "text" {
		problems = append(problems, core.Errorf(core.KindConfig, "%q is neither audio nor text", c.Output).At("output"))
	}
	if c.MaxOutputTokens < 0 || c.MaxOutputTokens > 4096 {
		problems = append(problems, core.Errorf(core.KindConfig, "%d is not from 1 to 4096, nor 0 for no limit", c.MaxOutputTokens).At("max_output_tokens"))
	}
	if c.MaxReplyBytes < 1 {
		problems = append(problems, core.Errorf(core.KindConfig, "%d is not a positive number of bytes", c.MaxReplyBytes).At("max_reply_bytes"))
	}
	problems = append(problems, c.Timeouts.validate()...)
	problems = append(problems, c.validateHeaders()...)
	if _, err := c.endpoint(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (t Timeouts) validate() []error {
	var problems []error
	for _, timeout := range []struct {
		name  string
		value core.Duration
	}{
		{"connect", t.Connect},
		{"session", t.Session},
		{"first_event", t.FirstEvent},
		{"quiet", t.Quiet},
		{"turn", t.Turn},
		{"cancel", t.Cancel},
		{"transcript", t.Transcript},
	} {
		if timeout.value <= 0 {
			problems = append(problems, core.Errorf(core.KindConfig, "%s is not a positive duration", timeout.value).At("timeouts."+timeout.name))
		}
	}
	return problems
}

// validateHeaders refuses the headers that the target or the handshake sets
// itself, and the one that asks for a protocol which no longer exists.
func (c Config) validateHeaders() []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		refuse := func(hint string) {
			problems = append(problems, core.Errorf(core.KindConfig, "the header cannot be set").At("headers."+name).WithHint("%s", hint))
		}
		switch key := http.CanonicalHeaderKey(name); {
		case key == "Authorization" || key == "Api-Key":
			refuse("give the key as api_key, or a token as access_token")
		case key == "Openai-Beta":
			refuse("the beta of the Realtime protocol was shut down; leave the header out")
		case key == "Host" || key == "Connection" || key == "Upgrade" || strings.HasPrefix(key, "Sec-Websocket-"):
			refuse("the websocket handshake sets it")
		}
	}
	return problems
}
