package phrase

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Count returns "1 trial" or "7 trials". The plural is the noun with an s.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// Shorten returns s with at most so many characters: the last one of a text that was
// cut is an ellipsis. It never cuts within a character. A limit below 1 counts as 1.
func Shorten(s string, limit int) string {
	limit = max(limit, 1)
	if len(s) <= limit { // no more bytes than characters are allowed
		return s
	}
	count := 0
	end := 0 // of the characters that fit beside the ellipsis
	for i := range s {
		if count == limit-1 {
			end = i
		}
		if count == limit {
			return s[:end] + "…"
		}
		count++
	}
	return s
}

// ShortenBytes returns s as valid UTF-8 of at most so many bytes: invalid bytes are
// replaced by U+FFFD, and the last character of a text that was cut is an ellipsis.
// It never cuts within a character. A limit below 3, the size of an ellipsis, counts
// as 3.
func ShortenBytes(s string, limit int) string {
	const ellipsis = "…"
	limit = max(limit, len(ellipsis))
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	end := limit - len(ellipsis)
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}

// OneLine puts a space in the place of each tab and newline, so that s stays within
// one line and one cell of a table.
func OneLine(s string) string { return strings.NewReplacer("\t", " ", "\n", " ").Replace(s) }

// ShortSum returns the beginning of a checksum in hexadecimal, which is enough to tell
// two of them apart.
func ShortSum(sum string) string {
	const enough = 12
	return sum[:min(len(sum), enough)]
}

// Bytes words a number of bytes: "200 B", "512 MiB", "1.0 TiB".
func Bytes(n uint64) string {
	if n < 1024 {
		return strconv.FormatUint(n, 10) + " B"
	}
	power := min((bits.Len64(n)-1)/10, len("KMGTPE"))
	size := float64(n) / math.Exp2(float64(10*power))
	format := "%.0f %ciB"
	if size < 10 {
		format = "%.1f %ciB"
	}
	return fmt.Sprintf(format, size, "KMGTPE"[power-1])
}
