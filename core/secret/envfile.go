package secret

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxEnvFile is the largest size of a file of variables, in bytes.
const MaxEnvFile = 1 << 20

// EnvError is a line of a file of variables that cannot be read. It never quotes a
// value.
type EnvError struct {
	// Line counts from 1.
	Line    int
	Message string
	Hint    string
}

// Error returns "line N: message".
func (e *EnvError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// EnvErrors is everything that is wrong with a file of variables, in its order. It is
// an error if it is not empty.
type EnvErrors []*EnvError

// Error returns one error a line.
func (es EnvErrors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// ParseEnv reads a file of variables (dotenv): lines of NAME=VALUE, perhaps with
// "export" before the name. Blank lines, and what follows a "#" at the beginning of a
// line or after a space, are left out. A value is
//
//	plain     what follows "=", without the spaces around it; nothing is an escape
//	'single'  what is between the quotes, over several lines if need be
//	"double"  the same, and \n, \r, \t, \", \\ and \$ are escapes
//
// "$" has no other meaning in any of them: nothing is expanded. A name has letters,
// digits and "_", no digit first, and occurs once. Line ends may be CR LF, and a
// byte order mark is left out. The error is [EnvErrors].
func ParseEnv(data []byte) (map[string]string, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	r := envReader{rest: strings.ReplaceAll(string(data), "\r\n", "\n"), line: 1, values: map[string]string{}, lines: map[string]int{}}
	switch {
	case len(data) > MaxEnvFile:
		r.wrong(1, "", "the file is larger than %d MiB", MaxEnvFile>>20)
	case !utf8.Valid(data):
		r.wrong(1, "save it as UTF-8", "the file is not UTF-8 text")
	case bytes.IndexByte(data, 0) >= 0:
		r.wrong(1, "", "the file holds a NUL character")
	default:
		for r.rest != "" {
			r.entry()
		}
	}
	if len(r.errors) > 0 {
		return nil, r.errors
	}
	return r.values, nil
}

// envReader reads a file of variables from its beginning to its end.
type envReader struct {
	rest   string
	line   int
	values map[string]string
	// lines are those of the names so far.
	lines  map[string]int
	errors EnvErrors
}

func (r *envReader) wrong(line int, hint, format string, args ...any) {
	r.errors = append(r.errors, &EnvError{line, fmt.Sprintf(format, args...), hint})
}

// entry reads one line, or several where a value has several.
func (r *envReader) entry() {
	const form = "NAME=VALUE, with the value in quotes where it has spaces around it, a # or several lines"
	text, _, _ := strings.Cut(r.rest, "\n")
	line := r.line
	trimmed := strings.TrimLeft(text, " \t")
	if trimmed == "" || trimmed[0] == '#' {
		r.skipLine()
		return
	}
	name, after, ok := strings.Cut(trimmed, "=")
	name = strings.TrimRight(name, " \t")
	if rest, exported := strings.CutPrefix(name, "export"); exported && strings.TrimLeft(rest, " \t") != rest {
		name = strings.TrimLeft(rest, " \t")
	}
	switch {
	case !ok:
		r.wrong(line, form, "the line is not NAME=VALUE")
		r.skipLine()
		return
	case !isVariable(name):
		r.wrong(line, "letters, digits and _, no digit first", "the text before = is not the name of a variable")
		r.skipLine()
		return
	}
	r.rest = r.rest[len(text)-len(after):]
	value, ok := r.value(name)
	if !ok {
		return
	}
	if first, twice := r.lines[name]; twice {
		r.wrong(line, "", "%s is given twice; the first is on line %d", name, first)
		return
	}
	r.values[name], r.lines[name] = value, line
}

// skipLine goes to the beginning of the next line.
func (r *envReader) skipLine() {
	if _, after, more := strings.Cut(r.rest, "\n"); more {
		r.rest, r.line = after, r.line+1
		return
	}
	r.rest = ""
}

// value reads what follows "=", to the end of its line.
func (r *envReader) value(name string) (string, bool) {
	r.rest = strings.TrimLeft(r.rest, " \t")
	if r.rest != "" && (r.rest[0] == '"' || r.rest[0] == '\'') {
		return r.quoted(name)
	}
	text, _, _ := strings.Cut(r.rest, "\n")
	r.skipLine()
	return strings.Trim(withoutComment(text), " \t"), true
}

// withoutComment removes what follows a "#" that begins the text or is after a space.
func withoutComment(text string) string {
	for i := range len(text) {
		if text[i] == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t') {
			return text[:i]
		}
	}
	return text
}

// quoted reads a value in quotes, and that nothing but a comment follows it.
func (r *envReader) quoted(name string) (string, bool) {
	quote, first := r.rest[0], r.line
	r.rest = r.rest[1:]
	var b strings.Builder
	ok := true
	for {
		if r.rest == "" {
			r.wrong(first, "", "the value of %s begins with %c and never ends", name, quote)
			return "", false
		}
		c := r.rest[0]
		switch {
		case c == quote:
			r.rest = r.rest[1:]
			return b.String(), r.endOfLine(name) && ok
		case c == '\\' && quote == '"':
			ok = r.escape(name, &b) && ok
			continue
		case c == '\n':
			r.line++
		}
		b.WriteByte(c)
		r.rest = r.rest[1:]
	}
}

// escape reads a backslash and what it stands for.
func (r *envReader) escape(name string, b *strings.Builder) bool {
	if len(r.rest) > 1 {
		if i := strings.IndexByte(`nrt"\$`, r.rest[1]); i >= 0 {
			b.WriteByte("\n\r\t\"\\$"[i])
			r.rest = r.rest[2:]
			return true
		}
	}
	r.wrong(r.line, `\n, \r, \t, \", \\ and \$ are; in single quotes a backslash is one`, "the value of %s has a backslash that begins no escape", name)
	r.rest = r.rest[1:]
	return false
}

// endOfLine checks that nothing but a comment follows on the line, and goes to the
// next one.
func (r *envReader) endOfLine(name string) bool {
	text, _, _ := strings.Cut(r.rest, "\n")
	text = strings.Trim(text, " \t")
	line := r.line
	r.skipLine()
	if text != "" && text[0] != '#' {
		r.wrong(line, "", "something follows the closing quote of the value of %s", name)
		return false
	}
	return true
}
