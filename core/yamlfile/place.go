package yamlfile

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// TextPlace maps places within a text to places in the file.
type TextPlace struct {
	start Position
	// columns holds, for each line of the text, the column in the file before
	// it; empty where the text is not in the file as it is, because of escapes
	// or folding.
	columns []int
	// below is how many lines below start the first line of the text is.
	below int
}

// PlaceAt returns the place of a text that is not in the file itself: each place
// within it is the one position.
func PlaceAt(at Position) TextPlace { return TextPlace{start: at} }

// At returns the file's position of a line and column of the text, both counted
// from 1: the beginning of the text where its lines are not in the file as they are.
func (p TextPlace) At(line, column int) Position {
	if line < 1 || line > len(p.columns) {
		return p.start
	}
	return Position{p.start.Line + p.below + line - 1, p.columns[line-1] + column}
}

// TextPlace finds out where the text of a scalar stands.
func (v Value) TextPlace() TextPlace {
	n := v.node
	p := TextPlace{start: place(n)}
	if n.Style&yaml.LiteralStyle != 0 {
		p.below = 1
		for i, text := range strings.Split(strings.TrimRight(n.Value, "\n"), "\n") {
			line, ok := v.file.line(n.Line + 1 + i)
			if !ok || !strings.HasSuffix(line, text) {
				return PlaceAt(p.start)
			}
			p.columns = append(p.columns, len([]rune(line))-len([]rune(text)))
		}
		return p
	}
	line, ok := v.file.line(n.Line)
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
