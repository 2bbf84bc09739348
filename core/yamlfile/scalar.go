package yamlfile

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// Text reads a text that is not empty. A number or boolean that replaced another
// scalar is a text as well.
func (v Value) Text() (string, bool) {
	switch {
	case !v.IsText() && !v.isReplaced():
		v.Problem(v.quoting(), "%s must be a text, not %s", v.label, v.Describe())
		return "", false
	case strings.TrimSpace(v.Written()) == "":
		v.Problem("", "%s must not be empty", v.label)
		return "", false
	}
	return v.Written(), true
}

// TextInto reads a text into a string, which becomes "" where there is none.
func TextInto(s *string) func(Value) {
	return func(v Value) { *s, _ = v.Text() }
}

// Texts appends the texts of a list to a slice.
func Texts(into *[]string) func(Value) {
	return func(v Value) {
		v.List(func(entry Value) {
			if s, ok := entry.Text(); ok {
				*into = append(*into, s)
			}
		})
	}
}

// Choice reads one of a few words.
func (v Value) Choice(options ...string) (string, bool) {
	s, ok := v.Text()
	if !ok {
		return "", false
	}
	if !slices.Contains(options, s) {
		v.Problem(DidYouMean(schema.Nearest(s, options)), "%s must be one of %s, not %s", v.label, strings.Join(options, ", "), Quote(s))
		return "", false
	}
	return s, true
}

// VersionOne reads the version of a file's format, of which there is only 1.
func VersionOne(v Value) {
	if !v.isNumber("!!int") || v.Written() != "1" {
		v.Problem("", "version must be 1, not %s", v.Describe())
	}
}

// isNumber reports whether the value is a number with one of the tags of YAML.
func (v Value) isNumber(tags ...string) bool {
	return v.IsScalar() && slices.Contains(tags, v.node.ShortTag())
}

// Integer reads a whole number, written in decimal: YAML would take 010 for
// eight, and 1.5, decoded into an integer, would become 1.
func (v Value) Integer(least, most int) (int, bool) {
	n, err := strconv.Atoi(v.Written())
	isInteger := v.isNumber("!!int")
	isDecimal := isJSONNumber(v.Written())
	if !isInteger || !isDecimal || err != nil || n < least || n > most {
		hint := ""
		if isInteger && !isDecimal {
			hint = "write it in decimal, as digits only"
		}
		v.Problem(hint, "%s must be a whole number from %d to %d, not %s", v.label, least, most, v.Describe())
		return 0, false
	}
	return n, true
}

// IntegerInto reads a whole number into n, which stays as it is where there is
// none.
func IntegerInto(n *int, least, most int) func(Value) {
	return func(v Value) {
		if i, ok := v.Integer(least, most); ok {
			*n = i
		}
	}
}

// Number reads a number, which may have a decimal point.
func (v Value) Number(least, most float64, hint string) (float64, bool) {
	n, err := strconv.ParseFloat(v.Written(), 64)
	if !v.isNumber("!!int", "!!float") || !isJSONNumber(v.Written()) || err != nil || n < least || n > most {
		if v.IsScalar() && decimalComma.MatchString(v.Written()) {
			hint = "write a decimal point, not a comma; digits are not grouped"
		}
		v.Problem(hint, "%s must be a number from %v to %v, not %s", v.label, least, most, v.Describe())
		return 0, false
	}
	return n, true
}

// ShareInto reads a number from 0 to 1 into f, which stays as it is where there is
// none.
func ShareInto(f *float64) func(Value) {
	return func(v Value) {
		if n, ok := v.Number(0, 1, "0.05 stands for 5 %"); ok {
			*f = n
		}
	}
}

// Boolean reads true or false, as YAML 1.2 writes them.
func (v Value) Boolean() bool {
	written := v.Written()
	if !v.isNumber("!!bool") || written != "true" && written != "false" {
		v.Problem("", "%s must be true or false, not %s", v.label, v.Describe())
		return false
	}
	return written == "true"
}

// Duration reads a duration within bounds.
func (v Value) Duration(least, most time.Duration) (time.Duration, bool) {
	d, err := time.ParseDuration(v.Written())
	if !v.IsText() || err != nil || d < least || d > most {
		v.Problem("such as 500ms, 30s or 2m", "%s must be a duration from %s to %s, not %s", v.label, least, most, v.Describe())
		return 0, false
	}
	return d, true
}

// Size reads a number of bytes within bounds, such as 512MiB; 0 where it is none.
// most is at most [math.MaxInt64].
func (v Value) Size(least, most uint64) int64 {
	most = min(most, math.MaxInt64)
	n, hint, ok := parseSize(v.Written())
	if hint == "" {
		hint = "such as 512MiB or 2GiB"
	}
	if !v.IsText() || !ok || n < least || n > most {
		v.Problem(hint, "%s must be a size from %s to %s, not %s", v.label, phrase.Bytes(least), phrase.Bytes(most), v.Describe())
		return 0
	}
	return int64(n)
}

var (
	jsonNumber   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	decimalComma = regexp.MustCompile(`^[0-9.]+(,[0-9.]+)+$`)
)

// isJSONNumber reports whether a number is written as JSON writes it, which
// means the same to every reader.
func isJSONNumber(s string) bool { return jsonNumber.MatchString(s) }

// IsNumber reports whether a text is a number as JSON writes it.
func IsNumber(s string) bool { return isJSONNumber(s) }
