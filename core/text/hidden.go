package text

import (
	"strings"
	"unicode/utf8"
)

// hidden looks for the phrase in what characters that show nothing stand for: tags
// (U+E0020 to U+E007E) for ASCII, and variation selectors for bytes.
func (p Phrase) hidden(t *Text) (Match, bool) {
	if !strings.Contains(t.given, "\xF3\xA0") && !strings.Contains(t.given, "\xEF\xB8") {
		return Match{}, false
	}
	tags, selectors := unhide(t.given)
	for _, h := range []hiddenText{tags, selectors} {
		inner := p.search.attempts()[0].form
		text := inner.Fold(string(h.text))
		at := strings.Index(text, p.folded[0])
		if at < 0 {
			continue
		}
		from, to := inner.Span(string(h.text), at, at+len(p.folded[0]))
		last := h.from[to-1]
		_, size := utf8.DecodeRuneInString(t.given[last:])
		return Match{Start: h.from[from], End: last + size, Rule: Tags}, true
	}
	return Match{}, false
}

// hiddenText is what characters that show nothing stand for, and where each byte of
// it comes from.
type hiddenText struct {
	text []byte
	from []int
}

func (h *hiddenText) add(c byte, at int) {
	h.text, h.from = append(h.text, c), append(h.from, at)
}

// unhide returns what the tags and the variation selectors of a text stand for.
func unhide(s string) (tags, selectors hiddenText) {
	for i, r := range s {
		switch {
		case r >= 0xE0020 && r <= 0xE007E:
			tags.add(byte(r-0xE0000), i)
		case r >= 0xFE00 && r <= 0xFE0F:
			selectors.add(byte(r-0xFE00), i)
		case r >= 0xE0100 && r <= 0xE01EF:
			selectors.add(byte(r-0xE0100+16), i)
		}
	}
	return tags, selectors
}
