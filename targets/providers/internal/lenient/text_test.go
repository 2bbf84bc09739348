package lenient

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestATextKeepsHalvesOfCharactersUntilTheOthersCome(t *testing.T) {
	for name, test := range map[string]struct {
		pieces []string
		want   string
	}{
		"one piece":             {[]string{`"a\n\"b\/ü"`}, "a\n\"b/ü"},
		"every escape":          {[]string{"\"\xff" + `\b\f\n\r\t\\\/\"\u00e9"`}, "\uFFFD\b\f\n\r\t\\/\"é"},
		"a pair in one piece":   {[]string{`"\ud83e\udd8a"`}, "🦊"},
		"a pair in capitals":    {[]string{`"\uD83E\uDD8A"`}, "🦊"},
		"a pair in two":         {[]string{`"blue \ud83e"`, `"\udd8a."`}, "blue 🦊."},
		"a half alone":          {[]string{`"\ud83e x"`}, "\uFFFD x"},
		"the second half alone": {[]string{`"\udd8a"`, `"\ud83e"`}, "\uFFFD"},
		"half a pair at a time": {[]string{`"\ud83e"`, `"\ud83e"`, `"\udd8a"`}, "\uFFFD🦊"},
		"bytes in two":          {[]string{"\"gr\xc3\"", "\"\xbcn\""}, "grün"},
		"a byte alone":          {[]string{"\"gr\xc3\"", `"n"`}, "gr\uFFFDn"},
		"what no pair is":       {[]string{`"\ud7ff\ue000"`}, "\ud7ff\ue000"},
	} {
		t.Run(name, func(t *testing.T) {
			var text []byte
			for _, piece := range test.pieces {
				decoded, ok := Text([]byte(piece))
				if !ok {
					t.Errorf("%s is no text", piece)
				}
				text = Join(text, []byte(decoded))
			}
			if got := strings.ToValidUTF8(string(text), "\uFFFD"); got != test.want {
				t.Errorf("read %q, want %q", got, test.want)
			}
		})
	}
	for _, data := range []string{"", "7", "{}", `"`, `"\ud8"`, "\"\xff", "null x"} {
		if text, ok := Text([]byte(data)); ok {
			t.Errorf("%s is the text %q", data, text)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{`"a"`, `"\ud83e\udd8a"`, "\"\xc3\"", `"\u00"`, `"\`, `"\ud83e\`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		text, ok := Text(data)
		var want string
		if err := json.Unmarshal(data, &want); (err == nil) != ok {
			t.Fatalf("%q is a text: %t, %v", data, ok, err)
		}
		got := []rune(strings.ToValidUTF8(text, "\uFFFD"))
		if ok && strings.ReplaceAll(string(got), "\uFFFD", "") != strings.ReplaceAll(want, "\uFFFD", "") {
			t.Errorf("%q is read as %q, want %q", data, text, want)
		}
	})
}
