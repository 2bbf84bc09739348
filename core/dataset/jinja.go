package dataset

import (
	"regexp"
	"strings"
)

var (
	jinjaName    = regexp.MustCompile(`^\{\{[-+]?\s*([A-Za-z_][A-Za-z0-9_]*)\s*[-+]?\}\}$`)
	jinjaText    = regexp.MustCompile(`^\{\{[-+]?\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*[-+]?\}\}$`)
	jinjaRaw     = regexp.MustCompile(`(?s)\{%[-+]?\s*raw\s*[-+]?%\}(.*?)\{%[-+]?\s*endraw\s*[-+]?%\}`)
	jinjaTag     = regexp.MustCompile(`(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}`)
	jinjaTrimmed = regexp.MustCompile(`\{[{%#]-|-[}%#]\}`)
)

// render does to a value what PyRIT does while no parameter is given: it drops comments
// and one line end at the end, and leaves {{ name }} as it is. What it would evaluate is
// left as it is, and noted.
func (r *seedReader) render(value string) string {
	if m := jinjaTag.FindString(value); m != "" && (jinjaTrimmed.MatchString(value) || r.hasStatement(value)) {
		r.note("statements, filters and trimmed white space of Jinja are not evaluated: %s", shown(m))
		return value
	}
	var b strings.Builder
	for value != "" {
		raw, tag := jinjaRaw.FindStringSubmatchIndex(value), jinjaTag.FindStringIndex(value)
		switch {
		case raw != nil && tag != nil && raw[0] == tag[0]:
			b.WriteString(value[:raw[0]] + value[raw[2]:raw[3]])
			value = value[raw[1]:]
		case tag != nil:
			b.WriteString(value[:tag[0]] + jinjaOutput(value[tag[0]:tag[1]]))
			value = value[tag[1]:]
		default:
			b.WriteString(value)
			value = ""
		}
	}
	text := b.String()
	if strings.HasSuffix(text, "\r\n") {
		return text[:len(text)-2]
	}
	return strings.TrimSuffix(text, "\n")
}

// hasStatement reports whether a value has more than names, texts, comments and raw parts.
func (r *seedReader) hasStatement(value string) bool {
	for _, tag := range jinjaTag.FindAllString(jinjaRaw.ReplaceAllString(value, ""), -1) {
		if !jinjaName.MatchString(tag) && !jinjaText.MatchString(tag) && !strings.HasPrefix(tag, "{#") {
			return true
		}
	}
	return false
}

// jinjaOutput is what a tag becomes.
func jinjaOutput(tag string) string {
	if m := jinjaName.FindStringSubmatch(tag); m != nil {
		return "{{ " + m[1] + " }}"
	}
	if m := jinjaText.FindStringSubmatch(tag); m != nil {
		return m[1] + m[2]
	}
	return "" // a comment
}
