package access

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// Config is how a service is reached. It is embedded in the configuration of a
// target, so that its keys stand beside the target's own.
type Config struct {
	APIKey             core.Secret            `json:"api_key" doc:"API key of the service."`
	AccessToken        core.Secret            `json:"access_token" doc:"Bearer token to use instead of an API key, such as a Microsoft Entra access token."`
	AccessTokenFile    string                 `json:"access_token_file" format:"local-file" doc:"File with such a token, read again for each connection or request."`
	AccessTokenCommand []string               `json:"access_token_command" format:"command" doc:"Program and arguments that print such a token. It is run again for each connection that lasts, and for requests at most once a minute."`
	Headers            map[string]core.Secret `json:"headers" doc:"Further HTTP headers of each request or handshake, such as OpenAI-Project."`
	Proxy              string                 `json:"proxy" format:"uri" doc:"HTTP or SOCKS5 proxy to connect through, such as http://proxy.example:3128, without credentials."`
	ProxyUser          string                 `json:"proxy_user" doc:"User name for a proxy that asks for one."`
	ProxyPassword      core.Secret            `json:"proxy_password" doc:"Password for a proxy that asks for one."`
	CACertificates     string                 `json:"ca_certificates" doc:"Certificate authorities to trust besides the system's, as PEM; usually a reference such as ${file:ca.pem}."`
	ClientCertificate  string                 `json:"client_certificate" doc:"Certificate to show to a service that asks for one (mutual TLS), as PEM, with the intermediate ones; usually a reference such as ${file:client.pem}."`
	ClientKey          core.Secret            `json:"client_key" doc:"Private key of client_certificate, as PEM without a passphrase; usually a reference such as ${file:client-key.pem}."`
	InsecurePlain      bool                   `json:"insecure_plain" doc:"Whether a plain address, http:// or ws://, may name another machine: the key and the conversation then travel in the clear."`
}

// Check returns what is wrong with the configuration, without opening anything.
// Values may still be secret references, so that certificates are not read. own
// reports whether the target sets a header itself, and what to configure instead;
// nil adds none to those that every target sets.
func (c Config) Check(own func(header string) (hint string, taken bool)) []error {
	return slices.Concat(c.checkCredentials(), c.checkHeaders(own), c.checkProxy(), c.checkClientCertificate())
}

// credential is a configuration key that says how to log in.
type credential struct {
	key   string
	given bool
}

func (c Config) credentials() []credential {
	return []credential{
		{"api_key", c.APIKey != ""},
		{"access_token", c.AccessToken != ""},
		{"access_token_file", c.AccessTokenFile != ""},
		{"access_token_command", len(c.AccessTokenCommand) > 0},
	}
}

// Keyless reports whether neither an API key nor a way to an access token is
// configured.
func (c Config) Keyless() bool {
	return !slices.ContainsFunc(c.credentials(), func(w credential) bool { return w.given })
}

func (c Config) checkCredentials() []error {
	var given []string
	for _, way := range c.credentials() {
		if way.given {
			given = append(given, way.key)
		}
	}
	if len(given) > 1 {
		return []error{wrong(given[1], "both %s and %s are given", given[0], given[1]).WithHint("keep the one that the service expects")}
	}
	if len(c.AccessTokenCommand) > 0 && c.AccessTokenCommand[0] == "" {
		return []error{wrong("access_token_command", "the program has no name")}
	}
	return nil
}

func (c Config) checkHeaders(own func(string) (string, bool)) []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		at := "headers." + name
		hint, taken := c.reserved(name)
		if !taken && own != nil {
			hint, taken = own(name)
		}
		switch {
		case taken:
			problems = append(problems, wrong(at, "the header cannot be set").WithHint("%s", hint))
		case !isToken(name):
			problems = append(problems, wrong("headers", "%q is not the name of a header", name).WithHint("write it as in OpenAI-Project"))
		}
	}
	return problems
}

// reserved reports whether every target sets a header itself, and what to
// configure instead. A service that wants other credentials than a key or a token
// can have them as headers, as long as they replace none.
func (c Config) reserved(header string) (hint string, taken bool) {
	switch http.CanonicalHeaderKey(header) {
	case "Authorization", "Api-Key":
		return "give the key as api_key, or a token as access_token, and leave the header out", !c.Keyless()
	case "Host", "Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "Te", "Trailer":
		return "the connection sets it", true
	case "Proxy-Authorization":
		return proxyHint(), true
	}
	return "", false
}

// isToken reports whether a text is a token of HTTP (RFC 9110, section 5.6.2), as
// names of headers are.
func isToken(name string) bool {
	const others = "!#$%&'*+-.^_`|~"
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		isAlphanumeric := '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		return !isAlphanumeric && !strings.ContainsRune(others, r)
	})
}

// checkProxy checks the proxy's URL, which may hold a password, so that it is not
// quoted.
func (c Config) checkProxy() []error {
	switch {
	case c.ProxyPassword != "" && c.ProxyUser == "":
		return []error{wrong("proxy_user", "proxy_password is given without its user").WithHint("give the user as proxy_user, as in ${PROXY_USER}")}
	case c.Proxy == "" && c.ProxyUser != "":
		return []error{wrong("proxy", "proxy_user is given without a proxy").WithHint("write its address as in http://proxy.example:3128; a proxy that the environment names has its credentials there")}
	case c.Proxy == "":
		return nil
	case secret.InAddress(c.Proxy):
		return []error{wrong("proxy", "the address holds credentials").WithHint("%s", proxyHint())}
	}
	u, err := url.Parse(c.Proxy)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "socks5"}, u.Scheme) {
		return []error{wrong("proxy", "not the URL of a proxy").WithHint("write it as in http://proxy.example:3128 or socks5://127.0.0.1:1080")}
	}
	return nil
}

func (c Config) checkClientCertificate() []error {
	switch {
	case c.ClientCertificate != "" && c.ClientKey == "":
		return []error{wrong("client_key", "client_certificate is given without its private key").WithHint("give the key as PEM, as in ${file:client-key.pem}")}
	case c.ClientKey != "" && c.ClientCertificate == "":
		return []error{wrong("client_certificate", "client_key is given without its certificate").WithHint("give the certificate as PEM, as in ${file:client.pem}")}
	}
	return nil
}

// wrong returns what is wrong with a key.
func wrong(key, format string, args ...any) *core.Error {
	return core.Errorf(core.ErrorConfig, format, args...).At(key)
}
