package text

import (
	"unicode"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func reverseComponent() core.Component {
	return core.NewConverter(
		info("reverse", "Writes the text backwards.",
			"Characters are turned around one by one (Unicode code points), but an accent or another combining mark, and what a zero-width joiner joins, stays with its letter. A byte that is not valid UTF-8 counts as a character."),
		struct{}{}, always(reverse))
}

func reverse(text []byte) []byte {
	out := make([]byte, len(text))
	for end, rest := len(text), text; len(rest) > 0; {
		if rest[0] < utf8.RuneSelf && (len(rest) == 1 || rest[1] < utf8.RuneSelf) {
			end--
			out[end] = rest[0] // ASCII, which nothing belongs to
			rest = rest[1:]
			continue
		}
		n := character(rest)
		end -= n
		copy(out[end:], rest[:n])
		rest = rest[n:]
	}
	return out
}

const zeroWidthJoiner = '\u200d'

// character returns the length, in bytes, of the first character of the text with
// the marks, joiners and skin tones that follow it.
func character(text []byte) int {
	last, n := utf8.DecodeRune(text)
	for n < len(text) {
		next, size := utf8.DecodeRune(text[n:])
		belongs := unicode.Is(unicode.M, next) || next == zeroWidthJoiner || isSkinTone(next)
		if !belongs && last != zeroWidthJoiner {
			break
		}
		last, n = next, n+size
	}
	return n
}

// isSkinTone reports whether r is an emoji modifier (Fitzpatrick type).
func isSkinTone(r rune) bool { return '\U0001F3FB' <= r && r <= '\U0001F3FF' }
