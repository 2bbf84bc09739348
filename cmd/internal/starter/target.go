package starter

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// practiceAddress is where the practice target listens.
const practiceAddress = "http://127.0.0.1:8177/v1"

// kind is what a first campaign has to know of a target.
type kind struct {
	name string
	// use is the component; address is the key that takes the endpoint, and example is
	// one.
	use, address, example string
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
		{name: "chat", use: "chat", address: "endpoint", example: "https://api.openai.com/v1 or " + practiceAddress, schemes: web, model: true, plants: true},
		{name: "responses", use: "responses", address: "endpoint", example: "https://api.openai.com/v1", schemes: web, model: true, plants: true},
		{name: "anthropic", use: "anthropic", address: "endpoint", example: "https://api.anthropic.com", schemes: web, model: true, plants: true},
		{name: "gemini", use: "gemini", address: "endpoint", example: "https://generativelanguage.googleapis.com", schemes: web, model: true, plants: true},
		{
			name: "realtime", use: "realtime", address: "endpoint", example: "wss://api.openai.com/v1 or " + practiceAddress, schemes: []string{"http", "https", "ws", "wss"}, model: true, plants: true,
			rest: []string{"output: text                      # or audio"},
		},
		{name: "http", use: "http", address: "url", example: "https://bot.example/api/chat", schemes: web, rest: []string{
			"memory: service                   # the service keeps the conversation; docs/targets.md has the others",
			"request:",
			"  body: {message: $(prompt)}      # what the service takes",
			"reply: {jq: .reply}               # where its answer is",
		}},
		{name: "websocket", use: "websocket", address: "url", example: "wss://bot.example/chat", schemes: []string{"ws", "wss"}, rest: []string{
			"greeting: false                   # true if the service speaks first",
			"message:",
			"  - {type: message, text: $(prompt)} # what the service takes",
			"reply:",
			"  text: select(.type == \"token\") | .text # where its answer is",
			"  end: .type == \"done\"            # and where that ends",
		}},
		{name: "command", use: "command/lines", address: "command", example: "python3 agent.py", rest: []string{
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

// kindOf returns the kind of a name, or an error that names the others.
func kindOf(name string) (kind, error) {
	if i := slices.IndexFunc(kinds(), func(k kind) bool { return k.name == name }); i >= 0 {
		return kinds()[i], nil
	}
	err := core.Errorf(core.ErrorConfig, "%q is no target of a first campaign", name)
	if near := schema.Nearest(name, Kinds()); near != "" {
		return kind{}, err.WithHint("did you mean %q? There are %s", near, strings.Join(Kinds(), ", "))
	}
	return kind{}, err.WithHint("one of %s", strings.Join(Kinds(), ", "))
}

// host returns the host that the scope has to name: "" for loopback, and for a
// program.
func (k kind) host(endpoint string) (string, error) {
	if k.schemes == nil {
		if strings.ContainsAny(endpoint, "'\"\\`$") {
			return "", core.Errorf(core.ErrorConfig, "the program has quotes or other characters that mean something to a shell, and none reads it").
				WithHint("give words with spaces between them, such as %s; mend command: in the file for others", k.example)
		}
		return "", nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Hostname() == "" || !slices.Contains(k.schemes, u.Scheme) {
		return "", core.Errorf(core.ErrorConfig, "the endpoint is no address of the target %s", k.name).
			WithHint("it begins with %s:// and has a host, such as %s", strings.Join(k.schemes, ":// or "), k.example)
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
