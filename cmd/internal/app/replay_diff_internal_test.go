package app

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestADifferenceIsShownInWholeCharacters(t *testing.T) {
	recorded := []byte(strings.Repeat("ä€𝄞", 40))
	for at := range len(recorded) + 1 {
		shown := around(recorded, at)
		if !utf8.ValidString(shown) {
			t.Fatalf("around byte %d: %q is cut within a character", at, shown)
		}
		inner := strings.Trim(shown, "…")
		if !strings.Contains(string(recorded), inner) || len(inner) > 40+80+2*utf8.UTFMax {
			t.Fatalf("around byte %d: %q, want at most 120 bytes and two characters of the text", at, shown)
		}
	}
	if got := around([]byte("short"), 99); got != "…short…" {
		t.Errorf("behind the end of a text: %q, want the whole text", got)
	}
}

func TestADifferenceIsNamedByItsPlaceAndBothValues(t *testing.T) {
	err := diffLists("trial a", "turn", []string{"same", "recorded"}, []string{"same", "replayed"})
	want := `trial a, turn 2 is not as it was recorded: recorded …"recorded"…, replayed …"replayed"…`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	err = diffLists("trial a", "turn", []string{"one", "two"}, []string{"one"})
	want = "trial a is not as it was recorded: recorded 2 turns, replayed 1 turn"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := diffLists("trial a", "turn", []string{"one"}, []string{"one"}); err != nil {
		t.Errorf("equal lists differ: %v", err)
	}
}
