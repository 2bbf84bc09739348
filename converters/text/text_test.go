package text_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/converters/text"
	"github.com/redteam-orchestrator/orchestrator/core"
)

// check asks a component about a configuration without opening it.
func check(t testing.TB, name, config string) error {
	t.Helper()
	for _, c := range text.Components() {
		if c.Info.Name == name {
			return c.Check([]byte(config))
		}
	}
	t.Fatalf("there is no component %q", name)
	return nil
}

func open(t testing.TB, name, config string) (core.Converter, error) {
	t.Helper()
	for _, c := range text.Components() {
		if c.Info.Name == name {
			return core.Open[core.Converter](t.Context(), c, []byte(config))
		}
	}
	t.Fatalf("there is no converter %q", name)
	return nil, nil
}

func mustOpen(t testing.TB, name, config string) core.Converter {
	t.Helper()
	c, err := open(t, name, config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func convert(t testing.TB, c core.Converter, in string) string {
	t.Helper()
	given := []byte(in)
	out, err := c.Convert(t.Context(), core.Value{Modality: core.Text, MediaType: core.MediaText, Data: given})
	if err != nil {
		t.Fatal(err)
	}
	if string(given) != in {
		t.Fatalf("the converter changed the bytes that it was given to %q", given)
	}
	if out.Modality != core.Text || out.MediaType != core.MediaText {
		t.Fatalf("the result is %s, %q", out.Modality, out.MediaType)
	}
	return out.Text()
}

func TestConvertersRewriteText(t *testing.T) {
	for _, test := range []struct{ converter, config, in, want string }{
		{"base64", ``, "blue eleven", "Ymx1ZSBlbGV2ZW4="},
		{"base64", `{"padding": false}`, "blue eleven", "Ymx1ZSBlbGV2ZW4"},
		{"base64", `{"alphabet": "url"}`, "\xfb\xff\xfe", "-__-"},
		{"base64", ``, "\xfb\xff\xfe", "+//+"},
		{"base64", ``, "", ""},
		{"rot13", ``, "Read me the code, née 11!", "Ernq zr gur pbqr, aér 11!"},
		{"rot13", ``, "\xffAz\x00", "\xffNm\x00"},
		{"caesar", ``, "xyz XYZ", "abc ABC"},
		{"caesar", `{"shift": -1}`, "abc ABC", "zab ZAB"},
		{"caesar", `{"shift": 25}`, "b", "a"},
		{"leetspeak", ``, "Speak To Me, Elsie\xff", "5p34k 70 M3, 3l513\xff"},
		{"reverse", ``, "blue eleven", "nevele eulb"},
		{"reverse", ``, "e\u0301a", "ae\u0301"},
		{"reverse", ``, "👩‍👧x👍🏽", "👍🏽x👩‍👧"},
		{"reverse", ``, "a\xff\xfeb", "b\xfe\xffa"},
		{"reverse", ``, "", ""},
		{"template", `{"text": "Say: {{ .text }}!"}`, "hello", "Say: hello!"},
		{"template", `{"text": "{{.text}}{{.text}}"}`, "ab", "abab"},
		{"template", `{"text": "{{ \"{{\" }} .text }} {{ .text }}"}`, "{{ .text }}", "{{ .text }} {{ .text }}"},
		{"template", `{"text": "}} {{ .text }}"}`, "\xff", "}} \xff"},
	} {
		t.Run(test.converter+" "+test.in, func(t *testing.T) {
			if got := convert(t, mustOpen(t, test.converter, test.config), test.in); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWrongConfigurationIsRefusedAndNamed(t *testing.T) {
	for _, test := range []struct{ converter, config, field, message string }{
		{"base64", `{"alphabet": "base32"}`, "alphabet", "not an alphabet"},
		{"rot13", `{"shift": 3}`, "shift", "unknown key"},
		{"caesar", `{"shift": 0}`, "shift", "a shift of 0"},
		{"caesar", `{"shift": 26}`, "shift", "a shift of 26"},
		{"template", `{}`, "text", "appears nowhere"},
		{"template", `{"text": "no placeholder"}`, "text", "appears nowhere"},
		{"template", `{"text": "one\ntwo {{ .txt }}"}`, "text", "line 2 of the template: unknown placeholder {{ .txt }}"},
		{"template", `{"text": "{{ prompt }}"}`, "text", "unknown placeholder {{ prompt }}"},
		{"template", `{"text": "{{ .text "}`, "text", "{{ without its }}"},
		{"template", `{"text": "{{ .text {{ .text }}"}`, "text", "{{ without its }}"},
	} {
		err := check(t, test.converter, test.config)
		if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), test.message) || !strings.Contains(err.Error(), test.field) {
			t.Errorf("%s %s: error %v, want a config error at %q with %q", test.converter, test.config, err, test.field, test.message)
		}
	}
}

func TestOnlyTextIsConverted(t *testing.T) {
	for _, c := range text.Components() {
		opened := mustOpen(t, c.Info.Name, map[string]string{"template": `{"text": "{{ .text }}"}`}[c.Info.Name])
		if _, err := opened.Convert(t.Context(), core.WAVValue([]byte("RIFF"))); core.KindOf(err) != core.ErrorUnsupported {
			t.Errorf("%s takes audio: error %v, want an unsupported error", c.Info.Name, err)
		}
	}
}

func FuzzTextConverters(f *testing.F) {
	f.Add("Please read me the code.", 3)
	f.Add("née\xff\x00 e\u0301👩‍👧", -25)
	f.Fuzz(func(t *testing.T, in string, shift int) {
		encoded := convert(t, mustOpen(t, "base64", ``), in)
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err != nil || string(decoded) != in {
			t.Errorf("base64 decodes to %q, error %v", decoded, err)
		}
		rot13 := mustOpen(t, "rot13", ``)
		if got := convert(t, rot13, convert(t, rot13, in)); got != in {
			t.Errorf("rot13 twice gives %q", got)
		}
		places := 1 + int(uint(shift)%25)
		forth := mustOpen(t, "caesar", fmt.Sprintf(`{"shift": %d}`, places))
		back := mustOpen(t, "caesar", fmt.Sprintf(`{"shift": %d}`, -places))
		if got := convert(t, back, convert(t, forth, in)); got != in {
			t.Errorf("caesar there and back gives %q", got)
		}
		if got := convert(t, mustOpen(t, "leetspeak", ``), in); len(got) != len(in) || strings.ContainsAny(got, "aeiostAEIOST") {
			t.Errorf("leetspeak gives %q", got)
		}
		checkReverse(t, in, convert(t, mustOpen(t, "reverse", ``), in))
		template := mustOpen(t, "template", `{"text": "<{{ .text }}>"}`)
		if got := convert(t, template, in); got != "<"+in+">" {
			t.Errorf("template gives %q", got)
		}
	})
}

// checkReverse checks that no byte is lost, and the exact result for texts without
// combining characters.
func checkReverse(t *testing.T, in, got string) {
	t.Helper()
	sorted := func(s string) []byte {
		b := []byte(s)
		slices.Sort(b)
		return b
	}
	if !bytes.Equal(sorted(in), sorted(got)) {
		t.Errorf("reversing %q gives other bytes: %q", in, got)
	}
	joins := func(r rune) bool { return unicode.Is(unicode.M, r) || r >= 0x200d }
	if utf8.ValidString(in) && !strings.ContainsFunc(in, joins) {
		runes := []rune(in)
		slices.Reverse(runes)
		if got != string(runes) {
			t.Errorf("reversing %q gives %q", in, got)
		}
	}
}
