package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rule names what it took to find a phrase beyond folding. It is written for people:
// "found by look-alike characters".
type Rule string

// The rules, in the order in which they are tried.
const (
	// Folded: the phrase is there once both texts are folded.
	Folded Rule = ""
	// Markup: the phrase is there without the marks of Markdown and HTML.
	Markup Rule = "without markup"
	// Lookalikes: what is there looks like the phrase, by the skeleton of UTS #39.
	Lookalikes Rule = "look-alike characters"
	// Tags: the phrase is there in characters that show nothing and stand for others.
	Tags Rule = "characters that show nothing"
)

// Match says where a phrase was found.
type Match struct {
	// Start and End are the range in the text as it was given, in bytes. They are
	// borders of characters.
	Start, End int
	// Rule says what it took.
	Rule Rule
	// Doubt says why the text may say something else; "" where it cannot.
	Doubt string
}

// in returns what was found, as it was given.
func (m Match) in(t *Text) string { return t.given[m.Start:m.End] }

// Search says how phrases are looked for.
type Search struct {
	// CaseSensitive tells upper from lower case.
	CaseSensitive bool
	// Marks passes over punctuation and symbols; see [Form].
	Marks bool
	// Spoken finds what is said or spelled in another way, in English: numbers in
	// words and digits, words letter by letter, words that sound alike. Upper and
	// lower case do not count there.
	Spoken bool
}

// Phrase is a text to look for. It is safe for concurrent use.
type Phrase struct {
	// Given is the text as it was given.
	Given  string
	search Search
	// folded holds the text by the forms of the search.
	folded []string
	// letters are its letters and digits.
	letters letters
	// spoken is how it sounds, if that is looked for.
	spoken spoken
}

// Text is a text in which phrases are looked for. It is folded once for all of them,
// and not safe for concurrent use.
type Text struct {
	given  string
	folded map[Form]string
	// letters are what lettersIn has returned.
	letters map[Form]letters
	words   []word
}

// New returns a text in which phrases are looked for.
func New(s string) *Text {
	return &Text{given: s, folded: map[Form]string{}, letters: map[Form]letters{}}
}

// in returns the text in a form.
func (t *Text) in(f Form) string {
	folded, ok := t.folded[f]
	if !ok {
		folded = f.Fold(t.given)
		t.folded[f] = folded
	}
	return folded
}

// attempt is a form in which a phrase is looked for.
type attempt struct {
	form Form
	rule Rule
}

// attempts returns the forms of a search, the strictest first.
func (s Search) attempts() []attempt {
	plain := Form{Case: !s.CaseSensitive, Spaces: true, Marks: s.Marks}
	unmarked := plain
	unmarked.markup = true
	first, last := unmarked, unmarked
	first.looks, last.looks = lookingFirst, lookingLast
	all := []attempt{{plain, Folded}, {unmarked, Markup}, {first, Lookalikes}}
	if s.CaseSensitive {
		return all // without case, looking last is looking first
	}
	return append(all, attempt{last, Lookalikes})
}

// Phrase returns a phrase to look for. White space at the ends of a text, and what
// shows nothing, is no part of it.
func (s Search) Phrase(wanted string) Phrase {
	p := Phrase{Given: wanted, search: s}
	for _, a := range s.attempts() {
		f := a.form
		f.markup = false // a mark that is looked for counts
		p.folded = append(p.folded, f.Fold(wanted))
	}
	p.letters = lettersOf(Form{Case: !s.CaseSensitive}.Fold(wanted))
	if s.Spoken {
		p.spoken = spokenOf(Form{Case: true}.Fold(wanted))
	}
	return p
}

// Blank reports whether there is nothing to look for: the phrase would be found in
// every text.
func (p Phrase) Blank() bool { return len(p.folded) == 0 || p.folded[0] == "" }

// In looks for the phrase in a text. A match without doubt is preferred to one with.
func (p Phrase) In(t *Text) (found Match, ok bool) {
	if p.Blank() {
		return Match{}, false
	}
	for i, a := range p.search.attempts() {
		if a.rule == Markup && strings.ContainsFunc(p.Given, func(r rune) bool { return r < utf8.RuneSelf && isMarkup(byte(r)) }) {
			continue
		}
		m, sure := p.by(a, p.folded[i], t)
		if sure {
			return m, true
		}
		if m.Doubt != "" && !ok {
			found, ok = m, true
		}
	}
	if m, hidden := p.hidden(t); hidden {
		return m, true
	}
	for _, by := range []func(*Text) (Match, bool){p.byLeet, p.bySound, p.bySpacing} {
		switch m, may := by(t); {
		case may && m.Doubt == "":
			return m, true
		case may && !ok:
			found, ok = m, true
		}
	}
	return found, ok
}

// maxOverlap is the length of a phrase, in bytes, up to which matches that overlap are
// examined one by one.
const maxOverlap = 64

// by looks for the phrase in one form. sure says that the match has no doubt.
func (p Phrase) by(a attempt, folded string, t *Text) (found Match, sure bool) {
	if folded == "" {
		return Match{}, false
	}
	text := t.in(a.form)
	where := newLocator(a.form, t.given)
	for at := 0; ; {
		i := strings.Index(text[at:], folded)
		if i < 0 {
			break
		}
		at += i
		from, to := where.span(at, at+len(folded))
		m := Match{Start: from, End: to, Rule: a.rule}
		if a.rule != Lookalikes {
			return m, true
		}
		after, _ := utf8.DecodeRuneInString(text[at+len(folded):])
		switch {
		case unicode.IsMark(after): // of another letter
		case !isInnocent(m.in(t), p.Given):
			return m, true
		case found.Doubt == "" && len(folded) >= minDoubtful && isWhole(t.given, from, to):
			m.Doubt = mayDiffer
			found = m
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		if len(folded) > maxOverlap {
			size = len(folded)
		}
		at += size
	}
	return found, false
}
