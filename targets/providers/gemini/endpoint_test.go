package gemini

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// withEndpoint is a configuration with an address and a key.
func withEndpoint(address string) Config {
	c := defaultConfig()
	c.Endpoint, c.Model, c.APIKey, c.InsecurePlain = address, "gemini-x", "AIza-0123456789", true
	return c
}

func TestEveryWayToWriteAnAddressLeadsToTheMethod(t *testing.T) {
	const (
		google  = "https://generativelanguage.googleapis.com"
		project = "/v1/projects/p/locations/europe-west4/publishers/google"
		vertex  = "https://europe-west4-aiplatform.googleapis.com" + project
	)
	for address, want := range map[string]string{
		google:                     google + "/v1beta/models/gemini-x:generateContent",
		google + "/":               google + "/v1beta/models/gemini-x:generateContent",
		google + "/v1beta":         google + "/v1beta/models/gemini-x:generateContent",
		google + "/v1beta/":        google + "/v1beta/models/gemini-x:generateContent",
		google + "/v1":             google + "/v1/models/gemini-x:generateContent",
		google + "/v1alpha/models": google + "/v1alpha/models/gemini-x:generateContent",
		google + "/v1beta/models/gemini-x:generateContent":               google + "/v1beta/models/gemini-x:generateContent",
		google + "/v1beta/models/gemini-x:streamGenerateContent?alt=sse": google + "/v1beta/models/gemini-x:generateContent",
		"http://127.0.0.1:8177":                                          "http://127.0.0.1:8177/v1beta/models/gemini-x:generateContent",
		"https://gateway.example/google?tenant=a":                        "https://gateway.example/google/v1beta/models/gemini-x:generateContent?tenant=a",
		vertex: vertex + "/models/gemini-x:generateContent",
		"https://aiplatform.googleapis.com/v1/publishers/google": "https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-x:generateContent",
	} {
		e, err := withEndpoint(address).endpoint()
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if got := e.request(false); got != want {
			t.Errorf("%s leads to %s, want %s", address, got, want)
		}
		streamed := e.request(true)
		if before, query, _ := strings.Cut(streamed, "?"); !strings.HasSuffix(before, "/models/gemini-x:streamGenerateContent") || !strings.HasPrefix(query, "alt=sse") {
			t.Errorf("%s leads to %s where it is streamed", address, streamed)
		}
	}
}

func TestAModelMayBeWrittenWithItsKind(t *testing.T) {
	for model, want := range map[string]string{
		"gemini-x": "models/gemini-x", "models/gemini-x": "models/gemini-x", "tunedModels/t-1": "tunedModels/t-1", "endpoints/7": "endpoints/7",
	} {
		c := withEndpoint("http://127.0.0.1:1")
		c.Model = model
		if got := c.modelPath(); got != want {
			t.Errorf("%s is %s, want %s", model, got, want)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", model, err)
		}
	}
}

