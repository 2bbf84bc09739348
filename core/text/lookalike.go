package text

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// looks says how a character counts by its looks.
type looks int

const (
	// asWritten: it does not.
	asWritten looks = iota
	// lookingFirst: before upper and lower case are the same. A capital I looks like a
	// small L.
	lookingFirst
	// lookingLast: after upper and lower case are the same.
	lookingLast
	// inLatin: as the ASCII character that one which is not ASCII looks like.
	inLatin
)

// overASCII reports whether characters of ASCII count by their looks, too.
func (l looks) overASCII() bool { return l == lookingFirst || l == lookingLast }

// Skeleton returns what a text looks like, as UTS #39 defines it: texts with one
// skeleton can be taken for each other. Before, the text is folded without regard to
// upper and lower case; afterwards, marks above, below and through letters are left
// out. Letters in boxes and circles and small capitals look like their letter.
func Skeleton(s string) string { return Form{Spaces: true, looks: lookingFirst}.Fold(s) }

// isLookalikeASCII reports whether c has another prototype than itself.
func isLookalikeASCII(c byte) bool {
	switch c {
	case '"', '%', '0', '1', 'I', '`', 'm', '|':
		return true
	}
	return false
}

// prototype returns what a character looks like; "" for itself.
func prototype(r rune) string {
	i, found := slices.BinarySearch(lookalikeFrom[:], r)
	if !found {
		return ""
	}
	at := lookalikeAt[i]
	return lookalikeForms[at>>6 : at>>6+at&63]
}

// appendLooks appends what a character with its marks looks like.
func (w *folder) appendLooks(out, folded []byte) []byte {
	start := len(out)
	w.decomposed = norm.NFD.Append(w.decomposed[:0], folded...)
	for rest := w.decomposed; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		looks := prototype(r)
		switch {
		case w.looks == inLatin && (r < utf8.RuneSelf || len(looks) != 1):
			looks = ""
		case looks != "":
			looks = norm.NFD.String(looks)
		}
		if looks == "" {
			out = w.appendUnmarked(out, r)
			continue
		}
		for _, r := range looks {
			out = w.appendUnmarked(out, r)
		}
	}
	if w.looks == inLatin {
		return append(out[:start], norm.NFC.Bytes(out[start:])...)
	}
	return out
}

// writeLooks writes what a character of ASCII looks like.
func (w *folder) writeLooks(c byte) {
	if w.Case && w.looks == lookingLast && c == 'I' {
		c = 'i'
	}
	looks := prototype(rune(c))
	if looks == "" {
		looks = string(rune(c))
	}
	for _, r := range looks {
		folded := w.appendUnmarked(w.folded[:0], r)
		w.folded = folded
		r, _ = utf8.DecodeRune(folded)
		w.write(r, folded)
	}
}

// appendUnmarked appends a character unless it is a mark that can stand on any letter.
func (w *folder) appendUnmarked(out []byte, r rune) []byte {
	switch {
	case isFreeMark(r):
		return out
	case w.Case:
		return foldCase(out, r)
	}
	return utf8.AppendRune(out, r)
}

// isFreeMark reports whether r is a mark that can stand above, below or on the letters
// of any script, or a point of Hebrew. The voice marks of Japanese make other letters.
func isFreeMark(r rune) bool {
	if r < 0x300 {
		return false
	}
	return unicode.Is(unicode.Mn, r) && r != 0x3099 && r != 0x309A &&
		(unicode.Is(unicode.Inherited, r) || unicode.Is(unicode.Hebrew, r)) || unicode.Is(unicode.Me, r)
}
