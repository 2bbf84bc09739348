package realtime

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// configured returns a valid configuration for an endpoint.
func configured(endpoint string) Config {
	c := defaultConfig()
	c.Endpoint, c.Model, c.APIKey = endpoint, "m", "k"
	return c
}

func TestEndpointsBecomeTheAddressAndHeadersOfTheirProvider(t *testing.T) {
	bearer := http.Header{"Authorization": {"Bearer k"}}
	apiKey := http.Header{"Api-Key": {"k"}}
	tests := map[string]struct {
		url    string
		header http.Header
	}{
		"wss://api.openai.com/v1":                                    {"wss://api.openai.com/v1/realtime?model=m", bearer},
		"https://api.openai.com":                                     {"wss://api.openai.com/v1/realtime?model=m", bearer},
		"https://eu.api.openai.com/v1/":                              {"wss://eu.api.openai.com/v1/realtime?model=m", bearer},
		"wss://api.openai.com/v1/realtime?model=m":                   {"wss://api.openai.com/v1/realtime?model=m", bearer},
		"https://res.openai.azure.com":                               {"wss://res.openai.azure.com/openai/v1/realtime?model=m", apiKey},
		"https://res.openai.azure.com/openai":                        {"wss://res.openai.azure.com/openai/v1/realtime?model=m", apiKey},
		"https://res.openai.azure.com/openai/v1/":                    {"wss://res.openai.azure.com/openai/v1/realtime?model=m", apiKey},
		"https://res.openai.azure.us/openai/v1":                      {"wss://res.openai.azure.us/openai/v1/realtime?model=m", apiKey},
		"https://res.services.ai.azure.com/openai/v1":                {"wss://res.services.ai.azure.com/openai/v1/realtime?model=m", apiKey},
		"wss://gateway.example/llm/v1?team=red":                      {"wss://gateway.example/llm/v1/realtime?model=m&team=red", bearer},
		"ws://127.0.0.1:8080/v1":                                     {"ws://127.0.0.1:8080/v1/realtime?model=m", bearer},
		"http://localhost:8080":                                      {"ws://localhost:8080/v1/realtime?model=m", bearer},
		"ws://[::1]:8080/v1":                                         {"ws://[::1]:8080/v1/realtime?model=m", bearer},
		"https://not.openai.com.example/v1":                          {"wss://not.openai.com.example/v1/realtime?model=m", bearer},
		"wss://res.cognitiveservices.azure.com/openai/v1/realtime":   {"wss://res.cognitiveservices.azure.com/openai/v1/realtime?model=m", apiKey},
		"wss://api.openai.com.openai.azure.evil.example/openai/v1":   {"wss://api.openai.com.openai.azure.evil.example/openai/v1/realtime?model=m", apiKey},
		"https://res.openai.azure.com/openai/v1/realtime?trace=true": {"wss://res.openai.azure.com/openai/v1/realtime?model=m&trace=true", apiKey},
	}
	for endpoint, test := range tests {
		t.Run(endpoint, func(t *testing.T) {
			got, err := configured(endpoint).endpoint()
			if err != nil {
				t.Fatal(err)
			}
			if got.url != test.url {
				t.Errorf("URL %s, want %s", got.url, test.url)
			}
			if diff := cmp.Diff(test.header, credentialsOf(t, configured(endpoint))); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if strings.Contains(got.shown, "?") {
				t.Errorf("errors would show the query: %s", got.shown)
			}
		})
	}
}

func TestEndpointsThatCannotBeRightAreRefusedWithoutQuotingThem(t *testing.T) {
	tests := map[string]string{ // endpoint -> part of the error
		"://":                                  "not a URL",
		"api.openai.com/v1":                    "scheme",
		"ftp://api.openai.com":                 "scheme",
		"wss:///v1":                            "no host",
		"ws://agent.example/v1":                "in the clear",
		"http://10.0.0.1/v1":                   "in the clear",
		"wss://user:hunter2@api.openai.com/v1": "credentials",

		"wss://x.openai.azure.com?api-key=hunter2": "credentials",
		"wss://api.openai.com/v1#hunter2":          "fragment",

		"wss://x.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=d": "preview",
		"wss://x.openai.azure.com/openai/realtime":                                             "preview",
		"wss://x.openai.azure.com/openai/v1?deployment=d":                                      "deployment",
		"wss://api.openai.com/v1?model=other":                                                  "model",
		"wss://api.openai.com/v1/live/sessions":                                                "GPT-Live",

		"https://api.openai.com/v1/chat/completions":                          "which ends in /chat/completions",
		"https://x.openai.azure.com/openai/v1/chat/completions?api-version=v": "which ends in /chat/completions",
		"https://api.openai.com/v1/responses/":                                "which ends in /responses",
		"https://api.anthropic.com/v1/messages":                               "which ends in /v1/messages",
	}
	for endpoint, says := range tests {
		t.Run(endpoint, func(t *testing.T) {
			_, err := configured(endpoint).endpoint()
			if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "endpoint: ") {
				t.Fatalf("got %v, want a config error of endpoint that says %q", err, says)
			}
			if core.HintOf(err) == "" {
				t.Error("there is no hint")
			}
			if strings.Contains(err.Error()+core.HintOf(err), "hunter2") {
				t.Errorf("the error quotes credentials: %v", err)
			}
		})
	}
}

