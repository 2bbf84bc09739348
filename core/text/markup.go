package text

import (
	"html"
	"strings"
)

// isMarkup reports whether a piece of Markdown or HTML can begin with c.
func isMarkup(c byte) bool {
	return c == '*' || c == '_' || c == '~' || c == '`' || c == '\\' || c == '<' || c == '&'
}

// maxTag bounds the length of a tag of HTML, and of an entity, in bytes.
const maxTag = 200

// markupAt returns the length of the piece of markup with which a text begins, and what
// a reader sees in its place.
func markupAt(s string) (length int, means string, ok bool) {
	switch s[0] {
	case '\\':
		if len(s) > 1 && strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", s[1]) >= 0 {
			return 2, literal(s[1]), true
		}
		return 0, "", false
	case '<':
		return tagAt(s)
	case '&':
		end := strings.IndexByte(s[:min(len(s), maxTag)], ';')
		if end < 2 {
			return 0, "", false
		}
		entity := s[:end+1]
		if means = html.UnescapeString(entity); means == entity {
			return 0, "", false
		}
		return len(entity), means, true
	}
	return 1, "", true
}

// literal returns a character that a backslash makes literal; one that is markup is left
// out, as it is everywhere else.
func literal(c byte) string {
	if isMarkup(c) {
		return ""
	}
	return string(rune(c))
}

// tagAt returns the length of the HTML tag with which a text begins: a reader sees
// nothing in its place, or the end of a line or block.
func tagAt(s string) (length int, means string, ok bool) {
	end := strings.IndexByte(s[:min(len(s), maxTag)], '>')
	if end < 2 {
		return 0, "", false
	}
	name := strings.TrimPrefix(s[1:end], "/")
	letters := 0
	for letters < len(name) && (name[letters]|0x20 >= 'a' && name[letters]|0x20 <= 'z' || letters > 0 && name[letters] >= '0' && name[letters] <= '9') {
		letters++
	}
	if letters == 0 || letters < len(name) && strings.IndexByte(" \t\r\n/", name[letters]) < 0 {
		return 0, "", false
	}
	switch strings.ToLower(name[:letters]) {
	case "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr":
		return end + 1, "", true
	}
	return end + 1, " ", true
}
