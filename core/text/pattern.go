package text

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// Pattern is a regular expression that is looked for in a text as it was given, and in
// the folded one. It is safe for concurrent use.
type Pattern struct{ re *regexp.Regexp }

// NewPattern returns a pattern.
func NewPattern(re *regexp.Regexp) Pattern { return Pattern{re} }

// String returns the regular expression.
func (p Pattern) String() string { return p.re.String() }

// In looks for the pattern in a text. Line ends are what they are in all forms of the
// text; the flags of the pattern say whether upper and lower case count. A match
// without doubt is preferred to one with.
func (p Pattern) In(t *Text) (found Match, ok bool) {
	if m := p.re.FindStringIndex(t.given); m != nil {
		return Match{Start: m[0], End: m[1]}, true
	}
	for _, a := range []attempt{{Form{}, Folded}, {Form{markup: true}, Markup}} {
		text := t.in(a.form)
		if m := p.re.FindStringIndex(text); m != nil {
			from, to := a.form.Span(t.given, m[0], m[1])
			return Match{Start: from, End: to, Rule: a.rule}, true
		}
	}
	latin := Form{markup: true, looks: inLatin}
	where := newLocator(latin, t.given)
	for _, at := range p.re.FindAllStringIndex(t.in(latin), -1) {
		m := Match{Rule: Lookalikes}
		m.Start, m.End = where.span(at[0], at[1])
		switch {
		case !isInnocent(m.in(t), t.in(latin)[at[0]:at[1]]):
			return m, true
		case !ok && at[1]-at[0] >= minDoubtful && isWhole(t.given, m.Start, m.End):
			m.Doubt = mayDiffer
			found, ok = m, true
		}
	}
	return found, ok
}

// Changed is a part of a pattern that folding changes: the pattern can match there only
// what is written in the same way.
type Changed struct {
	// Given is the character, or the few, that the pattern names, and Folded what
	// they fold to.
	Given, Folded string
}

// ChangedIn returns the characters that a regular expression names and that folding
// changes, in order, each once: the expression cannot match folded text there. Of a
// class it takes all that fold to what is not in the class, if the class has no other
// member. What the expression may do without is passed over.
func ChangedIn(pattern string) []Changed {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	var all []Changed
	given := map[string]bool{}
	changedIn(re, func(c Changed) {
		if !given[c.Given] {
			given[c.Given] = true
			all = append(all, c)
		}
	})
	return all
}

func changedIn(re *syntax.Regexp, report func(Changed)) {
	switch re.Op {
	case syntax.OpLiteral:
		changedLiteral(string(re.Rune), report)
	case syntax.OpCharClass:
		changedClass(re.Rune, report)
	case syntax.OpStar, syntax.OpQuest:
		return
	case syntax.OpRepeat:
		if re.Min == 0 {
			return
		}
	}
	for _, sub := range re.Sub {
		changedIn(sub, report)
	}
}

// changedLiteral reports the characters of a literal text that folding changes, or all
// of it where they do so together.
func changedLiteral(given string, report func(Changed)) {
	folded := Form{}.Fold(given)
	if folded == given {
		return
	}
	single := false
	for _, r := range given {
		if one := (Form{}).Fold(string(r)); one != string(r) {
			single = true
			report(Changed{string(r), one})
		}
	}
	if !single {
		report(Changed{given, folded})
	}
}

// maxClass is the number of members up to which a class is examined: a larger one is
// the opposite of another, or a range of many.
const maxClass = 64

// changedClass reports the members of a class, by its ranges, if folding changes all
// of them to what is not in it.
func changedClass(ranges []rune, report func(Changed)) {
	var members strings.Builder
	count := 0
	for i := 0; i < len(ranges); i += 2 {
		if count += int(ranges[i+1]-ranges[i]) + 1; count > maxClass {
			return
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			members.WriteRune(r)
		}
	}
	var all []Changed
	for _, r := range members.String() {
		folded := Form{}.Fold(string(r))
		if first, size := utf8.DecodeRuneInString(folded); size == len(folded) && strings.ContainsRune(members.String(), first) {
			return
		}
		all = append(all, Changed{string(r), folded})
	}
	for _, c := range all {
		report(c)
	}
}
