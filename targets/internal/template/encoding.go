package template

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Escape is how a value is written where a placeholder stands.
type Escape int

const (
	// Plain writes the bytes as they are.
	Plain Escape = iota
	// InString writes the inside of a JSON string.
	InString
	// AsJSON writes a JSON value.
	AsJSON
	// AsURL percent-encodes all but the unreserved characters of RFC 3986.
	AsURL
	// AsForm encodes for application/x-www-form-urlencoded.
	AsForm
	// AsXML escapes text for XML and HTML.
	AsXML
	// AsHeader refuses what would end or break a header.
	AsHeader
)

// filterNames lists the filters of placeholders.
func filterNames() []string {
	return []string{"base64", "bytes", "form", "json", "raw", "url", "xml"}
}

func isFilter(name string) bool { return slices.Contains(filterNames(), name) }

// Value is what a placeholder stands for: text, bytes, or a JSON value.
type Value struct {
	// data are the bytes of a text or of a file.
	data string
	// json is a JSON value as gojq represents it, if isJSON is set.
	json   any
	isJSON bool
	// file marks the bytes of a file, which are written as base64 unless asked for
	// raw.
	file bool
	// raw has the bytes written without escaping, bytes keeps invalid UTF-8 in JSON.
	raw, bytes bool
}

// Text returns a text.
func Text(s string) Value { return Value{data: s} }

// JSON returns a JSON value; a string is a text.
func JSON(v any) Value {
	if s, ok := v.(string); ok {
		return Text(s)
	}
	return Value{json: v, isJSON: true}
}

// File returns the bytes of a file.
func File(content string) Value { return Value{data: content, file: true} }

// ForJQ returns the value as a jq program has it.
func (v Value) ForJQ() any {
	if v.isJSON {
		return v.json
	}
	return v.data
}

// text returns the value as text: a JSON value by its source, a file as base64.
func (v Value) text() (string, error) {
	switch {
	case v.isJSON:
		return Marshal(v.json)
	case v.file && !v.raw:
		return base64.StdEncoding.EncodeToString([]byte(v.data)), nil
	}
	return v.data, nil
}

// filtered applies a filter.
func (v Value) filtered(name string) (Value, error) {
	switch name {
	case "raw":
		v.raw = true
		return v, nil
	case "bytes":
		v.bytes = true
		return v, nil
	case "base64":
		if v.file {
			return Text(base64.StdEncoding.EncodeToString([]byte(v.data))), nil
		}
		s, err := v.text()
		return Text(base64.StdEncoding.EncodeToString([]byte(s))), err
	}
	as := map[string]Escape{"json": AsJSON, "url": AsURL, "form": AsForm, "xml": AsXML}[name]
	b, err := v.Append(nil, as)
	return Text(string(b)), err
}

// Append writes the value behind b.
func (v Value) Append(b []byte, as Escape) ([]byte, error) {
	if as == AsJSON && v.isJSON {
		s, err := Marshal(v.json)
		return append(b, s...), err
	}
	s, err := v.text()
	if err != nil {
		return b, err
	}
	if v.raw && as != AsHeader {
		return append(b, s...), nil
	}
	switch as {
	case InString:
		return appendString(b, s, v.bytes)
	case AsJSON:
		b, err = appendString(append(b, '"'), s, v.bytes)
		return append(b, '"'), err
	case AsURL:
		return appendPercent(b, s), nil
	case AsForm:
		return append(b, url.QueryEscape(s)...), nil
	case AsXML:
		return appendXML(b, s)
	case AsHeader:
		if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }); i >= 0 {
			return b, core.Errorf(core.ErrorInput, "the text has the control character %U, which a header cannot carry", s[i]).
				WithHint("put it into the body or the query, or encode it, such as $(prompt|url)")
		}
	}
	return append(b, s...), nil
}

// appendString writes the inside of a JSON string that decodes to exactly s. A
// lone surrogate, in the three bytes that UTF-8 would have for it, is written as
// \uD800. Other bytes that are not UTF-8 are an error, unless bytes are kept.
func appendString(b []byte, s string, keep bool) ([]byte, error) {
	const hex = "0123456789abcdef"
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ' || r == 0x7f:
			b = append(b, `\u00`...)
			b = append(b, hex[r>>4], hex[r&0xf])
		case r == 0x2028 || r == 0x2029: // line ends for readers that take JSON for JavaScript
			b = strconv.AppendInt(append(b, `\u`...), int64(r), 16)
		case r != utf8.RuneError || size > 1:
			b = append(b, s[i:i+size]...)
		default:
			code, ok := surrogate(s[i:])
			switch {
			case ok:
				b, size = strconv.AppendInt(append(b, `\u`...), code, 16), 3
			case keep:
				b = append(b, s[i])
			default:
				return b, core.Errorf(core.ErrorInput, "byte %d of the text is not UTF-8, which JSON cannot carry", i+1).
					WithHint("send it as form, multipart or plain text, encode it with a converter such as base64, or write $(prompt|bytes) to send the bytes all the same")
			}
		}
		i += size
	}
	return b, nil
}

// surrogate returns the surrogate that a text begins with, in three bytes.
func surrogate(s string) (int64, bool) {
	if len(s) < 3 || s[0] != 0xed || s[1] < 0xa0 || s[1] > 0xbf || s[2] < 0x80 || s[2] > 0xbf {
		return 0, false
	}
	return 0xd000 | int64(s[1]&0x3f)<<6 | int64(s[2]&0x3f), true
}

// appendPercent percent-encodes all but letters, digits and "-._~".
func appendPercent(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b = append(b, c)
			continue
		}
		b = append(b, '%', hex[c>>4], hex[c&0xf])
	}
	return b
}

// appendXML escapes text for XML and HTML. XML cannot carry most control
// characters, nor what is not UTF-8.
func appendXML(b []byte, s string) ([]byte, error) {
	for i, r := range s {
		valid := r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r != 0xfffe && r != 0xffff
		if _, size := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 {
			valid = false
		}
		if !valid {
			return b, core.Errorf(core.ErrorInput, "character %d of the text cannot be carried by XML", utf8.RuneCountInString(s[:i])+1).
				WithHint("encode it with a converter such as base64")
		}
	}
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(s)) // a Builder does not fail
	return append(b, escaped.String()...), nil
}
