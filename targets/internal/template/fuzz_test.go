package template

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// with returns a source of one text.
func with(text string) Source {
	return func(string) (Value, error) { return Text(text), nil }
}

func FuzzInsertion(f *testing.F) {
	for _, s := range []string{"", "plain", `"\`, "\n\r\t\x00\x7f", "\u2028\u2029\ufeff", "😀", "\xed\xa0\x80", "\xff", "$(prompt)", "</s>&amp;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		structure, err := fromJSON([]byte(`{"a":"$(prompt)","b":["x $(prompt) y"],"c":"{\"q\":$(prompt|json)}"}`))
		if err != nil {
			t.Fatal(err)
		}
		body, err := structure.Render(with(text))
		if utf8.ValidString(text) {
			var got struct {
				A, C string
				B    []string
			}
			if err != nil || json.Unmarshal([]byte(body), &got) != nil || got.A != text || got.B[0] != "x "+text+" y" {
				t.Errorf("%q arrived as %s (%v)", text, body, err)
			}
			var inner struct{ Q string }
			if json.Unmarshal([]byte(got.C), &inner) != nil || inner.Q != text {
				t.Errorf("%q arrived within a text as %s", text, got.C)
			}
		} else if err == nil && !json.Valid([]byte(body)) {
			t.Errorf("%q made %q of a JSON body", text, body)
		}
		for as, decode := range map[Escape]func(string) (string, error){AsURL: url.PathUnescape, AsForm: url.QueryUnescape} {
			b, err := Text(text).Append(nil, as)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := decode(string(b)); err != nil || got != text {
				t.Errorf("%q arrived as %q (%v)", text, got, err)
			}
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"", "$(prompt)", "a $$(b) $$$(prompt|json|url) $", "$(prompt", "$$$$(x)", "$()", "$(taken.a-b_c)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := Parse(text)
		if err != nil {
			return
		}
		if _, ok := parsed.Literal(); ok && !strings.Contains(text, "$(") {
			if got, _ := parsed.Literal(); got != text {
				t.Errorf("%q is read as %q", text, got)
			}
		}
		// What is escaped stands for itself.
		literal, _ := Parse(strings.NewReplacer("$(", "$ (").Replace(text))
		if got, ok := literal.Literal(); !ok || strings.Contains(got, "$(") {
			t.Errorf("%q has placeholders: %v", text, literal)
		}
		_, _, _ = fromText(text, "")
		_, _, _ = fromText(text, core.MediaJSON)
	})
}
