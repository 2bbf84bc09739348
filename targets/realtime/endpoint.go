package realtime

import (
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// endpoint is the address of the service.
type endpoint struct {
	dialect dialect
	url     string
	// clientSecrets is the URL that issues ephemeral keys.
	clientSecrets string
	// shown is the URL without its query, which may hold secrets: the form
	// for errors.
	shown string
}

// endpoint builds the endpoint from the configuration, or returns what is wrong
// with it.
func (c Config) endpoint() (endpoint, error) {
	u, err := c.parseEndpoint()
	if err != nil {
		return endpoint{}, err
	}
	d := dialectOf(c.Provider, u.Hostname())
	if err := setPath(u, d); err != nil {
		return endpoint{}, err
	}
	secrets := *u
	secrets.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	secrets.Path += "/client_secrets"
	secrets.RawQuery = ""
	if err := c.setModel(u); err != nil {
		return endpoint{}, err
	}
	if c.Keyless() && d.needsKey {
		return endpoint{}, wrong("api_key", "no API key is given").WithHint(`give a reference to it, such as "${OPENAI_API_KEY}"`)
	}
	return endpoint{dialect: d, url: u.String(), clientSecrets: secrets.String(), shown: access.Shown(u)}, nil
}

// parseEndpoint checks the address, and that it is none of another protocol of the
// same providers. Its errors never quote the URL, because it may hold credentials.
func (c Config) parseEndpoint() (*url.URL, error) {
	u, err := c.Parse(access.Address{
		Key: "endpoint", WebSocket: true, Service: "a Realtime service", Example: "wss://api.openai.com/v1",
	}, c.Endpoint)
	if err != nil {
		return nil, err
	}
	if err := otherProtocol(u); err != nil {
		return nil, err
	}
	if u.Query().Has("api-version") || strings.TrimRight(u.Path, "/") == "/openai/realtime" {
		return nil, wrong("endpoint", "an address of Azure's preview protocol, which was retired").
			WithHint("use https://NAME.openai.azure.com/openai/v1, without api-version")
	}
	if u.Query().Has("deployment") {
		return nil, wrong("endpoint", "the deployment is in the URL").WithHint("give its name as model")
	}
	return u, nil
}

// otherProtocol refuses an address that is spoken to by another target.
func otherProtocol(u *url.URL) error {
	path := strings.TrimRight(u.Path, "/")
	for _, other := range []struct{ suffix, target string }{
		{"/chat/completions", "chat"},
		{"/responses", "responses"},
		{"/v1/messages", "anthropic"},
		{":generateContent", "gemini"},
		{":streamGenerateContent", "gemini"},
	} {
		if strings.HasSuffix(path, other.suffix) {
			return wrong("endpoint", "an address of another protocol, which ends in %s", other.suffix).
				WithHint("write use: %s for it; a Realtime address ends in /realtime", other.target)
		}
	}
	return nil
}

// setPath completes the path: a base URL may end before /realtime.
func setPath(u *url.URL, d dialect) error {
	path := strings.TrimRight(u.Path, "/")
	switch {
	case path == "":
		path = d.path
	case path == "/openai":
		path = "/openai/v1/realtime"
	case strings.HasSuffix(path, "/realtime"):
	default:
		path += "/realtime"
	}
	if strings.Contains(path, "/live/") {
		return wrong("endpoint", "an address of another protocol, GPT-Live").
			WithHint("use the service's Realtime address, which ends in /realtime")
	}
	u.Path, u.RawPath = path, ""
	return nil
}

func (c Config) setModel(u *url.URL) error {
	query := u.Query()
	if query.Has("call_id") {
		return wrong("endpoint", "the call is in the URL").WithHint("give it as call_id")
	}
	if c.CallID != "" {
		query.Del("model")
		query.Set("call_id", c.CallID)
		u.RawQuery = query.Encode()
		return nil
	}
	if model := query.Get("model"); model != "" && model != c.Model {
		return wrong("endpoint", "the URL asks for model %q, the configuration for %q", model, c.Model).
			WithHint("leave the model out of the URL")
	}
	query.Set("model", c.Model)
	u.RawQuery = query.Encode()
	return nil
}
