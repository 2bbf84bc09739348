package realtime

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// endpoint is the address of the service.
type endpoint struct {
	dialect dialect
	url     string
	// header has all headers except those of the credentials; see credentials.
	header http.Header
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
	if c.keyless() && d.needsKey {
		return endpoint{}, wrong("api_key", "no API key is given").WithHint(`give a reference to it, such as "${OPENAI_API_KEY}"`)
	}
	header := make(http.Header)
	for name, value := range c.Headers {
		header.Set(name, value.Reveal())
	}
	return endpoint{
		dialect: d, url: u.String(), header: header,
		clientSecrets: secrets.String(), shown: u.Scheme + "://" + u.Host + u.Path,
	}, nil
}

// parseEndpoint checks the scheme and that the URL holds no credentials. Its
// errors never quote the URL, because it may.
func (c Config) parseEndpoint() (*url.URL, error) {
	wrong := func(format string, args ...any) *core.Error { return wrong("endpoint", format, args...) }
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
		return nil, wrong("an address of Azure's preview protocol, which was retired").
			WithHint("use https://NAME.openai.azure.com/openai/v1, without api-version")
	}
	if u.Query().Has("deployment") {
		return nil, wrong("the deployment is in the URL").WithHint("give its name as model")
	}
	return u, nil
}

// loopback reports whether a host is a loopback address or localhost.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
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
	if model := query.Get("model"); model != "" && model != c.Model {
		return wrong("endpoint", "the URL asks for model %q, the configuration for %q", model, c.Model).
			WithHint("leave the model out of the URL")
	}
	query.Set("model", c.Model)
	u.RawQuery = query.Encode()
	return nil
}

// keyless reports whether no credentials are configured.
func (c Config) keyless() bool {
	return c.APIKey == "" && c.AccessToken == "" && c.AccessTokenFile == "" && len(c.AccessTokenCommand) == 0
}
