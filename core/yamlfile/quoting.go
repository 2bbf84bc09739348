package yamlfile

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Where a value begins on a line: behind a key, behind the sign of an entry, and, for the
// rest, in a mapping or list on one line.
var (
	blockValue = regexp.MustCompile(`^\s*(?:- +)*(?:[\w.-]+: +)?(\S.*)$`)
	flowValue  = regexp.MustCompile(`(?:[\w.-]+: +|[\[,] *)([^\s{\[])`)
)

// special are the characters with which a text without quotes does not begin, or that
// are an ask for something else than a text.
const special = "{[|>@%`*&!?-,}]\"'"

// syntaxHint returns what would be right on a line with a syntax error of the parser. column
// is where it was found, counted from 1.
func syntaxHint(message, line string, column int) string {
	switch {
	case strings.Contains(message, "cannot start any token") && strings.HasPrefix(strings.TrimLeft(line, " "), "\t"):
		return "indent with spaces, not with tabs"
	case strings.Contains(message, "unknown escape"):
		return `in double quotes a backslash begins an escape: write \\ for one, or use single quotes`
	case strings.Contains(line, "{{"):
		return `put a text with {{ … }} in quotes: "{{ … }}"`
	case strings.Contains(message, "mapping values are not allowed"):
		return `put a text that contains ": " in quotes`
	case strings.Contains(message, "unknown anchor"):
		return `put a text that begins with "*" in quotes`
	}
	const look = "look at the indentation, the brackets and the quotes up to here"
	if strings.HasPrefix(message, "found unexpected end") {
		return look
	}
	text := valueAt(line, column)
	if isMapping := strings.HasPrefix(text, "{") && strings.Contains(text, ": "); text != "" && !isMapping && strings.Contains(special, text[:1]) {
		switch text[0] {
		case '"', '\'':
			return "put the whole text in quotes: what follows the closing one is outside; a quote within is doubled in single quotes, and \\\" in double ones"
		default:
			return fmt.Sprintf("put a text that begins with %q in quotes", text[:1])
		}
	}
	if strings.Contains(message, "did not find expected") {
		return look
	}
	return ""
}

// valueAt returns the value of a line in which a column lies, or "".
func valueAt(line string, column int) string {
	found := blockValue.FindStringSubmatchIndex(line)
	if found == nil {
		return ""
	}
	before := func(at int) int { return len([]rune(line[:at])) }
	text := line[found[2]:]
	if end := closes(text); !strings.ContainsAny(text[:1], "{[") || end > 0 && before(found[2]+end) < column {
		return text // a bracket that is closed before the column is one of the text
	}
	text = ""
	for _, at := range flowValue.FindAllStringSubmatchIndex(line, -1) {
		if before(at[2]) < column {
			text = line[at[2]:]
		}
	}
	return text
}

// closes returns where the bracket is closed with which a text begins; 0 where it is not.
func closes(text string) int {
	depth := 0
	for i, c := range text {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return 0
}

// quoting returns what a text has to be written as that YAML takes for another value; ""
// where it is none.
func (v Value) quoting() string {
	switch rest, _ := v.file.line(v.node.Line); {
	case v.node.Style&yaml.FlowStyle != 0 && v.IsMapping():
		return `put a text that begins with "{" in quotes`
	case v.node.Style&yaml.FlowStyle != 0:
		return `put a text that begins with "[" in quotes`
	case !v.IsScalar():
		return ""
	case v.Written() != "":
		return fmt.Sprintf("write %q, in quotes", v.Written())
	case strings.HasPrefix(strings.TrimLeft(after(rest, v.node.Column-1), " \t"), "#"):
		return `what follows "#" is a comment: put a text that begins with it in quotes`
	}
	return ""
}

// after returns what follows the first characters of a line.
func after(line string, characters int) string {
	runes := []rune(line)
	return string(runes[min(max(0, characters), len(runes)):])
}
