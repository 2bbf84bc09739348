package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// isReference reports whether a string contains a reference to a secret.
func isReference(s string) bool { return strings.Contains(s, "${") }

// hasType reports whether a decoded value has a JSON Schema type; "" is any. An
// integer has to be written without a fraction or exponent, 8 and not 8.0, because
// encoding/json decodes only that into an int.
func hasType(typ string, value any) bool {
	switch v := value.(type) {
	case map[string]any:
		return typ == typeObject || typ == ""
	case []any:
		return typ == typeArray || typ == ""
	case string:
		return typ == typeString || typ == ""
	case bool:
		return typ == typeBoolean || typ == ""
	case json.Number:
		return typ == typeNumber && isFinite(v) || typ == typeInteger && isInteger(v) || typ == ""
	default:
		return typ == ""
	}
}

func isInteger(n json.Number) bool {
	if _, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return true
	}
	_, err := strconv.ParseUint(n.String(), 10, 64)
	return err == nil
}

func isFinite(n json.Number) bool {
	_, err := n.Float64()
	return err == nil
}

// compare returns the sign of a - b. The numbers are in the range of a float64;
// integers beyond 2^53 are compared exactly.
func compare(a, b json.Number) int {
	const bits = 128
	x, _, errX := big.ParseFloat(a.String(), 10, bits, big.ToNearestEven)
	y, _, errY := big.ParseFloat(b.String(), 10, bits, big.ToNearestEven)
	if errX != nil || errY != nil {
		return 0
	}
	return x.Cmp(y)
}

// equal compares decoded values; numbers by value.
func equal(a, b any) bool {
	x, okX := a.(json.Number)
	y, okY := b.(json.Number)
	if okX && okY {
		return isFinite(x) && isFinite(y) && compare(x, y) == 0
	}
	return reflect.DeepEqual(a, b)
}

// checkFormat returns what is wrong with a string by its format, and a hint. Both
// are "" if nothing is.
func (n node) checkFormat(v string) (message, hint string) {
	switch n.Format {
	case formatURI:
		if u, err := url.Parse(v); err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "" {
			return fmt.Sprintf("%s is not a URL", n.display(v)), "write it in full, such as https://host/path"
		}
	case formatRegex:
		if _, err := regexp.Compile(v); err != nil {
			return fmt.Sprintf("not a regular expression: %v", err), "the syntax is RE2's"
		}
	case formatDuration:
		return n.checkDuration(v)
	}
	return "", ""
}

func (n node) checkDuration(v string) (message, hint string) {
	d, err := time.ParseDuration(v)
	if err != nil {
		return fmt.Sprintf("%s is not a duration", n.display(v)), "such as 500ms, 30s or 2m"
	}
	// Of and Parse refuse bounds that do not parse, so an error means there is none.
	if least, err := time.ParseDuration(n.FormatMinimum); err == nil && d < least {
		return fmt.Sprintf("%s is out of range: at least %s", v, n.FormatMinimum), ""
	}
	if most, err := time.ParseDuration(n.FormatMaximum); err == nil && d > most {
		return fmt.Sprintf("%s is out of range: at most %s", v, n.FormatMaximum), ""
	}
	return "", ""
}

// display returns a value as a message shows it: shortened to 60 characters, or
// "the secret" if it must not be shown.
func (n node) display(value any) string {
	const longest = 60
	if n.secret() {
		return "the secret"
	}
	switch v := value.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		if runes := []rune(v); len(runes) > longest {
			v = string(runes[:longest]) + "…"
		}
		return strconv.Quote(v)
	default:
		return fmt.Sprint(v)
	}
}

func article(typ string) string {
	switch typ {
	case typeObject:
		return "an object"
	case typeArray:
		return "a list"
	case typeInteger:
		return "a whole number"
	case typeBoolean:
		return "true or false"
	default:
		return "a " + typ
	}
}

// typeHint returns a hint how to write a value of the wanted type, or "" unless
// the mistake is a common one.
func (n node) typeHint(value any) string {
	switch v := value.(type) {
	case nil:
		return "leave the key out to keep its default"
	case bool, json.Number:
		if n.Type == typeString && !n.secret() {
			return fmt.Sprintf("write %q, in quotes", fmt.Sprint(v))
		}
	case string:
		if n.Type == typeArray {
			return "write [" + strconv.Quote(v) + "]"
		}
		if n.Type != typeObject && isReference(v) {
			return "only strings can refer to secrets"
		}
	}
	return ""
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
