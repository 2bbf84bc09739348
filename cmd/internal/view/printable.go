package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Printable returns a writer that escapes control characters and characters
// that are not visible. Output may contain text of a target or of a third
// party's campaign: characters that are not graphic, except tab and newline,
// become \uXXXX, and bytes that are not UTF-8 become U+FFFD. Each Write has to
// end at the end of a character.
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

// hidden reports whether a character is not visible.
func hidden(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsGraphic(r) }

// Indented indents the lines of a text after the first one by the width of a
// label of at most 15 columns.
func Indented(s string) string { return strings.ReplaceAll(s, "\n", "\n                ") }
