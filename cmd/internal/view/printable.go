package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Printable returns a writer that escapes what a terminal obeys or does not show. Much
// of what a command prints was written by the target or by somebody else's campaign:
// characters that are not graphic, but for tab and newline,
// become \uXXXX, and bytes that are not UTF-8 become U+FFFD. Each Write has to end at
// the end of a character.
func Printable(w io.Writer) io.Writer { return printable{w} }

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

// Indented puts the lines of a text that follow its first one below the first, beside
// a label of at most 15 columns.
func Indented(s string) string { return strings.ReplaceAll(s, "\n", "\n                ") }
