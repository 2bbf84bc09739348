package gemini

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// The methods of the service, as they stand in addresses.
const (
	wholeMethod  = "generateContent"
	streamMethod = "streamGenerateContent"
)

// endpoint is the address of the service.
type endpoint struct {
	// base ends before the model; query is kept for each request.
	base  *url.URL
	query url.Values
	// model is the path of the model, such as models/gemini-3.5-flash.
	model string
}

// setKey sets an API key as the service expects it. It is never in an address, where
// Google's examples have it, too.
func setKey(header http.Header, key string) { header.Set("X-Goog-Api-Key", key) }

// ownHeader names the header that the target sets.
func (c Config) ownHeader(name string) (hint string, taken bool) {
	if http.CanonicalHeaderKey(name) != "X-Goog-Api-Key" {
		return "", false
	}
	return "give the key as api_key, and leave the header out", !c.Keyless()
}

// address describes the addresses that the target takes.
var address = access.Address{
	Key: "endpoint", Service: "a Gemini service", Example: "https://generativelanguage.googleapis.com",
}

// version matches a segment that names a version of the API, such as v1beta.
var version = regexp.MustCompile(`^v[0-9]+([a-z]+[0-9]*)?$`)

// endpoint builds the endpoint from the configuration, or returns what is wrong
// with it.
func (c Config) endpoint() (endpoint, error) {
	if scheme, _, _ := strings.Cut(c.Endpoint, ":"); scheme == "ws" || scheme == "wss" {
		return endpoint{}, wrong("endpoint", "the address of a websocket").WithHint("this target speaks generateContent at https://; another websocket is attacked with use: websocket")
	}
	u, err := c.Parse(address, c.Endpoint)
	if err != nil {
		return endpoint{}, err
	}
	e := endpoint{base: u, query: u.Query(), model: c.modelPath()}
	path := strings.TrimRight(u.Path, "/")
	if other := otherProtocol(path); other != "" {
		return endpoint{}, wrong("endpoint", "the address of another protocol: it ends in %s", path[strings.LastIndex(path, "/"):]).WithHint("%s", other)
	}
	if path, err = c.basePath(path); err != nil {
		return endpoint{}, err
	}
	if vertex(u.Hostname()) && !strings.Contains(path, "/publishers/") && !strings.Contains(path, "/locations/") {
		return endpoint{}, wrong("endpoint", "the address of Vertex AI names no project").
			WithHint("write it as in https://europe-west4-aiplatform.googleapis.com/v1/projects/PROJECT/locations/europe-west4/publishers/google")
	}
	u.Path, u.RawPath, u.RawQuery = path, "", ""
	if c.Keyless() && len(c.Headers) == 0 && official(u.Hostname()) {
		return endpoint{}, wrong("api_key", "neither an API key nor an access token is given").
			WithHint(`give a reference to a key, such as "${GEMINI_API_KEY}"; for Vertex AI access_token_command: [gcloud, auth, print-access-token]`)
	}
	e.query.Del("alt")
	return e, nil
}

// basePath returns the path before that of the model. Without a version of the API
// it is that of v1beta, as in the SDKs.
func (c Config) basePath(path string) (string, error) {
	for _, method := range []string{":" + wholeMethod, ":" + streamMethod} {
		before, ok := strings.CutSuffix(path, method)
		if !ok {
			continue
		}
		base, ok := strings.CutSuffix(before, "/"+c.modelPath())
		if !ok {
			return "", wrong("endpoint", "the address is that of another model than %s", c.Model).WithHint("leave out what comes after the version, such as v1beta")
		}
		path = base
	}
	path = strings.TrimSuffix(path, "/models")
	for segment := range strings.SplitSeq(path, "/") {
		if version.MatchString(segment) {
			return path, nil
		}
	}
	return path + "/v1beta", nil
}

// modelPath is the path of the model.
func (c Config) modelPath() string {
	for _, prefix := range []string{"models/", "tunedModels/", "endpoints/"} {
		if strings.HasPrefix(c.Model, prefix) {
			return c.Model
		}
	}
	return "models/" + c.Model
}

// vertex reports whether a host is one of Vertex AI.
func vertex(host string) bool {
	host = strings.ToLower(host)
	return host == "aiplatform.googleapis.com" || strings.HasSuffix(host, "-aiplatform.googleapis.com")
}

// official reports whether a host is one of Google's own, which wants credentials.
func official(host string) bool {
	return vertex(host) || strings.EqualFold(host, "generativelanguage.googleapis.com")
}

// otherProtocol returns the hint for an address that cannot be one of Gemini's API;
// "" if it can.
func otherProtocol(path string) string {
	switch {
	case strings.HasSuffix(path, "/chat/completions"), strings.HasSuffix(path, "/openai"):
		return "use: chat speaks that protocol"
	case strings.HasSuffix(path, "/responses"):
		return "use: responses speaks that protocol"
	case strings.HasSuffix(path, "/messages"):
		return "use: anthropic speaks that protocol"
	case strings.HasSuffix(path, ":predict"), strings.HasSuffix(path, ":rawPredict"):
		return "only generateContent is spoken; another service over HTTP is attacked with use: http"
	}
	return ""
}

// request returns the address of a request.
func (e endpoint) request(stream bool) string {
	u := *e.base
	method := wholeMethod
	if stream {
		method = streamMethod
	}
	u.Path = strings.TrimRight(u.Path, "/") + "/" + e.model + ":" + method
	query := url.Values{}
	for name, values := range e.query {
		query[name] = values
	}
	if stream {
		query.Set("alt", "sse")
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// wrong returns what is wrong with a key.
func wrong(key, format string, args ...any) *core.Error {
	return core.Errorf(core.ErrorConfig, format, args...).At(key)
}
