package yamlfile

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// snippetWidth is how many characters of a line a snippet shows.
const snippetWidth = 100

// Snippet returns the problem's line of the source and, below it, a caret
// under its column:
//
//	12 |     voise: alloy
//	   |     ^
//
// Long lines are shortened around the column and control characters replaced,
// so that a snippet cannot upset a terminal. It returns "" where there is no
// such line, and where the line holds a secret, such as an address with a password.
func (p Problem) Snippet(source []byte) string {
	lines := strings.Split(string(source), "\n")
	if p.Secret || p.Line < 1 || p.Line > len(lines) {
		return ""
	}
	if holdsSecret(lines[p.Line-1]) {
		return ""
	}
	runes := []rune(strings.TrimSuffix(lines[p.Line-1], "\r"))
	column := min(max(p.Column-1, 0), len(runes))
	prefix, suffix := "", ""
	if more := len(runes) - snippetWidth; more > 0 {
		first := min(max(0, column-snippetWidth/2), more)
		if first > 0 {
			prefix = "…"
		}
		if first < more {
			suffix = "…"
		}
		runes, column = runes[first:first+snippetWidth], column-first
	}
	caret := strings.Repeat(" ", len([]rune(prefix)))
	for i, c := range runes {
		switch {
		case c == '\t':
			runes[i] = ' '
		case !unicode.IsPrint(c):
			runes[i] = '\uFFFD'
		}
		if i < column {
			caret += " "
		}
	}
	number := fmt.Sprintf("%5d", p.Line)
	return fmt.Sprintf("%s | %s%s%s\n%s | %s^\n", number, prefix, string(runes), suffix, strings.Repeat(" ", len(number)), caret)
}

// holdsSecret reports whether a line holds an address with credentials, or a key of a
// well-known service, whatever the problem on the line is about.
func holdsSecret(line string) bool {
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"'`,{}[]<>", r) }) {
		if secret.Prefixed(word) || strings.Contains(word, "://") && secret.InAddress(word) {
			return true
		}
	}
	return false
}
