package campaign

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

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

// isText reports whether a scalar is a text. A date is one: it is nothing else
// in JSON either.
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
	return shorten(n.Value)
}

// shorten quotes a text for a message.
func shorten(s string) string {
	const longest = 60
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest]) + "…"
	}
	return strconv.Quote(s)
}

// textPlace maps places within a text to places in the file.
type textPlace struct {
	start Position
	// columns holds, for each line of the text, the column in the file before
	// it; empty where the text is not in the file as it is, because of escapes
	// or folding.
	columns []int
	// below is how many lines below start the first line of the text is.
	below int
}

// at returns the file's position of a line and column of the text, both
// counted from 1.
func (p textPlace) at(line, column int) Position {
	if line < 1 || line > len(p.columns) {
		return p.start
	}
	return Position{p.start.Line + p.below + line - 1, p.columns[line-1] + column}
}

// textPlace finds out where the text of a scalar stands.
func (r *reader) textPlace(n *yaml.Node) textPlace {
	p := textPlace{start: place(n)}
	if n.Style&yaml.LiteralStyle != 0 {
		p.below = 1
		for i, text := range strings.Split(strings.TrimRight(n.Value, "\n"), "\n") {
			line, ok := r.line(n.Line + 1 + i)
			if !ok || !strings.HasSuffix(line, text) {
				return textPlace{start: p.start}
			}
			p.columns = append(p.columns, len([]rune(line))-len([]rune(text)))
		}
		return p
	}
	line, ok := r.line(n.Line)
	runes := []rune(line)
	quotes := 0
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		quotes = 1
	}
	begin := n.Column - 1 + quotes
	if ok && begin <= len(runes) && strings.HasPrefix(string(runes[begin:]), n.Value) {
		p.columns = []int{begin}
	}
	return p
}

// line returns a line of the file, counted from 1, without its end.
func (r *reader) line(number int) (string, bool) {
	if number < 1 || number > len(r.lines) {
		return "", false
	}
	return strings.TrimSuffix(r.lines[number-1], "\r"), true
}

// did words the hint "did you mean".
func did(near string) string {
	if near == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", near)
}
