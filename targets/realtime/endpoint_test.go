package realtime

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
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
			if diff := cmp.Diff(test.header, got.header); diff != "" {
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
	}
	for endpoint, says := range tests {
		t.Run(endpoint, func(t *testing.T) {
			_, err := configured(endpoint).endpoint()
			if core.KindOf(err) != core.KindConfig || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "endpoint: ") {
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

func TestCredentialsAreSentAsTheProviderExpects(t *testing.T) {
	c := configured("https://res.openai.azure.com")
	c.APIKey, c.AccessToken = "", "entra"
	got, err := c.endpoint()
	if err != nil || got.header.Get("Authorization") != "Bearer entra" {
		t.Errorf("an access token: %v %v", got.header, err)
	}
	c.APIKey = "k"
	if _, err := c.endpoint(); err == nil {
		t.Error("a key and a token were both taken")
	}
	c.APIKey, c.AccessToken = "", ""
	if _, err := c.endpoint(); err == nil || !strings.HasPrefix(err.Error(), "api_key") {
		t.Errorf("without credentials: %v", err)
	}
	c = configured("wss://gateway.example")
	c.Provider = "azure"
	if got, err = c.endpoint(); err != nil || got.header.Get("Api-Key") != "k" {
		t.Errorf("a gateway declared as Azure: %v %v", got.header, err)
	}
	c = configured("ws://127.0.0.1:1")
	c.APIKey = ""
	c.Headers = map[string]core.Secret{"x-team": "red"}
	if got, err = c.endpoint(); err != nil || got.header.Get("X-Team") != "red" || len(got.header) != 1 {
		t.Errorf("a service without a key: %v %v", got.header, err)
	}
}

func TestEverythingWrongWithAConfigurationIsSaidAtOnce(t *testing.T) {
	c := configured("ftp://x")
	c.Model, c.Output, c.MaxOutputTokens, c.MaxReplyBytes = "", "smell", 5000, 0
	c.Timeouts.Turn = 0
	c.Headers = map[string]core.Secret{"OpenAI-Beta": "realtime=v1", "authorization": "x", "Sec-WebSocket-Protocol": "y"}
	err := c.Validate()
	if core.KindOf(err) != core.KindConfig {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{
		"model: ", "output: ", "max_output_tokens: ", "max_reply_bytes: ", "timeouts.turn: ", "endpoint: ",
		"headers.OpenAI-Beta: ", "headers.authorization: ", "headers.Sec-WebSocket-Protocol: ",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("nothing is said of %s\n%v", part, err)
		}
	}
}

func TestTheDefaultsAreValidOnceAModelAndAKeyAreGiven(t *testing.T) {
	if err := configured(defaultConfig().Endpoint).Validate(); err != nil {
		t.Error(err)
	}
}
