package chat

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// route is what is appended to a base address.
const route = "/chat/completions"

// endpoint is the address of the service.
type endpoint struct {
	// base ends before route; query is kept for each request.
	base  *url.URL
	query url.Values
	azure bool
	// official says that the service is the provider's own, whose word is taken for
	// how a reply ended.
	official bool
}

// setKey sets an API key as the service expects it.
func (e endpoint) setKey(header http.Header, key string) {
	if e.azure {
		header.Set("Api-Key", key)
		return
	}
	access.Bearer(header, key)
}

// address describes the addresses that the target takes.
var address = access.Address{Key: "endpoint", Service: "a chat service", Example: "https://api.openai.com/v1"}

// endpoint builds the endpoint from the configuration, or returns what is wrong
// with it.
func (c Config) endpoint() (endpoint, error) {
	if scheme, _, _ := strings.Cut(c.Endpoint, ":"); scheme == "ws" || scheme == "wss" {
		return endpoint{}, wrong("endpoint", "the address of a websocket").
			WithHint("chat completions are at https://; a voice agent is attacked with use: realtime, another websocket with use: websocket")
	}
	u, err := c.Parse(address, c.Endpoint)
	if err != nil {
		return endpoint{}, err
	}
	e := endpoint{base: u, query: u.Query(), azure: c.azure(u.Hostname())}
	e.official = c.Provider == "openai" || c.Provider == "auto" && u.Hostname() == "api.openai.com" || e.azure
	path := strings.TrimRight(u.Path, "/")
	if other := otherProtocol(path); other != "" {
		return endpoint{}, wrong("endpoint", "the address of another protocol: it ends in %s", path[strings.LastIndex(path, "/"):]).WithHint("%s", other)
	}
	path = strings.TrimSuffix(path, route)
	if e.azure {
		if path, err = e.azurePath(path, c.Model); err != nil {
			return endpoint{}, err
		}
	} else if path == "" {
		path = "/v1"
	}
	u.Path, u.RawPath, u.RawQuery = path, "", ""
	if c.Keyless() && (e.azure || e.official) && len(c.Headers) == 0 {
		return endpoint{}, wrong("api_key", "no API key is given").WithHint(`give a reference to it, such as "${OPENAI_API_KEY}"`)
	}
	return e, nil
}

// azure reports whether a host speaks Azure's dialect.
func (c Config) azure(host string) bool {
	if c.Provider != "auto" && c.Provider != "" {
		return c.Provider == "azure"
	}
	host = strings.ToLower(host)
	for _, domain := range []string{".openai.azure.com", ".openai.azure.us", ".openai.azure.cn", ".cognitiveservices.azure.com", ".services.ai.azure.com"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}

// azurePath completes the path of an address of Azure. With api-version and without
// a path, it is that of a deployment; without api-version, that of the v1 API.
func (e endpoint) azurePath(path, model string) (string, error) {
	dated := e.query.Has("api-version")
	switch {
	case path == "" && dated, path == "/openai" && dated, path == "/openai/deployments" && dated:
		return "/openai/deployments/" + model, nil
	case strings.HasPrefix(path, "/openai/deployments/") && !dated:
		return "", wrong("endpoint", "the address of a deployment has no api-version").
			WithHint("add it, as in ?api-version=2024-10-21, or use https://NAME.openai.azure.com, the v1 API")
	case path == "", path == "/openai":
		return "/openai/v1", nil
	}
	return path, nil
}

// otherProtocol returns the hint for an address that cannot be one of chat
// completions; "" if it can.
func otherProtocol(path string) string {
	switch {
	case strings.HasSuffix(path, "/realtime"):
		return "a voice agent is attacked with use: realtime"
	case strings.HasSuffix(path, "/responses"):
		return "use: responses speaks that protocol"
	case strings.HasSuffix(path, "/messages"):
		return "use: anthropic speaks that protocol"
	case strings.HasSuffix(path, ":generateContent"), strings.HasSuffix(path, ":streamGenerateContent"):
		return "use: gemini speaks that protocol"
	case strings.HasSuffix(path, "/completions") && !strings.HasSuffix(path, route):
		return "completions of a text are not supported; use the address of the chat completions"
	}
	return ""
}

// wrong returns what is wrong with a key.
func wrong(key, format string, args ...any) *core.Error {
	return core.Errorf(core.ErrorConfig, format, args...).At(key)
}