func TestAddressesThatAreNoneOfGeminisAPIAreRefusedWithWhatIsRight(t *testing.T) {
	for address, hint := range map[string]string{
		"wss://generativelanguage.googleapis.com/ws":                "use: websocket",
		"https://generativelanguage.googleapis.com/v1beta/openai":   "use: chat",
		"https://api.openai.com/v1/chat/completions":                "use: chat",
		"https://api.openai.com/v1/responses":                       "use: responses",
		"https://api.anthropic.com/v1/messages":                     "use: anthropic",
		"https://aiplatform.googleapis.com/v1/x:predict":            "use: http",
		"https://europe-west4-aiplatform.googleapis.com":            "/publishers/google",
		"https://generativelanguage.googleapis.com/v1beta?key=AIza": "api_key",
		"https://g.example/v1beta/models/gemini-y:generateContent":  "leave out",
		"ftp://generativelanguage.googleapis.com":                   "https://generativelanguage.googleapis.com",
	} {
		_, err := withEndpoint(address).endpoint()
		if e, ok := errors.AsType[*core.Error](err); !ok || e.Kind != core.ErrorConfig || e.Field != "endpoint" || !strings.Contains(e.Hint, hint) {
			t.Errorf("%s: %v (%s), want the hint %q", address, err, core.HintOf(err), hint)
		}
		if strings.Contains(err.Error(), "AIza") {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestGooglesOwnServicesNeedCredentialsAndAnotherDoesNot(t *testing.T) {
	for _, address := range []string{"https://generativelanguage.googleapis.com", "https://GENERATIVELANGUAGE.googleapis.com", "https://aiplatform.googleapis.com/v1/publishers/google"} {
		c := withEndpoint(address)
		c.APIKey = ""
		if _, err := c.endpoint(); core.KindOf(err) != core.ErrorConfig || !strings.Contains(core.HintOf(err), "GEMINI_API_KEY") {
			t.Errorf("%s without a key: %v", address, err)
		}
		c.AccessTokenCommand = []string{"gcloud", "auth", "print-access-token"}
		if _, err := c.endpoint(); err != nil {
			t.Errorf("%s with a token: %v", address, err)
		}
	}
	c := withEndpoint("http://127.0.0.1:8000")
	c.APIKey = ""
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
	for _, seed := range []string{"https://generativelanguage.googleapis.com/v1beta/models/gemini-x:generateContent", "http://[::1]:80/%2e%2e?x=1#y", "https://a/v1/models?alt=json", "ws:///x"} {
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
		again, err := withEndpoint(e.request(true)).endpoint()
		if err != nil || again.request(true) != e.request(true) || again.base.Host != e.base.Host {
			t.Errorf("%q leads to %s, which leads to %v: %v", address, e.request(true), again.base, err)
		}
	})
}

func TestAConfigurationSaysAllThatIsWrongWithIt(t *testing.T) {
	generation := func(v any) map[string]any { return map[string]any{"generationConfig": v} }
	budget, seed, n := int32(5), int32(7), int32(9)
	for name, test := range map[string]struct {
		change func(*Config)
		field  string
	}{
		"two seeds":             {func(c *Config) { c.Seed, c.SeedPerTrial = &seed, true }, "seed_per_trial"},
		"two kinds of thought":  {func(c *Config) { c.Thinking = Thinking{Budget: &budget, Level: "LOW"} }, "thinking.level"},
		"a voice without sound": {func(c *Config) { c.Voice = "Kore" }, "voice"},
		"several answers":       {func(c *Config) { c.Parameters = generation(map[string]any{"candidateCount": 2.0}) }, "parameters.generationConfig.candidateCount"},
		"a parameter twice": {func(c *Config) {
			c.MaxOutputTokens, c.Parameters = &n, generation(map[string]any{"maxOutputTokens": 9.0})
		}, "parameters.generationConfig.maxOutputTokens"},
		"a member twice":          {func(c *Config) { c.CachedContent, c.Parameters = "x", map[string]any{"cachedContent": "x"} }, "parameters.cachedContent"},
		"the conversation":        {func(c *Config) { c.Parameters = map[string]any{"contents": []any{}} }, "parameters.contents"},
		"no object":               {func(c *Config) { c.Parameters = generation("x") }, "parameters.generationConfig"},
		"no model":                {func(c *Config) { c.Model = "" }, "model"},
		"a path for a model":      {func(c *Config) { c.Model = "../x" }, "model"},
		"a choice of no function": {func(c *Config) { c.ToolChoice = "dial" }, "tool_choice"},
		"no time":                 {func(c *Config) { c.Timeouts.Quiet = 0 }, "timeouts.quiet"},
		"no room":                 {func(c *Config) { c.MaxReplyBytes = 0 }, "max_reply_bytes"},
		"a header of the key":     {func(c *Config) { c.Headers = map[string]core.Secret{"x-goog-api-key": "x"} }, "headers.x-goog-api-key"},
	} {
		t.Run(name, func(t *testing.T) {
			c := withEndpoint("https://generativelanguage.googleapis.com")
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
	if err := Component().Check([]byte(`{"model": "m", "endpoint": "http://127.0.0.1:1", "headers": {"X": "y"}, "seed": 7, "max_output_tokens": 9}`)); err != nil {
		t.Error(err)
	}
	if err := Component().Check([]byte(`{"model": "m", "endpoint": "http://127.0.0.1:1", "max_output_tokens": 5000000000}`)); err == nil {
		t.Error("a limit of more than 32 bits is taken")
	}
}
