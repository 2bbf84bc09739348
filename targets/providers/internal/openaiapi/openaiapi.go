// Package openaiapi has what the targets of OpenAI's APIs share: whose service an
// address is, what a content filter says, and whether a text was cut.
package openaiapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// API is one of the APIs.
type API struct {
	// Route is appended to a base address, such as "/chat/completions".
	Route   string
	Address access.Address
	// Websocket is the hint for the address of a websocket.
	Websocket string
	// Deployments says that an address of Azure with an api-version leads to a
	// deployment; otherwise the model is in the request alone.
	Deployments bool
}

// Place says where a service is. Access is checked for the address.
type Place struct {
	Endpoint string
	// Provider is "openai", "azure" or "compatible"; "auto" and "" tell by the host.
	Provider, Model string
	Access          access.Config
}

// Endpoint is the address of a service.
type Endpoint struct {
	// Base ends before the API's route; Query is kept for each request.
	Base  *url.URL
	Query url.Values
	Azure bool
	// Official says that the service is the provider's own, whose word is taken for
	// how a reply ended.
	Official bool
}

// SetKey sets an API key as the service expects it.
func (e Endpoint) SetKey(header http.Header, key string) {
	if e.Azure {
		header.Set("Api-Key", key)
		return
	}
	access.Bearer(header, key)
}

// Endpoint builds the endpoint of a place, or returns what is wrong with it.
func (api API) Endpoint(p Place) (Endpoint, error) {
	if scheme, _, _ := strings.Cut(p.Endpoint, ":"); scheme == "ws" || scheme == "wss" {
		return Endpoint{}, wrong("endpoint", "the address of a websocket").WithHint("%s", api.Websocket)
	}
	u, err := p.Access.Parse(api.Address, p.Endpoint)
	if err != nil {
		return Endpoint{}, err
	}
	e := Endpoint{Base: u, Query: u.Query(), Azure: p.azure(u.Hostname())}
	e.Official = p.Provider == "openai" || p.Provider == "auto" && u.Hostname() == "api.openai.com" || e.Azure
	path := strings.TrimRight(u.Path, "/")
	if other := api.otherProtocol(path); other != "" {
		return Endpoint{}, wrong("endpoint", "the address of another protocol: it ends in %s", path[strings.LastIndex(path, "/"):]).WithHint("%s", other)
	}
	path = strings.TrimSuffix(path, api.Route)
	if e.Azure {
		if path, err = api.azurePath(e, path, p.Model); err != nil {
			return Endpoint{}, err
		}
	} else if path == "" {
		path = "/v1"
	}
	u.Path, u.RawPath, u.RawQuery = path, "", ""
	if p.Access.Keyless() && (e.Azure || e.Official) && len(p.Access.Headers) == 0 {
		return Endpoint{}, wrong("api_key", "no API key is given").WithHint(`give a reference to it, such as "${OPENAI_API_KEY}"`)
	}
	return e, nil
}

// azure reports whether a host speaks Azure's dialect.
func (p Place) azure(host string) bool {
	if p.Provider != "auto" && p.Provider != "" {
		return p.Provider == "azure"
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
// a path, it is that of a deployment, or of the API; without api-version, that of the
// v1 API.
func (api API) azurePath(e Endpoint, path, model string) (string, error) {
	dated := e.Query.Has("api-version")
	deployment := "/openai"
	if api.Deployments {
		deployment = "/openai/deployments/" + model
	}
	switch {
	case path == "" && dated, path == "/openai" && dated, path == "/openai/deployments" && dated:
		return deployment, nil
	case strings.HasPrefix(path, "/openai/deployments/") && !api.Deployments:
		return "", wrong("endpoint", "the address of a deployment").WithHint("this API has none: use https://NAME.openai.azure.com, and give the deployment as model")
	case strings.HasPrefix(path, "/openai/deployments/") && !dated:
		return "", wrong("endpoint", "the address of a deployment has no api-version").
			WithHint("add it, as in ?api-version=2024-10-21, or use https://NAME.openai.azure.com, the v1 API")
	case path == "", path == "/openai":
		return "/openai/v1", nil
	}
	return path, nil
}

// otherProtocol returns the hint for an address that cannot be one of the API; "" if
// it can.
func (api API) otherProtocol(path string) string {
	if strings.HasSuffix(path, api.Route) {
		return ""
	}
	for _, other := range []struct{ route, hint string }{
		{"/realtime", "a voice agent is attacked with use: realtime"},
		{"/responses", "use: responses speaks that protocol"},
		{"/chat/completions", "use: chat speaks that protocol"},
		{"/messages", "use: anthropic speaks that protocol"},
		{":generateContent", "use: gemini speaks that protocol"},
		{":streamGenerateContent", "use: gemini speaks that protocol"},
		{"/completions", "completions of a text are not supported; use the address of the chat completions"},
	} {
		if strings.HasSuffix(path, other.route) {
			return other.hint
		}
	}
	return ""
}

// wrong returns what is wrong with a key.
func wrong(key, format string, args ...any) *core.Error {
	return core.Errorf(core.ErrorConfig, format, args...).At(key)
}

// Post sends a request's body, and returns the response, whatever its status. Without a
// response there is an error.
type Post func(ctx context.Context, body []byte) (*http.Response, error)

// Poster returns how the SDK sends requests to a route of the endpoint, over an HTTP
// client that adds the credentials. It makes no attempt of its own after the first.
//
// The SDK's client is in no field of a target: the linker keeps what has to do with the
// types of all fields of a value that is in an interface, here of all OpenAI's services.
func (e Endpoint) Poster(web *http.Client, route string) Post {
	options := []option.RequestOption{option.WithBaseURL(e.Base.String()), option.WithHTTPClient(web), option.WithMaxRetries(0)}
	for name, values := range e.Query {
		for _, value := range values {
			options = append(options, option.WithQueryAdd(name, value))
		}
	}
	return func(ctx context.Context, body []byte) (*http.Response, error) {
		client := openai.Client{Options: options} // the SDK's constructor would read the environment
		var response *http.Response
		err := client.Post(ctx, strings.TrimPrefix(route, "/"), body, &response)
		if response != nil {
			err = nil // the SDK's error of a status
		}
		return response, err
	}
}
