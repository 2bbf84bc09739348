package text_test

import (
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestWhatIsNotConvertedIsAWarning(t *testing.T) {
	const same, others = "the text stays as it was: nothing in it is converted", "letters other than A to Z stay as they are"
	for _, test := range []struct {
		name, config, in string
		want             []string
	}{
		{"rot13", ``, "hello", nil},
		{"rot13", ``, "", nil},
		{"rot13", ``, "123 – 🙂", []string{same}},
		{"rot13", ``, "café", []string{others}},
		{"caesar", ``, "привет", []string{same, others}},
		{"caesar", ``, "hello", nil},
		{"leetspeak", ``, "blue", nil},
		{"leetspeak", ``, "why", []string{same}},
		{"reverse", ``, "anna", []string{same}},
		{"reverse", ``, "ann", nil},
		{"base64", ``, "x", nil},
		{"template", `{"text": "{{ .text }}!"}`, "x", nil},
	} {
		ctx, warned := core.WithWarnings(t.Context())
		if _, err := mustOpen(t, test.name, test.config).Convert(ctx, core.TextValue(test.in)); err != nil {
			t.Fatal(err)
		}
		if got := warned.Texts(); !slices.Equal(got, test.want) {
			t.Errorf("%s of %q warns of %q, want %q", test.name, test.in, got, test.want)
		}
	}
}
