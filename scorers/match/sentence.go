package match

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/text"
)

// spoken ignores case, punctuation and spacing, which speech does not have.
var spoken = text.Form{Case: true, Marks: true}

// sentence is a sentence of a reply.
type sentence struct {
	// shown is the sentence as it was written, without what is quoted in it, and at is
	// where it begins in the reply, in bytes.
	shown string
	at    int
	// folded are its words by [spoken], and words the same ones without accents: there
	// are as many of them.
	folded, words string
	isQuestion    bool
}

// sentencesOf returns the sentences of a reply that have words.
func sentencesOf(reply string) []sentence {
	own := withoutQuotes(reply)
	if spoken.Fold(own) == "" { // all of it is in quotation marks
		own = reply
	}
	var all []sentence
	for at := 0; at < len(own); {
		end := at + sentenceLength(own[at:])
		shown := own[at:end]
		if folded := spoken.Fold(shown); folded != "" {
			all = append(all, sentence{
				shown: shown, at: at, folded: folded, words: withoutAccents(folded),
				isQuestion: strings.HasSuffix(strings.TrimSpace(shown), "?"),
			})
		}
		at = end
	}
	return all
}

// maxSentence is the length from which on a sentence ends at the next space, in bytes.
const maxSentence = 4 << 10

// sentenceLength returns the length of the first sentence, with the mark that ends it.
func sentenceLength(s string) int {
	for i, r := range s {
		after := i + utf8.RuneLen(r)
		if i > maxSentence && unicode.IsSpace(r) {
			return after
		}
		switch r {
		case '\n':
			if next, _ := utf8.DecodeRuneInString(strings.TrimLeft(s[after:], " \t")); !unicode.IsLower(next) { // else a line that is wrapped
				return after
			}
		case ';', '。', '！', '？':
			return after
		case '.', '!', '?', '…':
			if next, _ := utf8.DecodeRuneInString(s[after:]); after == len(s) || unicode.IsSpace(next) || unicode.Is(unicode.Pe, next) || unicode.Is(unicode.Pf, next) {
				return after
			}
		}
	}
	return len(s)
}

// withoutAccents returns a folded text without the accents of its letters.
func withoutAccents(folded string) string {
	isASCII := true
	for i := 0; i < len(folded) && isASCII; i++ {
		isASCII = folded[i] < utf8.RuneSelf
	}
	if isASCII {
		return folded
	}
	var b strings.Builder
	for _, r := range folded {
		b.WriteString(withoutAccent(r))
	}
	return b.String()
}

// withoutAccent returns a lower-case letter of the languages that are known without its
// accent, and any other character as it is.
func withoutAccent(r rune) string {
	for _, l := range [...]struct{ letters, plain string }{
		{"àáâãäåąă", "a"},
		{"çć", "c"},
		{"èéêëę", "e"},
		{"ìíîï", "i"},
		{"ł", "l"},
		{"ñń", "n"},
		{"òóôõöø", "o"},
		{"ś", "s"},
		{"ùúûü", "u"},
		{"ýÿ", "y"},
		{"źż", "z"},
		{"æ", "ae"},
		{"œ", "oe"},
		{"ß", "ss"},
	} {
		if strings.ContainsRune(l.letters, r) {
			return l.plain
		}
	}
	return string(r)
}

// withoutQuotes returns a text of the same length in which what stands between
// quotation marks, and the lines that begin with >, are spaces.
func withoutQuotes(s string) string {
	out := []byte(s)
	blank := func(from, to int) {
		for i := from; i < to; i++ {
			out[i] = ' '
		}
	}
	for at := 0; at < len(s); {
		end := len(s)
		if n := strings.IndexByte(s[at:], '\n'); n >= 0 {
			end = at + n
		}
		if strings.HasPrefix(strings.TrimLeft(s[at:end], " \t"), ">") {
			blank(at, end)
		} else {
			quotes(s[at:end], func(from, to int) { blank(at+from, at+to) })
		}
		at = end + 1
	}
	return string(out)
}

// quotes reports what stands between quotation marks in a line.
func quotes(line string, found func(from, to int)) {
	opened, isSingle := -1, false
	var before rune
	for i, r := range line {
		after := i + utf8.RuneLen(r)
		next, _ := utf8.DecodeRuneInString(line[after:])
		single := strings.ContainsRune("'‘’‚‹›", r)
		switch {
		case !single && !strings.ContainsRune("\"“”„‟«»「」`", r):
		case single && isWordRune(before) && (opened < 0 || !isSingle || isWordRune(next)): // an apostrophe
		case opened >= 0 && single == isSingle:
			found(opened, i)
			opened = -1
		case opened < 0 && (!single || isWordRune(next)):
			opened, isSingle = after, single
		}
		before = r
	}
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
