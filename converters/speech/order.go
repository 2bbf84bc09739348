package speech

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// rules are what an English speaker says with other words, or in another order, than
// it is written.
type rules struct {
	amount, fraction, address *regexp.Regexp
	others                    []rule
	pairs                     *strings.Replacer
}

// rule is a pattern, and what is written for it.
type rule struct {
	pattern *regexp.Regexp
	with    string
}

func newRules() rules {
	return rules{
		amount:   regexp.MustCompile(`(\p{Sc})[\s\p{Zs}]?(\d+(?:[.,]\d+)*(?:\s(?:thousand|million|billion|trillion)\b)?)`),
		fraction: regexp.MustCompile(`(^|[^\d/])(\d)/(\d{1,2})($|[^\d/])`),
		address:  regexp.MustCompile(`\b[\w-]{2,}(?:\.[\w-]{2,})*\.[a-z]{2,}\b|\d+(?:\.\d+){2,}`),
		others: []rule{
			{regexp.MustCompile(`(\d)\x{2013}(\d)`), "$1 to $2"},
			{regexp.MustCompile(`(^|[\s\p{Zs}(=+*/<>])-(\d)`), "$1 minus $2"},
			{regexp.MustCompile(`([\s\p{Zs}])[-\x{2010}-\x{2013}]([\s\p{Zs}])`), "$1" + pause + "$2"},
			{regexp.MustCompile(`\.{3,}|[ \t\r]*\n[ \t\r]*\n\s*|\x{2029}`), " " + pause + " "},
			{regexp.MustCompile(`(\d)['\x{2019}](\d)`), "$1 $2"},
			{regexp.MustCompile(`(\d)\x{2032}`), "$1 prime "},
			{regexp.MustCompile(`(\d)\x{2033}`), "$1 double prime "},
		},
		pairs: strings.NewReplacer(
			"<->", " left right arrow ", "->", " right arrow ", "<-", " left arrow ", "=>", " right double arrow ",
			"<=", " less than or equal to ", ">=", " greater than or equal to ", "!=", " not equal to ",
		),
	}
}

// inOrder applies the rules: to "£5", "1999–2001", "bob@example.com", "x -> y".
func (s speller) inOrder(written string) string {
	written = s.rules.amount.ReplaceAllStringFunc(written, s.amount)
	if !s.says('/') {
		written = s.rules.fraction.ReplaceAllStringFunc(written, s.fraction)
	}
	written = s.rules.address.ReplaceAllStringFunc(written, func(address string) string {
		return strings.ReplaceAll(address, ".", " dot ")
	})
	for _, r := range s.rules.others {
		written = r.pattern.ReplaceAllString(written, r.with)
	}
	return s.rules.pairs.Replace(written)
}

// amount writes an amount of money with its currency last, unless the engine says it.
func (s speller) amount(written string) string {
	parts := s.rules.amount.FindStringSubmatch(written)
	switch currency, _ := utf8.DecodeRuneInString(parts[1]); {
	case s.says(currency):
		return written
	case currency == '$':
		return " " + parts[2] + " dollars"
	}
	return " " + parts[2] + " " + parts[1]
}

// fraction writes a fraction as the sign for it, if there is one.
func (s speller) fraction(written string) string {
	parts := s.rules.fraction.FindStringSubmatch(written)
	for r := range s.signs {
		if unicode.Is(unicode.No, r) && norm.NFKC.String(string(r)) == parts[2]+"\u2044"+parts[3] {
			return parts[1] + string(r) + parts[4]
		}
	}
	return written
}
