package starter

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// kind is what a first campaign has to know of a target.
type kind struct {
	name string
	// use is the component; address is the key that takes the endpoint.
	use, address string
	// schemes are those that an endpoint may have; nil where it is no address.
	schemes []string
	// model: the target needs one. plants: it takes a system prompt, so that the
	// campaign can plant the canary itself.
	model, plants bool
	// rest are the target's further keys, a line each.
	rest []string
}

func kinds() []kind {
	web := []string{"http", "https"}
	return []kind{
		{name: "chat", use: "chat", address: "endpoint", schemes: web, model: true, plants: true},
		{name: "responses", use: "responses", address: "endpoint", schemes: web, model: true, plants: true},
		{name: "anthropic", use: "anthropic", address: "endpoint", schemes: web, model: true, plants: true},
		{name: "gemini", use: "gemini", address: "endpoint", schemes: web, model: true, plants: true},
		{
			name: "realtime", use: "realtime", address: "endpoint", schemes: []string{"http", "https", "ws", "wss"}, model: true, plants: true,
			rest: []string{"output: text                      # or audio"},
		},
		{name: "http", use: "http", address: "url", schemes: web, rest: []string{
			"memory: service                   # the service keeps the conversation; docs/targets.md has the others",
			"request:",
			"  body: {message: $(prompt)}      # what the service takes",
			"reply: {jq: .reply}               # where its answer is",
		}},
		{name: "websocket", use: "websocket", address: "url", schemes: []string{"ws", "wss"}, rest: []string{
			"greeting: false                   # true if the service speaks first",
			"message:",
			"  - {type: message, text: $(prompt)} # what the service takes",
			"reply:",
			"  text: select(.type == \"token\") | .text # where its answer is",
			"  end: .type == \"done\"            # and where that ends",
		}},
		{name: "command", use: "command/lines", address: "command", rest: []string{
			"until: line                       # where a reply ends",
			"greeting: false                   # true if the program writes something before it is asked",
		}},
	}
}

// Kinds returns the names that Answers.Target may have.
func Kinds() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

func kindOf(name string) (kind, bool) {
	i := slices.IndexFunc(kinds(), func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return kinds()[i], true
}

// host returns the host that the scope has to name: "" for loopback, and for a
// program.
func (k kind) host(endpoint string) (string, error) {
	if k.schemes == nil {
		return "", nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Hostname() == "" || !slices.Contains(k.schemes, u.Scheme) {
		return "", core.Errorf(core.ErrorConfig, "the endpoint is no address of the target %s", k.name).
			WithHint("it begins with %s://, and has a host", strings.Join(k.schemes, ":// or "))
	}
	if u.User != nil {
		return "", core.Errorf(core.ErrorConfig, "the endpoint holds a password, which a campaign must not").
			WithHint("name the environment variable of the key: --api-key-env")
	}
	if loopback(u.Hostname()) {
		return "", nil
	}
	return u.Hostname(), nil
}

// loopback reports whether a host is this machine, which needs no scope.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
