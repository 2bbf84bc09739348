package yamlfile

import (
	"fmt"
	"iter"
	"strconv"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// place returns where a node begins.
func place(n *yaml.Node) Position { return Position{n.Line, n.Column} }

// pairs iterates over the keys and values of a mapping.
func pairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// isText reports whether a scalar is a text. A date is one: JSON has no other type
// for it either.
func isText(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode {
		return false
	}
	tag := n.ShortTag()
	return tag == "!!str" || tag == "!!timestamp" || tag == "!!merge"
}

// describe says what a node is, for messages.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!bool":
		return n.Value
	}
	return Quote(n.Value)
}

// Quote quotes a text for a message, and shortens one of more than 60 characters.
func Quote(s string) string {
	const longest = 60
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest]) + "…"
	}
	return strconv.Quote(s)
}

// DidYouMean words a hint; it is "" where there is nothing near.
func DidYouMean(near string) string {
	if near == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", near)
}

// maxName bounds the names that a file gives, in characters.
const maxName = 64

// CheckLength returns why a name is too long.
func CheckLength(name string) error {
	if n := utf8.RuneCountInString(name); n > maxName {
		return fmt.Errorf("the name %s has %d characters; at most %d are allowed", Quote(name), n, maxName)
	}
	return nil
}
