package chat

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// withEndpoint is a configuration with an address and a key.
func withEndpoint(address string) Config {
	c := defaultConfig()
	c.Endpoint, c.Model, c.APIKey, c.InsecurePlain = address, "gpt 4o", "sk-0123456789", true
	return c
}

func TestEveryWayToWriteAnAddressLeadsToTheCompletions(t *testing.T) {
	const azure = "https://contoso.openai.azure.com"
	for address, want := range map[string]string{
		"https://api.openai.com":                       "https://api.openai.com/v1",
		"https://api.openai.com/":                      "https://api.openai.com/v1",
		"https://api.openai.com/v1":                    "https://api.openai.com/v1",
		"https://api.openai.com/v1/":                   "https://api.openai.com/v1",
		"https://api.openai.com/v1/chat/completions":   "https://api.openai.com/v1",
		"https://api.openai.com/v1/chat/completions/":  "https://api.openai.com/v1",
		"https://api.openai.com/chat/completions":      "https://api.openai.com/v1",
		"http://127.0.0.1:11434":                       "http://127.0.0.1:11434/v1",
		"http://box.example:8000/v1":                   "http://box.example:8000/v1",
		"https://gateway.example/openai/team-a":        "https://gateway.example/openai/team-a",
		"https://openrouter.example/api/v1":            "https://openrouter.example/api/v1",
		"https://gateway.example/v1?tenant=a&tenant=b": "https://gateway.example/v1 tenant=a&tenant=b",
		azure:                                            azure + "/openai/v1",
		azure + "/openai":                                azure + "/openai/v1",
		azure + "/openai/v1/":                            azure + "/openai/v1",
		azure + "/openai/v1/chat/completions":            azure + "/openai/v1",
		azure + "/openai/v1?api-version=preview":         azure + "/openai/v1 api-version=preview",
		azure + "?api-version=2024-10-21":                azure + "/openai/deployments/gpt%204o api-version=2024-10-21",
		azure + "/openai/deployments/d?api-version=2024": azure + "/openai/deployments/d api-version=2024",
		azure + "/openai/deployments/d/chat/completions?api-version=2024": azure + "/openai/deployments/d api-version=2024",
		"https://contoso.services.ai.azure.com/models?api-version=2024":   "https://contoso.services.ai.azure.com/models api-version=2024",
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

func TestAddressesThatAreNoneOfAChatServiceAreRefusedWithWhatIsRight(t *testing.T) {
	for address, hint := range map[string]string{
		"wss://api.openai.com/v1/realtime":                      "use: realtime",
		"https://api.openai.com/v1/realtime":                    "use: realtime",
		"https://api.openai.com/v1/responses":                   "use: responses",
		"https://api.anthropic.com/v1/messages":                 "use: anthropic",
		"https://g.example/v1beta/models/m:generateContent":     "use: gemini",
		"https://api.openai.com/v1/completions":                 "the address of the chat completions",
		"https://contoso.openai.azure.com/openai/deployments/d": "?api-version=",
		"https://user:password@api.openai.com/v1":               "api_key",
		"ftp://api.openai.com/v1":                               "https://api.openai.com/v1",
	} {
		_, err := withEndpoint(address).endpoint()
		if e, ok := errors.AsType[*core.Error](err); !ok || e.Kind != core.ErrorConfig || e.Field != "endpoint" || !strings.Contains(e.Hint, hint) {
			t.Errorf("%s: %v (%s), want the hint %q", address, err, core.HintOf(err), hint)
		}
	}
}

func TestWhoseServiceItIsDecidesHowTheKeyIsSent(t *testing.T) {
	for _, test := range []struct {
		provider, address string
		azure, official   bool
	}{
		{"auto", "https://api.openai.com/v1", false, true},
		{"auto", "https://contoso.openai.azure.com", true, true},
		{"auto", "https://CONTOSO.cognitiveservices.azure.com", true, true},
		{"auto", "https://openai.azure.com.evil.example", false, false},
		{"auto", "http://127.0.0.1:8000", false, false},
		{"azure", "https://gateway.example/openai/v1", true, true},
		{"openai", "https://gateway.example/v1", false, true},
		{"compatible", "https://contoso.openai.azure.com/v1", false, false},
	} {
		c := withEndpoint(test.address)
		c.Provider = test.provider
		if e, err := c.endpoint(); err != nil || e.Azure != test.azure || e.Official != test.official {
			t.Errorf("%s at %s: azure %t, official %t, %v; want %t and %t", test.provider, test.address, e.Azure, e.Official, err, test.azure, test.official)
		}
	}
}

func TestAProvidersOwnServiceNeedsAKeyAndAnotherDoesNot(t *testing.T) {
	c := withEndpoint("https://api.openai.com")
	c.APIKey = ""
	if _, err := c.endpoint(); core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), "api_key") {
		t.Errorf("without a key: %v", err)
	}
	c.Endpoint = "http://127.0.0.1:8000"
	if _, err := c.endpoint(); err != nil {
		t.Error(err)
	}
}

