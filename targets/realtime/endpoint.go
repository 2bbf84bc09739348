package realtime

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// endpoint is where to connect to and how to be let in.
type endpoint struct {
	url    string
	header http.Header
	// shown is the URL without its query, which may hold secrets: the form
	// for errors.
	shown string
}

// endpoint works the configuration out, or says what is wrong with it.
func (c Config) endpoint() (endpoint, error) {
	u, err := c.parseEndpoint()
	if err != nil {
		return endpoint{}, err
	}
	provider := c.Provider
	if provider == "auto" || provider == "" {
		provider = providerOf(u.Hostname())
	}
	if err := c.setPath(u, provider); err != nil {
		return endpoint{}, err
	}
	if err := c.setModel(u); err != nil {
		return endpoint{}, err
	}
	header, err := c.header(provider)
	if err != nil {
		return endpoint{}, err
	}
	return endpoint{url: u.String(), header: header, shown: u.Scheme + "://" + u.Host + u.Path}, nil
}

// parseEndpoint checks the scheme and that the URL holds no credentials. Its
// errors never quote the URL, because it may.
func (c Config) parseEndpoint() (*url.URL, error) {
	wrong := func(format string, args ...any) *core.Error {
		return core.Errorf(core.KindConfig, format, args...).At("endpoint")
	}
	const example = "write it as in wss://api.openai.com/v1"
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, wrong("not a URL").WithHint(example)
	}
	switch u.Scheme {
	case "wss", "https":
		u.Scheme = "wss"
	case "ws", "http":
		if !loopback(u.Hostname()) {
			return nil, wrong("%s:// would send the key and the conversation in the clear to %s", u.Scheme, u.Hostname()).
				WithHint("use wss://; plain ws:// is for loopback only")
		}
		u.Scheme = "ws"
	default:
		return nil, wrong("%q is not a scheme of a Realtime service", u.Scheme).WithHint(example)
	}
	if u.Hostname() == "" {
		return nil, wrong("the URL has no host").WithHint(example)
	}
	if u.User != nil || u.Query().Has("api-key") {
		return nil, wrong("the URL holds credentials").WithHint("give the key as api_key: URLs end up in logs")
	}
	if u.Fragment != "" {
		return nil, wrong("the URL has a fragment (#…)").WithHint(example)
	}
	if u.Query().Has("api-version") || strings.TrimRight(u.Path, "/") == "/openai/realtime" {
		return nil, wrong("this is an address of Azure's preview protocol, which was retired").
			WithHint("use https://NAME.openai.azure.com/openai/v1, without api-version")
	}
	if u.Query().Has("deployment") {
		return nil, wrong("the deployment is in the URL").WithHint("give its name as model")
	}
	return u, nil
}

// loopback reports whether a host never leaves the machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// providerOf tells a provider by its host. Azure's hosts include those of its
// sovereign clouds, such as NAME.openai.azure.us.
func providerOf(host string) string {
	host = strings.ToLower(host)
	for _, part := range []string{".openai.azure.", ".cognitiveservices.azure.", ".services.ai.azure."} {
		if strings.Contains(host, part) {
			return "azure"
		}
	}
	if host == "api.openai.com" || strings.HasSuffix(host, ".api.openai.com") {
		return "openai"
	}
	return "compatible"
}

// setPath completes the path: a base URL may stop before /realtime.
func (c Config) setPath(u *url.URL, provider string) error {
	path := strings.TrimRight(u.Path, "/")
	switch {
	case path == "" && provider == "azure", path == "/openai":
		path = "/openai/v1/realtime"
	case path == "":
		path = "/v1/realtime"
	case strings.HasSuffix(path, "/realtime"):
	default:
		path += "/realtime"
	}
	if strings.Contains(path, "/live/") {
		return core.Errorf(core.KindConfig, "this is an address of another protocol, GPT-Live").At("endpoint").
			WithHint("use the service's Realtime address, which ends in /realtime")
	}
	u.Path, u.RawPath = path, ""
	return nil
}

func (c Config) setModel(u *url.URL) error {
	query := u.Query()
	if model := query.Get("model"); model != "" && model != c.Model {
		return core.Errorf(core.KindConfig, "the URL asks for model %q, the configuration for %q", model, c.Model).
			At("endpoint").WithHint("leave the model out of the URL")
	}
	query.Set("model", c.Model)
	u.RawQuery = query.Encode()
	return nil
}

// header returns the headers of the handshake, the credentials included.
func (c Config) header(provider string) (http.Header, error) {
	header := make(http.Header)
	for name, value := range c.Headers {
		header.Set(name, value.Reveal())
	}
	switch {
	case c.APIKey != "" && c.AccessToken != "":
		return nil, core.Errorf(core.KindConfig, "both api_key and access_token are given").
			At("access_token").WithHint("keep the one that the service expects")
	case c.AccessToken != "":
		header.Set("Authorization", "Bearer "+c.AccessToken.Reveal())
	case c.APIKey != "" && provider == "azure":
		header.Set("Api-Key", c.APIKey.Reveal())
	case c.APIKey != "":
		header.Set("Authorization", "Bearer "+c.APIKey.Reveal())
	case provider != "compatible":
		return nil, core.Errorf(core.KindConfig, "no API key is given").
			At("api_key").WithHint(`give a reference to it, such as "${OPENAI_API_KEY}"`)
	}
	return header, nil
}

// secrets are the values that must not show up in an error, even if the
// service repeats them.
func (c Config) secrets() []string {
	var secrets []string
	for _, s := range append([]core.Secret{c.APIKey, c.AccessToken}, values(c.Headers)...) {
		if s != "" {
			secrets = append(secrets, s.Reveal())
		}
	}
	return secrets
}

func values(m map[string]core.Secret) []core.Secret {
	list := make([]core.Secret, 0, len(m))
	for _, v := range m {
		list = append(list, v)
	}
	return list
}
