package campaign_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// sends is a campaign with one text, without quotes, that is sent.
func sends(text string) string {
	return with("name: a\ntarget: agent\nobjective: x\nturns:\n  - user: " + text + "\nscorers: [leaked]")
}

// What YAML does not take for the text that it looks like is one problem, at its place,
// that says what to quote.
func TestATextThatNeedsQuotesIsToldSo(t *testing.T) {
	begins := func(sign string) string { return `put a text that begins with "` + sign + `" in quotes` }
	quoted := func(text string) string { return `write "` + text + `", in quotes` }
	for text, want := range map[string]string{
		"{{ .text }} foo":      `put a text with {{ … }} in quotes: "{{ … }}"`,
		"{{ .text }}":          `put {{ … }} in quotes: "{{ … }}"`,
		"say {{ .text }}: now": `put a text with {{ … }} in quotes: "{{ … }}"`,
		"!x":                   begins("!"),
		"!x y":                 begins("!"),
		"! x":                  begins("!"), // yaml.v3 drops the sign
		"!":                    begins("!"),
		"!!str x":              begins("!"),
		"@everyone":            begins("@"),
		"%s":                   begins("%"),
		"`ls`":                 begins("`"),
		"*bold* words":         begins("*"),
		"- one":                begins("-"),
		"? one":                begins("?"),
		"> quoted":             begins(">"),
		"| sh":                 begins("|"),
		", and":                begins(","),
		"} end":                begins("}"),
		"[INST] foo [/INST]":   begins("["),
		"[foo]":                begins("["),
		"{foo}":                begins("{"),
		"{foo} bar":            begins("{"),
		"&amp and":             `write the value out where it is needed, and put a text that begins with "&" in quotes`,
		"#now":                 `what follows "#" is a comment: put a text that begins with it in quotes`,
		"a: b":                 `put a text that contains ": " in quotes`,
		`"quoted" and more`:    `put the whole text in quotes: what follows the closing one is outside; a quote within is doubled in single quotes, and \" in double ones`,
		"'it's'":               `put the whole text in quotes: what follows the closing one is outside; a quote within is doubled in single quotes, and \" in double ones`,
		`"\q"`:                 `in double quotes a backslash begins an escape: write \\ for one, or use single quotes`,
		"~":                    quoted("~"),
		"null":                 quoted("null"),
		"true":                 quoted("true"),
		"1e3":                  quoted("1e3"),
		"0o17":                 quoted("0o17"),
		"0x1F":                 quoted("0x1F"),
		"007":                  quoted("007"),
		"1_000":                quoted("1_000"),
		".inf":                 quoted(".inf"),
	} {
		_, err := read(t, sends(text), nil)
		problems, _ := errors.AsType[yamlfile.Problems](err)
		if len(problems) != 1 || problems[0].Line != 12 || problems[0].Hint != want {
			t.Errorf("%s: %v\nwant one problem on line 12 with the hint %q", text, err, want)
		}
	}
}

// Each of these is the text that it looks like.
func TestATextIsWhatIsWritten(t *testing.T) {
	for _, text := range []string{
		"yes", "no", "on", "off", "NO", "y", "12:30:00", "2026-01-01", "2026-01-01 10:00:00", "<<", "=", ":)", "--- foo",
		"a\tb", "say -", "1.2.3", "1,000", "+41 44", "it's", "a#b", "a:b", "x!", "50%", "a @ b", `C:\q`, "a [b] {c}",
	} {
		c, err := read(t, sends(text), nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := c.Attacks[len(c.Attacks)-1].Turns[0].Parts[0].User.Written; got != text {
			t.Errorf("%q is sent as %q", text, got)
		}
	}
}

// In a component's configuration, too, one mistake is one problem.
func TestATextOfAComponentThatNeedsQuotesIsToldSo(t *testing.T) {
	for text, want := range map[string]string{
		"!x y":  `put a text that begins with "!" in quotes`,
		"! x":   `put a text that begins with "!" in quotes`,
		"&x y":  `write the value out where it is needed, and put a text that begins with "&" in quotes`,
		"007":   "write a number in decimal, or a text in quotes",
		"1_000": "write a number in decimal, or a text in quotes",
	} {
		source := strings.Replace(with(sound), "leaked: match/substring", "leaked: {use: match/substring, with: {any: ["+text+"]}}", 1)
		_, err := read(t, source, nil)
		problems, _ := errors.AsType[yamlfile.Problems](err)
		if len(problems) != 1 || problems[0].Hint != want || !problems[0].Alone {
			t.Errorf("%s: %v, want one problem with the hint %q, from which others follow", text, err, want)
		}
	}
}
