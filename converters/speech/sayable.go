package speech

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/redteam-orchestrator/orchestrator/core/text"
)

// speller writes a text in a form that an engine can say.
type speller struct {
	// says reports whether the engine says a letter or sign as it is.
	says func(rune) bool
	// isEnglish says that the engine speaks English, as the tables do.
	isEnglish bool
	// signs, letters and greek are the tables of that name.
	signs, letters, greek map[rune]string
	rules                 rules
}

// newSpeller returns the speller of an engine that speaks English.
func newSpeller(says func(rune) bool) speller {
	return speller{says: says, isEnglish: true, signs: tableOf(signs), letters: tableOf(letters), greek: tableOf(greek), rules: newRules()}
}

// spelling is a text that is being written.
type spelling struct {
	speller
	out  strings.Builder
	lost losses
	// hasLatin says that the text has a letter of ASCII.
	hasLatin bool
	// known are the letters that were looked at.
	known map[rune]letter
}

// spell returns a text as an engine can say it, and what of it nobody will hear.
func (s speller) spell(written string) (string, losses) {
	w := &spelling{speller: s, known: map[rune]letter{}, hasLatin: strings.ContainsFunc(written, isASCIILetter)}
	shown := w.shown(written)
	if s.isEnglish {
		shown = s.inOrder(shown)
	}
	w.write([]rune(shown))
	return strings.Join(strings.Fields(w.out.String()), " "), w.lost
}

// shown returns a text without what shows nothing, composed. Characters that show
// nothing and stand for text are lost.
func (w *spelling) shown(written string) string {
	var kept []rune
	selectors := 0
	for _, r := range written {
		switch isSelector := r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF; {
		case isSelector:
			selectors++
		case !text.Ignorable(r):
			selectors = 0
			kept = append(kept, r)
		}
		if selectors > 1 || r >= 0xE0020 && r <= 0xE007E {
			w.lost.add("text in characters that show nothing")
		}
	}
	return norm.NFC.String(string(kept))
}

// write writes words and signs.
func (w *spelling) write(all []rune) {
	for i := 0; i < len(all); {
		r, n := all[i], 1
		_, isNamed := w.signs[r]
		switch {
		case w.isEnglish && isRaised(r):
			n = runOf(all[i:], isRaised)
			w.raised(string(all[i : i+n]))
		case isWordRune(r) && (w.says(r) || !isNamed || !w.isEnglish):
			n = runOf(all[i:], isWordRune)
			w.word(all[i : i+n])
		default:
			w.sign(r)
		}
		i += n
	}
}

// runOf returns how many runes at the start are of a kind.
func runOf(all []rune, is func(rune) bool) int {
	if n := slices.IndexFunc(all, func(r rune) bool { return !is(r) }); n >= 0 {
		return n
	}
	return len(all)
}

// raised writes an exponent, or the number of a note.
func (w *spelling) raised(run string) {
	number := strings.ReplaceAll(text.Form{}.Fold(run), "-", " minus ")
	switch before := w.last(); {
	case before != ')' && !isWordRune(before):
		w.say(number)
	case number == "2":
		w.say("squared")
	case number == "3":
		w.say("cubed")
	default:
		w.say("to the power of " + number)
	}
}

// last returns the last character that was written; 0 for none.
func (w *spelling) last() rune {
	last, size := utf8.DecodeLastRuneInString(w.out.String())
	if size == 0 {
		return 0
	}
	return last
}

// say writes words, or a punctuation mark, which has no space before it.
func (w *spelling) say(words string) {
	if words == pause || strings.ContainsFunc(words, isWordRune) {
		w.out.WriteByte(' ')
	}
	w.out.WriteString(words)
	w.out.WriteByte(' ')
}

// sign writes a character that belongs to no word.
func (w *spelling) sign(r rune) {
	words, isNamed := w.signs[r]
	switch {
	case w.says(r) || unicode.IsSpace(r):
		w.out.WriteRune(r)
		return
	case isNamed && w.isEnglish:
		w.named(r, words)
		return
	}
	if folded := (text.Form{}).Fold(string(r)); folded != string(r) {
		w.folded(r, folded)
		return
	}
	if base, isNegated := strings.CutSuffix(norm.NFD.String(string(r)), "\u0338"); isNegated && w.isEnglish {
		w.say("not")
		w.write([]rune(base))
		return
	}
	if !isSilent(r) || isNamed && strings.ContainsFunc(words, isWordRune) {
		w.lost.add(string(r))
	}
	w.out.WriteByte(' ')
}

// named writes the words for a sign; for a fraction behind a number, as a part of it.
func (w *spelling) named(r rune, words string) {
	if before := strings.TrimRight(w.out.String(), " "); unicode.Is(unicode.No, r) && before != "" && unicode.IsDigit(rune(before[len(before)-1])) {
		words = "and " + strings.Replace(words, "half", "a half", 1)
	}
	w.say(words)
}

