package anthropic

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// setKey sets an API key as the service expects it.
func setKey(header http.Header, key string) { header.Set("X-Api-Key", key) }

// ownHeader names the headers that the target sets.
func (c Config) ownHeader(name string) (hint string, taken bool) {
	switch http.CanonicalHeaderKey(name) {
	case "X-Api-Key":
		return "give the key as api_key, and leave the header out", !c.Keyless()
	case "Anthropic-Beta":
		return "give them as betas", len(c.Betas) > 0
	}
	return "", false
}

// address describes the addresses that the target takes.
var address = access.Address{Key: "endpoint", Service: "an Anthropic service", Example: "https://api.anthropic.com"}

// endpoint builds the address of requests from the configuration, or returns what is
// wrong with it.
func (c Config) endpoint() (*url.URL, error) {
	if scheme, _, _ := strings.Cut(c.Endpoint, ":"); scheme == "ws" || scheme == "wss" {
		return nil, wrong("endpoint", "the address of a websocket").WithHint("the Messages API is at https://; another websocket is attacked with use: websocket")
	}
	u, err := c.Parse(address, c.Endpoint)
	if err != nil {
		return nil, err
	}
	path := strings.TrimRight(u.Path, "/")
	if other := otherProtocol(path); other != "" {
		return nil, wrong("endpoint", "the address of another protocol: it ends in %s", path[strings.LastIndex(path, "/"):]).WithHint("%s", other)
	}
	switch {
	case strings.HasSuffix(path, "/messages"):
	case strings.HasSuffix(path, "/v1"):
		path += "/messages"
	default:
		path += "/v1/messages"
	}
	u.Path, u.RawPath = path, ""
	if c.Keyless() && len(c.Headers) == 0 && strings.EqualFold(u.Hostname(), "api.anthropic.com") {
		return nil, wrong("api_key", "neither an API key nor an access token is given").
			WithHint(`give a reference to a key, such as "${ANTHROPIC_API_KEY}"`)
	}
	return u, nil
}

// otherProtocol returns the hint for an address that cannot be one of the Messages
// API; "" if it can.
func otherProtocol(path string) string {
	switch {
	case strings.HasSuffix(path, "/chat/completions"):
		return "use: chat speaks that protocol"
	case strings.HasSuffix(path, "/responses"):
		return "use: responses speaks that protocol"
	case strings.HasSuffix(path, ":generateContent"), strings.HasSuffix(path, ":streamGenerateContent"):
		return "use: gemini speaks that protocol"
	case strings.HasSuffix(path, "/complete"), strings.HasSuffix(path, "/batches"), strings.HasSuffix(path, "/count_tokens"),
		strings.HasSuffix(path, ":rawPredict"), strings.HasSuffix(path, ":streamRawPredict"):
		return "only the Messages API is spoken; another service over HTTP is attacked with use: http"
	}
	return ""
}

// wrong returns what is wrong with a key.
func wrong(key, format string, args ...any) *core.Error {
	return core.Errorf(core.ErrorConfig, format, args...).At(key)
}