func TestAnAddressOfAnotherProtocolNamesItsTarget(t *testing.T) {
	for address, target := range map[string]string{
		"http://127.0.0.1:8000/v1/chat/completions": "use: chat ", "https://api.openai.com/v1/responses": "use: responses ",
		"https://api.anthropic.com/v1/messages":                                             "use: anthropic ",
		"https://generativelanguage.googleapis.com/v1beta/models/gemini-x:generateContent":  "use: gemini ",
		"https://generativelanguage.googleapis.com/v1/models/g:streamGenerateContent?alt=x": "use: gemini ",
	} {
		_, err := configured(address).endpoint()
		if hint := core.HintOf(err); !strings.Contains(hint, target) {
			t.Errorf("%s: hint %q, want one with %q", address, hint, target)
		}
	}
}

func TestAPlainAddressOfAnotherMachineNeedsLeave(t *testing.T) {
	c := configured("http://agent.example:8000")
	if err := c.Validate(); err == nil || !strings.Contains(core.HintOf(err), "insecure_plain: true") {
		t.Errorf("got %v, hint %q", err, core.HintOf(err))
	}
	c.InsecurePlain = true
	got, err := c.endpoint()
	if err != nil || got.url != "ws://agent.example:8000/v1/realtime?model=m" || got.clientSecrets != "http://agent.example:8000/v1/realtime/client_secrets" {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestTheEnvironmentGivesTheKeysThatSDKsReadFromIt(t *testing.T) {
	s, err := schema.Of(defaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	want := []schema.Variable{
		{Path: "endpoint", Name: "OPENAI_REALTIME_ENDPOINT"},
		{Path: "model", Name: "OPENAI_REALTIME_MODEL"},
		{Path: "api_key", Name: "OPENAI_REALTIME_API_KEY", Secret: true},
	}
	if diff := cmp.Diff(want, s.Variables(nil)); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
}

// credentialsOf returns the headers with which a configuration connects.
func credentialsOf(t *testing.T, c Config) http.Header {
	t.Helper()
	opened, err := open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	header, err := opened.(*target).credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func TestCredentialsAreSentAsTheProviderExpects(t *testing.T) {
	with := func(endpoint string, change func(*Config)) Config {
		c := configured(endpoint)
		change(&c)
		return c
	}
	tests := map[string]struct {
		config Config
		want   http.Header
	}{
		"a key of OpenAI":          {configured("https://api.openai.com"), http.Header{"Authorization": {"Bearer k"}}},
		"a key of Azure":           {configured("https://res.openai.azure.com"), http.Header{"Api-Key": {"k"}}},
		"a key of xAI":             {configured("https://api.x.ai"), http.Header{"Authorization": {"Bearer k"}}},
		"a key of another service": {configured("wss://voice.example"), http.Header{"Authorization": {"Bearer k"}}},
		"a token": {
			with("https://res.openai.azure.com", func(c *Config) { c.APIKey, c.AccessToken = "", "entra" }),
			http.Header{"Authorization": {"Bearer entra"}},
		},
		"a gateway declared as Azure": {
			with("wss://gateway.example", func(c *Config) { c.Provider = "azure" }), http.Header{"Api-Key": {"k"}},
		},
		"a service without a key": {
			with("ws://127.0.0.1:1", func(c *Config) { c.APIKey, c.Headers = "", map[string]core.Secret{"x-team": "red"} }),
			http.Header{"X-Team": {"red"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, credentialsOf(t, test.config)); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEverythingWrongWithAConfigurationIsSaidAtOnce(t *testing.T) {
	c := configured("ftp://x")
	c.Model, c.Output, c.MaxOutputTokens, c.MaxReplyBytes = "", "smell", json.RawMessage("5000"), 0
	c.Timeouts.Turn, c.Reconnects, c.Rollover = 0, -1, -1
	c.AccessToken, c.Proxy, c.Speed = "t", "telnet://x", 3
	c.AudioFormat, c.Truncation, c.NoiseReduction, c.ReasoningEffort = "mp3", "later", "all", "none"
	c.TurnDetection = TurnDetection{Mode: "off", Threshold: 2, Eagerness: "high"}
	c.Tools, c.ToolChoice = []Tool{{Name: "x"}, {Name: "x"}}, json.RawMessage(`"y"`)
	c.Headers = map[string]core.Secret{"OpenAI-Beta": "realtime=v1", "authorization": "x", "Sec-WebSocket-Protocol": "y"}
	err := c.Validate()
	if core.KindOf(err) != core.ErrorConfig {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{
		"model: ", "output: ", "max_output_tokens: ", "max_reply_bytes: ", "timeouts.turn: ", "endpoint: ",
		"reconnects: ", "rollover: ", "access_token: ", "proxy: ", "speed: ", "audio_format: ", "truncation: ",
		"noise_reduction: ", "reasoning_effort: ", "turn_detection.threshold: ", "turn_detection.eagerness: ",
		"tools[1].name: ", "tool_choice: ",
		"headers.OpenAI-Beta: ", "headers.authorization: ", "headers.Sec-WebSocket-Protocol: ",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("nothing is said of %s\n%v", part, err)
		}
	}
}

func TestAServiceThatLetsNobodyInWithoutAKeyNeedsOne(t *testing.T) {
	c := configured("https://api.openai.com")
	c.APIKey = ""
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "api_key: no API key") {
		t.Errorf("got %v", err)
	}
}

func TestTheDefaultsAreValidOnceAModelAndAKeyAreGiven(t *testing.T) {
	if err := configured(defaultConfig().Endpoint).Validate(); err != nil {
		t.Error(err)
	}
}
