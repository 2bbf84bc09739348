package recorded

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// basicValue returns the Authorization header of user and password.
func basicValue(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

var (
	reDollars  = regexp.MustCompile(`\$+\(`)
	reVariable = regexp.MustCompile(beginVariable + `([A-Za-z0-9_]+)` + endVariable)
)

// escape returns a text as a template that stands for it, in a campaign.
func (c *converter) escape(s string) string {
	return strings.ReplaceAll(withoutPlaceholders(s), "${", "$${")
}

// withoutPlaceholders returns a text as a template that stands for it.
func withoutPlaceholders(s string) string {
	return reDollars.ReplaceAllStringFunc(s, func(m string) string {
		return strings.Repeat("$", 2*(len(m)-1)) + "("
	})
}

// scrub returns a text as a template: the prompt and secrets are placeholders. at is
// the text's place, name the name that it has there.
func (c *converter) scrub(at, name, s string) string {
	switch {
	case at == c.promptAt, c.options.Prompt != "" && s == c.options.Prompt:
		c.prompted = true
		return "$(prompt)"
	case s == "" || s == "true" || s == "false" || s == "null":
		return s
	}
	if nested, ok := c.nested(at, s); ok {
		return nested
	}
	hasPrompt := c.options.Prompt != "" && strings.Contains(s, c.options.Prompt)
	if isSecretName(name) && !hasPrompt {
		return c.secret(name, s, at)
	}
	return c.pieces(at, name, s)
}

// span is a part of a text that becomes a placeholder.
type span struct {
	from, to    int
	placeholder string
}

// pieces returns a text as a template, in which the prompt, known secrets, variables
// and what looks like a secret are placeholders.
func (c *converter) pieces(at, name, s string) string {
	var spans []span
	add := func(from, to int, placeholder func() string) {
		if !slices.ContainsFunc(spans, func(o span) bool { return from < o.to && o.from < to }) {
			spans = append(spans, span{from, to, placeholder()})
		}
	}
	if p := c.options.Prompt; p != "" {
		for from := 0; strings.Contains(s[from:], p); {
			i := from + strings.Index(s[from:], p)
			add(i, i+len(p), func() string { c.prompted = true; return "$(prompt)" })
			from = i + len(p)
		}
	}
	for _, m := range reVariable.FindAllStringSubmatchIndex(s, -1) {
		add(m[0], m[1], func() string { return c.variable(s[m[2]:m[3]], at) })
	}
	for _, known := range c.known() {
		value := known.Value.Reveal()
		for from := 0; strings.Contains(s[from:], value); {
			i := from + strings.Index(s[from:], value)
			add(i, i+len(value), func() string { return c.again(known) })
			from = i + len(value)
		}
	}
	for _, found := range slices.Concat(namedSecretsIn(s), secretsIn(s)) {
		add(found[0], found[1], func() string { return c.secret(name, s[found[0]:found[1]], at) })
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	last := 0
	for _, p := range spans {
		literal := c.escape(s[last:p.from])
		dollars := len(literal) - len(strings.TrimRight(literal, "$"))
		b.WriteString(literal + strings.Repeat("$", dollars) + p.placeholder)
		last = p.to
	}
	b.WriteString(c.escape(s[last:]))
	return b.String()
}

// nested returns a text that is itself JSON as a template; false for any other, and
// for one in which there is nothing to insert.
func (c *converter) nested(at, s string) (string, bool) {
	trimmed := strings.TrimSpace(s)
	if !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") || strings.Contains(s, beginVariable) {
		return "", false
	}
	v, err := decodeOrdered(s)
	if err != nil {
		return "", false
	}
	scrubbed := c.scrubNode(at, "", v, true)
	var before, after bytes.Buffer
	v.encode(&before)
	scrubbed.encode(&after)
	if before.String() == after.String() {
		return "", false
	}
	// A text that is a placeholder only is inserted with its quotes.
	return reQuoted.ReplaceAllString(scrubbed.template(), "${1}"), true
}

var reQuoted = regexp.MustCompile(`"(\$\((?:prompt|messages|secrets\.[A-Za-z0-9_-]+)\|(?:json|raw)\))"`)

// template writes a node as a JSON text that is a template.
func (n node) template() string {
	var b bytes.Buffer
	n.encode(&b)
	return b.String()
}

// scrubNode returns a JSON value with templates in place of its texts. within says
// that it stands in a text.
func (c *converter) scrubNode(at, name string, n node, within bool) node {
	switch {
	case n.isText:
		return text(c.leaf(at, name, n.text, within))
	case n.source != "":
		if number := json.Number(n.source); number != "" && strings.ContainsAny(n.source[:1], "-0123456789") && (isSecretName(name) || isRandom(n.source)) {
			return text(strings.Replace(c.secret(name, n.source, at), ")", "|raw)", 1))
		}
		return n
	case n.list != nil:
		if messages, ok := c.messages(n); ok && !within {
			return messages
		}
		out := node{list: []node{}}
		for i, item := range n.list {
			out.list = append(out.list, c.scrubNode(fmt.Sprintf("%s[%d]", at, i), name, item, within))
		}
		return out
	}
	out := node{}
	for _, e := range n.entries {
		key := e.key
		if isSecretParent(name) && !isSecretName(key) {
			key = name + "_" + key
		}
		if (e.key == "value" || e.key == "content") && isSecretName(n.named()) {
			key = n.named()
		}
		out.add(withoutPlaceholders(e.key), c.scrubNode(at+"."+e.key, key, e.value, within))
	}
	return out
}

// named returns the name that an object gives itself, as in {"name": "csrf", "value": …}.
func (n node) named() string {
	for _, e := range n.entries {
		if e.key == "name" || e.key == "key" || e.key == "id" {
			return e.value.text
		}
	}
	return ""
}

// leaf returns a text of a JSON value as a template. Within a text, a placeholder has
// to be all of it.
func (c *converter) leaf(at, name, s string, within bool) string {
	out := c.scrub(at, name, s)
	if !within || out == c.escape(s) {
		return out
	}
	if whole.MatchString(out) {
		return strings.TrimSuffix(out, ")") + "|json)"
	}
	if strings.Contains(out, "$(prompt)") {
		c.notes = append(c.notes, "The prompt stands within a longer text of JSON in JSON: only the prompt itself is sent there.")
		return "$(prompt|json)"
	}
	return strings.TrimSuffix(c.secret(name, s, at), ")") + "|json)"
}

var whole = regexp.MustCompile(`^\$\([a-z]+(\.[A-Za-z0-9_-]+)?\)$`)

// messages returns $(messages) for a list of nothing but roles and texts.
func (c *converter) messages(n node) (node, bool) {
	last := ""
	for _, m := range n.list {
		if len(m.entries) != 2 {
			return node{}, false
		}
		var role, content node
		for _, e := range m.entries {
			switch e.key {
			case "role":
				role = e.value
			case "content":
				content = e.value
			}
		}
		if !slices.Contains([]string{"user", "assistant", "system", "developer", "tool"}, role.text) || !content.isText {
			return node{}, false
		}
		last = role.text
		if c.options.Prompt != "" && role.text == "user" && !strings.Contains(content.text, c.options.Prompt) {
			last = "other"
		}
	}
	if last != "user" {
		return node{}, false
	}
	c.prompted = true
	c.notes = append(c.notes, "The list of messages became $(messages): the system prompt and history of the recording are left out.")
	return text("$(messages)"), true
}

// variable returns the placeholder of a variable that the recording refers to itself.
func (c *converter) variable(name, at string) string {
	key := c.key(name)
	if _, ok := c.found[key]; !ok {
		c.found[key] = Secret{Name: name, Where: at}
		c.names = append(c.names, key)
	}
	return "$(secrets." + key + ")"
}

// again returns the placeholder of a secret that was found elsewhere.
func (c *converter) again(s Secret) string {
	for _, name := range c.names {
		if c.found[name].Name == s.Name {
			return "$(secrets." + name + ")"
		}
	}
	_, name, _ := strings.Cut(strings.ToLower(s.Name), "_")
	c.found[name] = s
	c.names = append(c.names, name)
	return "$(secrets." + name + ")"
}

// secret returns the placeholder of a secret.
func (c *converter) secret(name, value, at string) string {
	if m := reVariable.FindStringSubmatch(value); m != nil {
		if m[0] == value {
			return c.variable(m[1], at)
		}
		return c.pieces(at, "", value)
	}
	for _, key := range c.names {
		if c.found[key].Value.Reveal() == value {
			return "$(secrets." + key + ")"
		}
	}
	key := c.free(c.key(name))
	c.found[key] = Secret{Name: c.environment(key), Value: core.Secret(value), Where: at}
	c.names = append(c.names, key)
	return "$(secrets." + key + ")"
}

// reference returns ${NAME} for a value that is a secret as a whole.
func (c *converter) reference(name, value, at string) node {
	if reVariable.MatchString(value) {
		for _, m := range reVariable.FindAllStringSubmatch(value, -1) {
			if !slices.ContainsFunc(c.direct, func(s Secret) bool { return s.Name == m[1] }) {
				c.direct = append(c.direct, Secret{Name: m[1], Where: at})
			}
		}
		var b strings.Builder
		last := 0
		for _, m := range reVariable.FindAllStringSubmatchIndex(value, -1) {
			b.WriteString(c.escape(value[last:m[0]]) + "${" + value[m[2]:m[3]] + "}")
			last = m[1]
		}
		return text(b.String() + c.escape(value[last:]))
	}
	if value == "" {
		return text("")
	}
	for _, s := range c.direct {
		if s.Value.Reveal() == value {
			return text("${" + s.Name + "}")
		}
	}
	key := c.environment(c.free(c.key(name)))
	c.direct = append(c.direct, Secret{Name: key, Value: core.Secret(value), Where: at})
	return text("${" + key + "}")
}

// key returns a name for a secret: small letters, digits and "_".
func (c *converter) key(name string) string {
	key := strings.Join(nameWords(name), "_")
	key = strings.Map(func(r rune) rune {
		if r == '_' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, key)
	const longest = 40
	if key = strings.Trim(key[:min(len(key), longest)], "_"); key == "" {
		return "value"
	}
	return key
}

// free returns the name, with a number where it is taken.
func (c *converter) free(key string) string {
	taken := func(k string) bool {
		_, ok := c.found[k]
		return ok || slices.ContainsFunc(c.direct, func(s Secret) bool { return s.Name == c.environment(k) })
	}
	out := key
	for n := 2; taken(out); n++ {
		out = fmt.Sprintf("%s_%d", key, n)
	}
	return out
}

// environment returns the name of the environment variable of a secret.
func (c *converter) environment(key string) string {
	prefix := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, c.options.Name), "_0123456789")
	if prefix == "" {
		prefix = "RECORDED"
	}
	return prefix + "_" + strings.ToUpper(key)
}
