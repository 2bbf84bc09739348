package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// printable is a writer for people's eyes. Much of what a command prints was
// written by the target or by somebody else's campaign, and none of that may
// reach the terminal as an escape sequence or read differently from what it
// is: characters that are not graphic, but for tab and newline, become \uXXXX,
// and bytes that are not UTF-8 become U+FFFD. Each Write has to end at the end
// of a character.
type printable struct{ w io.Writer }

func (p printable) Write(b []byte) (int, error) {
	if _, err := p.w.Write(escape(b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

func escape(b []byte) []byte {
	if !bytes.ContainsFunc(b, hidden) {
		return bytes.ToValidUTF8(b, []byte("\uFFFD"))
	}
	var out bytes.Buffer
	for _, r := range string(b) {
		if hidden(r) {
			fmt.Fprintf(&out, "\\u%04x", r)
			continue
		}
		out.WriteRune(r)
	}
	return out.Bytes()
}

// hidden reports whether a character would not be seen.
func hidden(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsGraphic(r) }

// indented puts a text that may have several lines below a label.
func indented(s string) string { return strings.ReplaceAll(s, "\n", "\n                ") }

// cell keeps a text within one cell of a table.
func cell(s string) string { return strings.NewReplacer("\t", " ", "\n", " ").Replace(s) }
