package migrate

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// service is where a provider of promptfoo is reached.
type service struct {
	use, key, address, env string
}

// services are the providers that have a target, by the beginning of their identifier.
func services() map[string]service {
	return map[string]service{
		"openai":             {"chat", "endpoint", "https://api.openai.com/v1", "OPENAI_API_KEY"},
		"openai:chat":        {"chat", "endpoint", "https://api.openai.com/v1", "OPENAI_API_KEY"},
		"openai:responses":   {"responses", "endpoint", "https://api.openai.com/v1", "OPENAI_API_KEY"},
		"openai:realtime":    {"realtime", "endpoint", "wss://api.openai.com/v1", "OPENAI_API_KEY"},
		"anthropic":          {"anthropic", "endpoint", "https://api.anthropic.com", "ANTHROPIC_API_KEY"},
		"anthropic:messages": {"anthropic", "endpoint", "https://api.anthropic.com", "ANTHROPIC_API_KEY"},
		"google":             {"gemini", "endpoint", "https://generativelanguage.googleapis.com", "GOOGLE_API_KEY"},
		"ollama":             {"chat", "endpoint", "http://127.0.0.1:11434/v1", ""},
		"ollama:chat":        {"chat", "endpoint", "http://127.0.0.1:11434/v1", ""},
		"azure":              {"chat", "endpoint", "", "AZURE_API_KEY"},
		"azure:chat":         {"chat", "endpoint", "", "AZURE_API_KEY"},
		"azureopenai:chat":   {"chat", "endpoint", "", "AZURE_API_KEY"},
		"openrouter":         {"chat", "endpoint", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"},
		"groq":               {"chat", "endpoint", "https://api.groq.com/openai/v1", "GROQ_API_KEY"},
		"mistral":            {"chat", "endpoint", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"},
		"deepseek":           {"chat", "endpoint", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"},
		"togetherai":         {"chat", "endpoint", "https://api.together.xyz/v1", "TOGETHER_API_KEY"},
		"localai":            {"chat", "endpoint", "http://127.0.0.1:8080/v1", ""},
	}
}

// providers defines the targets, and returns their names. Where none carries over, there
// is one to be replaced.
func (d *draft) providers(all []any) []string {
	var names []string
	for i, v := range all {
		if name, ok := d.provider(fmt.Sprintf("providers[%d]", i), v, "target"); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = []string{d.placeholder()}
	}
	return names
}

// placeholder defines a target that somebody has to replace.
func (d *draft) placeholder() string {
	d.note("target: there is none that carries over: replace the target system, which stands for one on this machine")
	d.targets = append(d.targets, definition{"system", fields{
		{"use", raw("realtime")}, {"with", fields{{"endpoint", "http://127.0.0.1:8177/v1"}, {"model", "practice"}, {"output", raw("text")}}},
	}})
	return "system"
}

// provider defines the target of a provider.
func (d *draft) provider(where string, v any, fallback string) (name string, ok bool) {
	id, label := text(v), ""
	config := map[string]any{}
	if m := mapping(v); m != nil {
		id, label, config = text(m["id"]), text(m["label"]), mapping(m["config"])
		if id == "" && len(m) == 1 { // the older form: {ID: {config: …}}
			for older, options := range m {
				id, config = older, mapping(mapping(options)["config"])
			}
		}
		d.rest(m, where, "is not carried over: it has no counterpart", "id", "label", "config", id)
	}
	var body fields
	switch {
	case strings.HasPrefix(id, "http:"), strings.HasPrefix(id, "https:"), id == "http", id == "https":
		body, ok = d.httpProvider(where, id, config)
	default:
		body, ok = d.modelProvider(where, id, config)
	}
	if !ok {
		return "", false
	}
	for _, t := range d.targets {
		if flow(t.body) == flow(body) {
			return t.name, true
		}
	}
	if label == "" {
		label = shownProvider(id)
	}
	name = unique(label, fallback, among(d.targets))
	d.targets = append(d.targets, definition{name, body})
	return name, true
}

// shownProvider is an identifier in the form for names and messages: a host, or what it
// is of, where the rest may hold secrets.
func shownProvider(id string) string {
	if u, err := url.Parse(id); err == nil && u.Host != "" && u.Scheme != "file" {
		return u.Host
	}
	if kind, rest, _ := strings.Cut(id, ":"); secret.InAddress(id) || secret.Prefixed(rest) || strings.ContainsAny(rest, " \t\n=@") {
		return kind
	}
	return id
}

// modelProvider makes a target of a provider such as openai:chat:MODEL.
func (d *draft) modelProvider(where, id string, config map[string]any) (fields, bool) {
	prefix, model := "", ""
	for begin := range services() {
		if rest, ok := strings.CutPrefix(id, begin+":"); ok && len(begin) > len(prefix) {
			prefix, model = begin, rest
		}
	}
	if prefix == "" {
		d.note("%s: %s is not carried over: no target speaks to it by itself (use: http, or command for a program)", where, shownProvider(id))
		return nil, false
	}
	s := services()[prefix]
	address := s.address
	if given := text(config["apiBaseUrl"]); given != "" {
		address = given
	} else if host := text(config["apiHost"]); host != "" {
		address = "https://" + strings.TrimPrefix(host, "https://")
	}
	address, ok := d.address(where, address)
	if !ok || model == "" {
		d.note("%s: %s is not carried over: its address or model is missing", where, shownProvider(id))
		return nil, false
	}
	with := fields{{s.key, address}, {"model", literal(model)}}
	env := s.env
	if given := text(config["apiKeyEnvar"]); variable.MatchString(given) {
		env = given
	}
	if m := envName.FindStringSubmatch(text(config["apiKey"])); m != nil {
		env = m[1]
	}
	if env == "" && text(config["apiKey"]) != "" {
		env = environmentName(prefix + " api key")
	}
	if env != "" {
		with = append(with, field{"api_key", d.secretReference(env)})
	}
	if s.use == "realtime" {
		with = append(with, field{"output", raw("text")})
	}
	with = append(with, d.settings(where, s.use, config)...)
	d.allow(address)
	return fields{{"use", raw(s.use)}, {"with", with}}, true
}

// settings are the settings of a model that a target has, too.
func (d *draft) settings(where, use string, config map[string]any) fields {
	var all fields
	known := []string{"apiBaseUrl", "apiHost", "apiKey", "apiKeyEnvar"}
	if use != "realtime" {
		if n, ok := config["temperature"].(json.Number); ok {
			all = append(all, field{"temperature", n})
			known = append(known, "temperature")
		}
		if n, ok := config["max_tokens"].(json.Number); ok {
			all = append(all, field{limitKey(use), n})
			known = append(known, "max_tokens")
		}
	}
	d.rest(config, where+".config", "is not carried over: see the target's keys in docs/targets.md", known...)
	return all
}

// limitKey is the key of a target for the limit of one reply in tokens.
func limitKey(use string) string {
	if use == "responses" || use == "gemini" {
		return "max_output_tokens"
	}
	return "max_tokens"
}

// address returns an address without the secrets in it.
func (d *draft) address(where, address string) (string, bool) {
	address = d.fill(where, address, nil)
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "", false
	}
	if !secret.InAddress(address) {
		return address, true
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	d.note("%s: the address of %s holds credentials, which are not copied: give them as api_key or headers", where, u.Host)
	return u.String(), !secret.InAddress(u.String())
}

// httpProvider makes a target of a request.
func (d *draft) httpProvider(where, id string, config map[string]any) (fields, bool) {
	address := text(config["url"])
	if address == "" {
		address = id
	}
	address, ok := d.address(where, address)
	if !ok || config["request"] != nil {
		d.note("%s: a request that is written as text is not carried over: orchestrator new --from-curl reads a command line of curl", where)
		return nil, false
	}
	d.allow(address)
	with := fields{{"url", address}, {"memory", raw("none")}}
	request := fields{}
	if method := text(config["method"]); method != "" {
		request = append(request, field{"method", strings.ToUpper(method)})
	}
	secrets, plain := d.headers(mapping(config["headers"]))
	if len(plain) > 0 {
		request = append(request, field{"headers", plain})
	}
	if query := mapping(config["queryParams"]); query != nil {
		d.note("%s.queryParams: are not carried over: write request: {query: …}, with secrets as $(secrets.NAME)", where)
	}
	if body, ok := d.body(where, config["body"]); ok {
		request = append(request, field{"body", body})
	}
	with = append(with, field{"request", request}, field{"reply", d.reply(where, config)})
	if len(secrets) > 0 {
		with = append(with, field{"headers", secrets})
	}
	d.rest(config, where+".config", "is not carried over: see the target http in docs/targets.md",
		"url", "method", "headers", "body", "queryParams", "transformResponse", "responseParser")
	return fields{{"use", raw("http")}, {"with", with}}, true
}

// body returns the body of a request; a text that is JSON is taken as that, so that what
// is inserted is encoded for it.
func (d *draft) body(where string, v any) (any, bool) {
	written, isText := v.(string)
	if !isText {
		return d.placeholders(where, v), v != nil
	}
	if strings.HasPrefix(strings.TrimSpace(written), "{") && json.Valid([]byte(written)) {
		if value, err := parse(where, []byte(written)); err == nil {
			return d.placeholders(where, value), true
		}
	}
	if secret.Prefixed(written) || secret.InAddress("https://x.example/?"+output.ReplaceAllString(written, "")) {
		d.note("%s.body: looks as if it held a secret, and is not copied: write it as $(secrets.NAME)", where)
		return nil, false
	}
	return d.placeholders(where, written), true
}

// headers divides headers: values of those that are not known to be harmless are secrets.
func (d *draft) headers(all map[string]any) (secrets, plain fields) {
	for _, name := range sortedVars(all) {
		value := text(all[name])
		switch strings.ToLower(name) {
		case "content-type", "accept":
			plain = append(plain, field{name, literal(value)})
			continue
		}
		env := environmentName(name)
		if m := regexp.MustCompile(`\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`).FindStringSubmatch(value); m != nil {
			env = m[1]
			if before, _, _ := strings.Cut(value, "{{"); before == "Bearer " {
				d.secretReference(env)
				secrets = append(secrets, field{name, "Bearer ${" + env + "}"})
				continue
			}
		}
		secrets = append(secrets, field{name, d.secretReference(env)})
	}
	return secrets, plain
}

// placeholders replaces {{prompt}} in a body; a secret in it becomes a note.
func (d *draft) placeholders(where string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for _, name := range sortedVars(v) {
			value := v[name]
			if s, ok := value.(string); ok && secretField(name, s) {
				d.note("%s.body.%s: looks like a secret, and is not copied: write it as $(secrets.NAME)", where, name)
				continue
			}
			all[name] = d.placeholders(where, value)
		}
		return all
	case []any:
		all := make([]any, len(v))
		for i, value := range v {
			all[i] = d.placeholders(where, value)
		}
		return all
	case string:
		return output.ReplaceAllStringFunc(literal(v), func(tag string) string {
			if name := output.FindStringSubmatch(tag)[1]; name != "prompt" && !strings.HasPrefix(name, "prompt ") {
				d.note("%s.body: %q is not filled in: write out what it gives", where, tag)
				return tag
			}
			return "$(prompt)"
		})
	}
	return v
}

// secretField reports whether a member of a body holds a secret itself.
func secretField(name, value string) bool {
	return secret.Prefixed(value) || secret.InAddress("https://x.example/?"+url.QueryEscape(name)+"=x") && !strings.Contains(value, "{{")
}

var jsonPath = regexp.MustCompile(`^(?:json|data|response)((?:\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\]|\?\.)*)$`)

// reply makes the place of the reply of a transform such as json.choices[0].text.
func (d *draft) reply(where string, config map[string]any) fields {
	transform := text(config["transformResponse"])
	if transform == "" {
		transform = text(config["responseParser"])
	}
	transform = strings.TrimSpace(transform)
	if m := jsonPath.FindStringSubmatch(strings.ReplaceAll(transform, "?.", ".")); m != nil && m[1] != "" {
		return fields{{"jq", m[1]}}
	}
	if transform == "text" {
		return fields{{"regex", `(?s)\A.*\z`}}
	}
	d.note("%s.transformResponse: is a program, and is not run, or missing: check reply:, which guesses where the answer is", where)
	return fields{{"jq", "if type == \"object\" then (.reply // .response // .output // .answer // .message // .text) else . end | strings"}}
}
