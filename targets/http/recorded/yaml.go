package recorded

import (
	"encoding/json"
	"regexp"
	"strings"
)

// node is a value to be written as YAML: a text, a list, or a mapping in its order.
// One without any of them is an empty mapping.
type node struct {
	text    string
	isText  bool
	source  string // JSON source of a number, true, false, null, or an empty list
	list    []node
	entries []entry
}

type entry struct {
	key   string
	value node
}

func text(s string) node { return node{text: s, isText: true} }

func (n *node) add(key string, value node) { n.entries = append(n.entries, entry{key, value}) }

// write writes the value behind its key, indented.
func (n node) write(b *strings.Builder, indent string) {
	switch {
	case n.isText:
		b.WriteString(" " + quotedText(n.text) + "\n")
	case n.source != "":
		b.WriteString(" " + n.source + "\n")
	case n.list != nil:
		b.WriteString("\n")
		for _, item := range n.list {
			b.WriteString(indent + "-")
			item.write(b, indent+"  ")
		}
	case len(n.entries) == 0:
		b.WriteString(" {}\n")
	default:
		b.WriteString("\n")
		for _, e := range n.entries {
			b.WriteString(indent + quotedKey(e.key) + ":")
			e.value.write(b, indent+"  ")
		}
	}
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// quotedKey returns a key, in quotes where YAML could read something else.
func quotedKey(s string) string {
	if plainKey.MatchString(s) && !isYAMLWord(s) {
		return s
	}
	return quotedText(s)
}

func isYAMLWord(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		return true
	}
	return false
}

var plainText = regexp.MustCompile(`^(\$[({][A-Za-z_.|]+[)}]|[A-Za-z_][A-Za-z0-9_-]*|\.[A-Za-z0-9_.]+)$`)

// quotedText returns a text as YAML: JSON's strings are YAML's. Surrogates are
// written as characters, and line ends of Unicode escaped.
func quotedText(s string) string {
	if plainText.MatchString(s) && !isYAMLWord(s) {
		return s
	}
	return strings.NewReplacer("\x7f", `\u007f`, "\u0085", `\u0085`, "\ufeff", `\ufeff`).Replace(jsonText(s))
}

// jsonText returns a text as JSON.
func jsonText(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(strings.ToValidUTF8(s, "\uFFFD")) // strings encode
	return strings.TrimSuffix(b.String(), "\n")
}