func TestPlainHTTPToAnotherMachineHasToBeAllowed(t *testing.T) {
	c := withEndpoint("http://box.example:8000")
	c.InsecurePlain = false
	if _, err := c.endpoint(); err == nil || !strings.Contains(core.HintOf(err), "insecure_plain") {
		t.Errorf("%v (%s)", err, core.HintOf(err))
	}
}

func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{"https://api.openai.com/v1/chat/completions", "http://[::1]:80/%2e%2e?x=1#y", "https://a.openai.azure.com?api-version=1", "ws:///x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		e, err := withEndpoint(address).endpoint()
		if err != nil {
			if core.KindOf(err) != core.ErrorConfig {
				t.Errorf("%q: a %s error: %v", address, core.KindOf(err), err)
			}
			return
		}
		again, err := withEndpoint(e.Base.String() + route + "?" + e.Query.Encode()).endpoint()
		if err != nil || again.Base.Host != e.Base.Host || again.Query.Encode() != e.Query.Encode() {
			t.Errorf("%q leads to %s, which leads to %v: %v", address, e.Base, again.Base, err)
		}
		if _, err := url.Parse(e.Base.String()); err != nil || strings.HasSuffix(e.Base.Path, "/") {
			t.Errorf("%q leads to %q: %v", address, e.Base, err)
		}
	})
}

func TestAConfigurationSaysAllThatIsWrongWithIt(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		field  string
	}{
		"two limits":          {func(c *Config) { n := 5; c.MaxTokens, c.MaxCompletionTokens = &n, &n }, "max_tokens"},
		"two seeds":           {func(c *Config) { n := int64(5); c.Seed, c.SeedPerTrial = &n, true }, "seed_per_trial"},
		"several answers":     {func(c *Config) { c.Parameters = map[string]any{"n": 2.0} }, "parameters.n"},
		"a key twice":         {func(c *Config) { c.Stop, c.Parameters = []string{"x"}, map[string]any{"stop": "x"} }, "parameters.stop"},
		"too many stops":      {func(c *Config) { c.Stop = []string{"1", "2", "3", "4", "5"} }, "stop"},
		"sound without voice": {func(c *Config) { c.Modalities = []string{"audio"} }, "audio.voice"},
		"sound in a stream":   {func(c *Config) { c.Modalities, c.Audio = []string{"audio"}, AudioSettings{"alloy", "mp3"} }, "audio.format"},
		"no model":            {func(c *Config) { c.Model = "" }, "model"},
		"a choice of no tool": {func(c *Config) { c.ToolChoice = "dial" }, "tool_choice"},
		"no time":             {func(c *Config) { c.Timeouts.Quiet = 0 }, "timeouts.quiet"},
		"no room":             {func(c *Config) { c.MaxReplyBytes = 0 }, "max_reply_bytes"},
		"a header of the key": {func(c *Config) { c.Headers = map[string]core.Secret{"Authorization": "x"} }, "headers.Authorization"},
	} {
		t.Run(name, func(t *testing.T) {
			c := withEndpoint("https://api.openai.com")
			if err := c.Validate(); err != nil {
				t.Fatalf("before: %v", err)
			}
			test.change(&c)
			err := c.Validate()
			joined, ok := err.(interface{ Unwrap() []error })
			if !ok || len(joined.Unwrap()) != 1 {
				t.Fatalf("it says %v", err)
			}
			if e, ok := errors.AsType[*core.Error](joined.Unwrap()[0]); !ok || e.Field != test.field {
				t.Errorf("it says %v, want something about %s", err, test.field)
			}
		})
	}
}

func TestTheDefaultsAreASchema(t *testing.T) {
	if data, err := json.Marshal(defaultConfig()); err != nil || !strings.Contains(string(data), `"stream":true`) {
		t.Errorf("%s, %v", data, err)
	}
	if err := Component().Check([]byte(`{"model": "m", "endpoint": "http://127.0.0.1:1", "headers": {"X": "y"}, "insecure_plain": false}`)); err != nil {
		t.Error(err)
	}
}