// folded writes what a sign is another form of.
func (w *spelling) folded(r rune, folded string) {
	isNumber := unicode.In(r, unicode.N, unicode.So)
	if isNumber {
		w.out.WriteByte(' ')
	}
	w.write([]rune(folded))
	if isNumber {
		w.out.WriteByte(' ')
	}
}

// word writes a run of letters, marks and digits. It is lost where a letter of it is.
func (w *spelling) word(word []rune) {
	isMixed := w.isMixed(word)
	if name, ok := w.greek[unicode.ToLower(word[0])]; ok && len(word) == 1 && w.isEnglish && !w.says(word[0]) {
		w.say(name)
		return
	}
	hasLost := false
	for _, r := range word {
		l := w.know(r)
		said := l.said
		switch {
		case isMixed && l.isForeign && l.looks != "":
			said = l.looks
		case !l.isSaid:
			hasLost, said = true, " "
		}
		w.out.WriteString(said)
	}
	if hasLost {
		w.lost.add(string(word))
	}
}

// isMixed reports whether letters of other scripts stand, in a word, for the Latin ones
// that they look like: beside Latin ones, or alone where all others of the text are
// Latin and the engine says none of them.
func (w *spelling) isMixed(word []rune) bool {
	hasLatin, hasForeign, hasSaid := false, false, false
	for _, r := range word {
		l := w.know(r)
		switch {
		case unicode.Is(unicode.Latin, r) || strings.ContainsFunc(l.said, isASCIILetter):
			hasLatin = true
		case !unicode.IsLetter(r):
		case l.looks == "":
			return false
		default:
			hasForeign, hasSaid = true, hasSaid || w.says(r)
		}
	}
	return hasForeign && (hasLatin || w.hasLatin && !hasSaid)
}

// letter is what is known of a letter, mark or digit.
type letter struct {
	// said is how the engine says it, if it does.
	said   string
	isSaid bool
	// looks are the letters of ASCII that a letter of another script, isForeign, looks
	// like; "" for none.
	looks     string
	isForeign bool
}

func (w *spelling) know(r rune) letter {
	l, isKnown := w.known[r]
	if isKnown {
		return l
	}
	l.said, l.isSaid = w.letter(r)
	if unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) {
		l.looks, l.isForeign = look(r), true
	}
	w.known[r] = l
	return l
}

// letter returns how the engine says a letter, mark or digit; "" for a mark that it
// leaves out.
func (w *spelling) letter(r rune) (said string, ok bool) {
	if r <= unicode.MaxASCII {
		return string(r), true
	}
	folded := text.Form{}.Fold(string(r))
	isForm := folded != string(r) && isASCII(folded) || unicode.Is(unicode.So, r)
	if w.says(r) && !isForm {
		return string(r), true
	}
	if ascii, ok := w.letters[r]; ok {
		return ascii, true
	}
	if isASCII(folded) && folded != "" {
		return folded, true
	}
	if unicode.Is(unicode.M, r) {
		return "", true
	}
	if base := norm.NFD.String(folded); base != string(r) {
		return w.all(base)
	}
	if unicode.Is(unicode.Latin, r) || unicode.Is(unicode.So, r) {
		looks := look(r)
		return looks, looks != ""
	}
	return "", false
}

// all returns how the engine says letters and marks.
func (w *spelling) all(letters string) (said string, ok bool) {
	for _, r := range letters {
		one, ok := w.letter(r)
		if !ok {
			return "", false
		}
		said += one
	}
	return said, true
}

// look returns the letters of ASCII that a letter looks like; "" for none.
func look(r rune) string {
	if lower := unicode.ToLower(r); lower != r {
		return strings.ToUpper(look(lower))
	}
	looks := strings.ReplaceAll(text.Skeleton(string(r)), "rn", "m")
	if !isASCII(looks) || strings.ContainsFunc(looks, func(r rune) bool { return !isWordRune(r) }) {
		return ""
	}
	return looks
}

// isWordRune reports whether r is part of a word: letters in boxes, circles and flags
// are.
func isWordRune(r rune) bool {
	if unicode.In(r, unicode.L, unicode.M, unicode.Nd) {
		return true
	}
	return r >= 0x24B6 && r <= 0x24E9 || r >= 0x1F110 && r <= 0x1F189 || r >= 0x1F1E6 && r <= 0x1F1FF
}

// isRaised reports whether r is a digit or sign of an exponent.
func isRaised(r rune) bool {
	return r == '²' || r == '³' || r == '¹' || r == '\u2070' || r >= '\u2074' && r <= '\u207E'
}

// isSilent reports whether a reader says nothing for r.
func isSilent(r rune) bool {
	return unicode.In(r, unicode.P, unicode.Z, unicode.Sk, unicode.C) && !unicode.Is(unicode.Co, r)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

func isASCIILetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
