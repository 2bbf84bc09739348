package phrase_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

func ExampleCount() {
	fmt.Println(phrase.Count(1, "trial"), "and", phrase.Count(7, "turn"))
	// Output: 1 trial and 7 turns
}

func ExampleShorten() {
	fmt.Println(phrase.Shorten("an-agent-with-a-long-name", 14))
	// Output: an-agent-with…
}

func TestATextIsCutBetweenCharactersOnly(t *testing.T) {
	for _, test := range []struct {
		s     string
		limit int
		want  string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"äöü", 3, "äöü"},
		{"äöüß", 3, "äö…"},
		{"äöüß", 1, "…"},
		{"äöüß", 0, "…"},
		{"ä", -1, "ä"},
		{strings.Repeat("é", 100), 30, strings.Repeat("é", 29) + "…"},
	} {
		if got := phrase.Shorten(test.s, test.limit); got != test.want {
			t.Errorf("Shorten(%q, %d) = %q, want %q", test.s, test.limit, got, test.want)
		}
	}
}

func FuzzShorten(f *testing.F) {
	f.Add("äöüß", 3)
	f.Add("a\xffb\xfe", 2)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		got := phrase.Shorten(s, limit)
		if n := utf8.RuneCountInString(got); n > max(limit, 1) {
			t.Errorf("Shorten(%q, %d) = %q has %d characters", s, limit, got, n)
		}
		if utf8.RuneCountInString(s) <= limit && got != s {
			t.Errorf("Shorten(%q, %d) = %q, though it fits", s, limit, got)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("Shorten(%q, %d) = %q is not UTF-8", s, limit, got)
		}
	})
}

func TestATextOfManyBytesIsCutBetweenCharacters(t *testing.T) {
	for _, s := range []string{"a€b€c€d", "äöüßäöüß", "日本語のテキスト", "a\u0301e\u0301🎉🎉", "\xff\xfe日本\xe6\x97"} {
		valid := strings.ToValidUTF8(s, "\uFFFD")
		for limit := -1; limit <= len(valid)+1; limit++ {
			got := phrase.ShortenBytes(s, limit)
			if len(got) > max(limit, 3) || !utf8.ValidString(got) {
				t.Errorf("ShortenBytes(%q, %d) = %q: %d bytes, valid: %v", s, limit, got, len(got), utf8.ValidString(got))
			}
			kept, cut := strings.CutSuffix(got, "…")
			if !strings.HasPrefix(valid, kept) || cut != (len(valid) > max(limit, 3)) {
				t.Errorf("ShortenBytes(%q, %d) = %q, want its beginning", s, limit, got)
			}
			if cut && len(valid) > len(kept) {
				if _, next := utf8.DecodeRuneInString(valid[len(kept):]); len(got)+next <= max(limit, 3) {
					t.Errorf("ShortenBytes(%q, %d) = %q, though another character fits", s, limit, got)
				}
			}
		}
	}
}

func TestALineHasNeitherTabsNorNewlines(t *testing.T) {
	if got := phrase.OneLine("a\tb\nc"); got != "a b c" {
		t.Errorf("got %q", got)
	}
}

func TestAChecksumIsShownByItsBeginning(t *testing.T) {
	for sum, want := range map[string]string{"": "", "0123": "0123", "0123456789abcdef": "0123456789ab"} {
		if got := phrase.ShortSum(sum); got != want {
			t.Errorf("ShortSum(%q) = %q, want %q", sum, got, want)
		}
	}
}

func TestBytesAreWordedByTheirLargestUnit(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 1000: "1000 B", 1023: "1023 B", 1 << 10: "1.0 KiB", 1<<30 + 300<<20: "1.3 GiB", 4 << 30: "4.0 GiB", 1 << 40: "1.0 TiB",
		12<<20 + 600<<10: "13 MiB", 512 << 20: "512 MiB", 9 << 60: "9.0 EiB", math.MaxUint64: "16 EiB",
	} {
		if got := phrase.Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}
