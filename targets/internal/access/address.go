package access

import (
	"net/url"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// Address is the kind of address that a target takes.
type Address struct {
	// Key is the configuration key that holds the address, such as "endpoint".
	Key string
	// WebSocket says that the service is spoken to over websockets: addresses
	// have the scheme ws or wss, and may be written with http or https. Otherwise
	// they have the scheme http or https.
	WebSocket bool
	// Service names the service in errors, such as "a Realtime service".
	Service string
	// Example is an address to show in hints.
	Example string
}

// Parse returns an address whose scheme fits the service, or what is wrong with
// it. A plain address of another machine needs insecure_plain. Errors never quote
// the address, because it may hold credentials.
func (c Config) Parse(a Address, text string) (*url.URL, error) {
	wrong := func(format string, args ...any) *core.Error { return wrong(a.Key, format, args...) }
	hint := "write it as in " + a.Example
	u, err := url.Parse(text)
	if err != nil {
		return nil, wrong("not a URL").WithHint("%s", hint)
	}
	written := u.Scheme
	scheme, ok := a.scheme(written)
	switch {
	case !ok:
		return nil, wrong("%q is not a scheme of %s", written, a.Service).WithHint("%s", hint)
	case u.Hostname() == "":
		return nil, wrong("the URL has no host").WithHint("%s", hint)
	case secret.InAddress(text):
		return nil, wrong("the URL holds credentials").WithHint("give the key as api_key: URLs end up in logs")
	case u.Fragment != "":
		return nil, wrong("the URL has a fragment (#…)").WithHint("%s", hint)
	}
	u.Scheme = scheme
	if scope.Plain(u) && !c.InsecurePlain {
		return nil, wrong("%s:// would send the key and the conversation in the clear to %s", written, u.Hostname()).
			WithHint("use %ss://; where the service has no TLS and the network between is trusted, set insecure_plain: true", written)
	}
	return u, nil
}

// scheme returns the scheme of the connection for one that is written.
func (a Address) scheme(written string) (string, bool) {
	if !a.WebSocket {
		return written, slices.Contains([]string{"http", "https"}, written)
	}
	switch written {
	case "wss", "https":
		return "wss", true
	case "ws", "http":
		return "ws", true
	}
	return "", false
}

// Shown returns an address in the form for errors: without its query, which may
// hold secrets.
func Shown(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }
