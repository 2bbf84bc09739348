package secret

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The schemes of a [Reference].
const (
	SchemeEnv  = "env"
	SchemeFile = "file"
)

// Reference is one mention of a secret in a configuration.
type Reference struct {
	// Raw is the reference as it is written, such as "${API_KEY}".
	Raw string
	// Scheme is SchemeEnv or SchemeFile.
	Scheme string
	// Name is the environment variable or the file's path.
	Name string
	// Path is the configuration key that holds it, such as "auth.key".
	Path string
}

// SyntaxError is a reference that cannot be read.
type SyntaxError struct {
	// Path is the configuration key that holds it.
	Path    string
	Message string
	Hint    string
}

// Error returns "path: message".
func (e *SyntaxError) Error() string {
	if e.Path == "" {
		return e.Message
	}
	return e.Path + ": " + e.Message
}

// SyntaxErrors are all references of a configuration that cannot be read. It
// is an error if it is not empty.
type SyntaxErrors []*SyntaxError

// Error returns one error a line.
func (es SyntaxErrors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Lookup returns the value of a secret. Its error names the reference; it
// must not contain the value.
type Lookup func(Reference) (string, error)

// References returns the references in the strings of a JSON document, in
// order. Its error is [SyntaxErrors] if some are malformed; the others are
// returned beside it.
func References(config []byte) ([]Reference, error) {
	var found []Reference
	var malformed SyntaxErrors
	_, err := rewrite(config, func(path, s string) string {
		pieces, err := split(path, s)
		if err != nil {
			malformed = append(malformed, err)
		}
		for _, p := range pieces {
			if p.ref != nil {
				found = append(found, *p.ref)
			}
		}
		return s
	})
	if err != nil {
		return nil, err
	}
	if len(malformed) > 0 {
		return found, malformed
	}
	return found, nil
}

// Expand returns the document with each reference replaced by what lookup
// says, and the values that it filled in, each once, for a [Redactor]. Numbers
// and the order of keys stay as they are. A secret that is empty or not UTF-8
// is an error; so is one that lookup cannot find, and all of them are
// reported. Errors are of kind [core.ErrorConfig] and name the key.
func Expand(config []byte, lookup Lookup) (expanded []byte, values []string, err error) {
	var failures []error
	expanded, err = rewrite(config, func(path, s string) string {
		pieces, malformed := split(path, s)
		if malformed != nil {
			failures = append(failures, core.Errorf(core.ErrorConfig, "%s", malformed.Message).At(path).WithHint("%s", malformed.Hint))
			return ""
		}
		var b strings.Builder
		for _, p := range pieces {
			if p.ref == nil {
				b.WriteString(p.text)
				continue
			}
			value, err := resolveOne(*p.ref, lookup)
			if err != nil {
				failures = append(failures, err)
				continue
			}
			if !slices.Contains(values, value) {
				values = append(values, value)
			}
			b.WriteString(value)
		}
		return b.String()
	})
	if err != nil {
		return nil, nil, &core.Error{Kind: core.ErrorConfig, Err: err}
	}
	switch len(failures) {
	case 0:
		return expanded, values, nil
	case 1:
		return nil, nil, failures[0]
	default:
		return nil, nil, &core.Error{Kind: core.ErrorConfig, Err: errors.Join(failures...)}
	}
}

func resolveOne(ref Reference, lookup Lookup) (string, error) {
	value, err := lookup(ref)
	switch {
	case err != nil:
		return "", core.Errorf(core.ErrorConfig, "secret %s: %w", ref.Raw, err).At(ref.Path).WithHint("%s", core.HintOf(err))
	case value == "":
		return "", core.Errorf(core.ErrorConfig, "secret %s is empty", ref.Raw).At(ref.Path)
	case !utf8.ValidString(value):
		return "", core.Errorf(core.ErrorConfig, "secret %s is not UTF-8 text", ref.Raw).At(ref.Path)
	}
	return value, nil
}

// piece is either literal text or a reference.
type piece struct {
	text string
	ref  *Reference
}

// split takes a string apart. It stops at the first reference that is
// malformed, because what follows one cannot be told from it.
func split(path, s string) ([]piece, *SyntaxError) {
	var pieces []piece
	for s != "" {
		start := strings.Index(s, "${")
		if start < 0 {
			return append(pieces, piece{text: s}), nil
		}
		if start > 0 && s[start-1] == '$' {
			pieces = append(pieces, piece{text: s[:start-1] + "${"})
			s = s[start+2:]
			continue
		}
		if start > 0 {
			pieces = append(pieces, piece{text: s[:start]})
		}
		length := strings.IndexByte(s[start:], '}')
		if length < 0 {
			return pieces, &SyntaxError{Path: path, Message: `"${" without a closing "}"`, Hint: `write "$${" for a literal "${"`}
		}
		ref, err := parse(path, s[start:start+length+1])
		if err != nil {
			return pieces, err
		}
		pieces = append(pieces, piece{ref: &ref})
		s = s[start+length+1:]
	}
	return pieces, nil
}

// parse reads one reference, raw being "${...}".
func parse(path, raw string) (Reference, *SyntaxError) {
	const hint = `write ${NAME} for an environment variable, ${file:path} for a file, "$${" for a literal "${"`
	inner := raw[len("${") : len(raw)-len("}")]
	malformed := func(format string, args ...any) (Reference, *SyntaxError) {
		return Reference{}, &SyntaxError{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint}
	}
	scheme, name, hasScheme := strings.Cut(inner, ":")
	switch {
	case inner == "":
		return malformed("%q names no secret", raw)
	case !hasScheme && !isVariable(inner):
		return malformed("%q does not name an environment variable", raw)
	case !hasScheme:
		return Reference{Raw: raw, Scheme: SchemeEnv, Name: inner, Path: path}, nil
	case scheme != SchemeFile:
		return malformed("%q: there is no scheme %q", raw, scheme)
	case strings.TrimSpace(name) == "" || strings.ContainsAny(name, "\x00\r\n"):
		return malformed("%q does not name a file", raw)
	}
	return Reference{Raw: raw, Scheme: SchemeFile, Name: name, Path: path}, nil
}

// isVariable reports whether a name is one that shells can export.
func isVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}
