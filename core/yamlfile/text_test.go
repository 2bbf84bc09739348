package yamlfile_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// problemsOf returns all that is wrong with a text in every grammar, a line each.
func problemsOf(data string) string {
	f, _, _ := yamlfile.Parse([]byte(data), "the file", yamlfile.MaxFile)
	return f.Problems("f").Error()
}

func TestTheCharactersOfAFileAreThoseOfText(t *testing.T) {
	const ends, control = " ends a line in YAML, though editors do not show it", " is not allowed"
	for data, want := range map[string]string{
		"a: b\tc\nd: é\n":     "",
		"a: b\r\nc: d\r\n":    "",
		"a: \U0001F600\n":     "",
		"a: ~~ \n":            "",
		"a: b\rc: d\n":        "f:1:5: the character U+000D" + ends + ` (write "\u000D" in double quotes)`,
		"a: b\r":              "f:1:5: the character U+000D" + ends + ` (write "\u000D" in double quotes)`,
		"a: b\nc: d\u0085e\n": "f:2:5: the character U+0085" + ends + ` (write "\u0085" in double quotes)`,
		"a: é\u2028b\n":       "f:1:5: the character U+2028" + ends + ` (write "\u2028" in double quotes)`,
		"a: b\u2029":          "f:1:5: the character U+2029" + ends + ` (write "\u2029" in double quotes)`,
		"a: \x00\n":           "f:1:4: the control character U+0000" + control + ` (write "\u0000" in double quotes)`,
		"a: \x08\n":           "f:1:4: the control character U+0008" + control + ` (write "\u0008" in double quotes)`,
		"a: \x1b[0m\n":        "f:1:4: the control character U+001B" + control + ` (write "\u001B" in double quotes)`,
		"a: \x1f\n":           "f:1:4: the control character U+001F" + control + ` (write "\u001F" in double quotes)`,
		"a: \x7f\n":           "f:1:4: the control character U+007F" + control + ` (write "\u007F" in double quotes)`,
		"a: \x07\nb: \x07\n": "f:1:4: the control character U+0007" + control + ` (write "\u0007" in double quotes)` + "\n" +
			"f:2:4: the control character U+0007" + control + ` (write "\u0007" in double quotes)`,
		"a: b\nc: é\xff":             "f:2:5: not UTF-8 text (save it as UTF-8)",
		"a: \uFFFD\n":                "",
		"\xff\xfea\x00":              "f:1:1: the file is in UTF-16 (save it as UTF-8)",
		"\xfe\xff\x00a":              "f:1:1: the file is in UTF-16 (save it as UTF-8)",
		"":                           "f:1:1: the file is empty (begin with version: 1)",
		"# a comment\n":              "f:1:1: the file is empty (begin with version: 1)",
		"a: b\n---\nc: d\n":          "f:2:1: a second document; a file holds one (remove the line --- and what follows, or put it into a file of its own)",
		"a: b\n---\n---\nc: d\n":     "f:2:1: a second document; a file holds one (remove the line --- and what follows, or put it into a file of its own)",
		"a: &x b\nc: *x\n":           "f:1:4: anchors (&x) are not supported (write the value out where it is needed, and put a text that begins with \"&\" in quotes)\nf:2:4: aliases (*x) are not supported (write the value out)",
		"a: !!str 1\n":               "f:1:4: tags (!!str) are not supported (put a text that begins with \"!\" in quotes)",
		"a: 1\nb: 2\na: 3\n":         `f:3:1: key "a" appears twice; the first is on line 1`,
		"1: a\n":                     `f:1:1: a key is a text, not the number 1 (write "1", in quotes)`,
		"[a]: b\n":                   "f:1:1: a key is a word, not a list",
		"<<: {a: b}\n":               "f:1:1: merge keys (<<) are not supported (write the keys out)",
		"x: {a: 1, b: {c: 1, c: 2}}": `f:1:21: key "c" appears twice; the first is on line 1`,
	} {
		if got := problemsOf(data); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", data, got, want)
		}
	}
}

func TestATextSaysWhatIsWrongWithItAndWhatWouldBeRight(t *testing.T) {
	for written, want := range map[string]string{
		"word":       "",
		"'7'":        "",
		"2026-11-30": "",
		"7":          `it must be a text, not the number 7 (write "7", in quotes)`,
		"true":       `it must be a text, not true (write "true", in quotes)`,
		"~":          `it must be a text, not nothing (write "~", in quotes)`,
		"[a]":        `it must be a text, not a list (put a text that begins with "[" in quotes)`,
		"{a: b}":     `it must be a text, not a mapping (put a text that begins with "{" in quotes)`,
		"' '":        "it must not be empty",
	} {
		if got := readOne(t, written, func(v yamlfile.Value) { v.Text() }); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}

func TestAPlaceInATextIsOneInItsFileWhereTheTextStandsThereAsItIs(t *testing.T) {
	type position = yamlfile.Position
	at := func(line, column int) position { return position{Line: line, Column: column} }
	for name, test := range map[string]struct {
		data string
		// within are places in the text, and their places in the file.
		within map[position]position
	}{
		"a word":          {"it: abc\n", map[position]position{at(1, 1): at(1, 5), at(1, 3): at(1, 7)}},
		"in quotes":       {"it: 'abc'\n", map[position]position{at(1, 1): at(1, 6), at(1, 3): at(1, 8)}},
		"with an escape":  {`it: "a\tb"`, map[position]position{at(1, 3): at(1, 5)}},
		"a block":         {"it: |\n  é one\n    two\n\n  three\n", map[position]position{at(1, 3): at(2, 5), at(2, 1): at(3, 3), at(2, 3): at(3, 5), at(4, 5): at(5, 7)}},
		"beyond its end":  {"it: |\n  one\n", map[position]position{at(0, 1): at(1, 5), at(2, 1): at(1, 5)}},
		"a folded block":  {"it: >\n  one\n  two\n", map[position]position{at(1, 5): at(1, 5)}},
		"Windows' ends":   {"it: |\r\n  one\r\n  two\r\n", map[position]position{at(2, 2): at(3, 4)}},
		"over two lines":  {"it: one\n  two\n", map[position]position{at(1, 5): at(1, 5)}},
		"wide characters": {"ü: é\nit: 'éa'\n", map[position]position{at(1, 2): at(2, 7)}},
	} {
		f, root, ok := yamlfile.Parse([]byte(test.data), "the file", yamlfile.MaxFile)
		if !ok {
			t.Errorf("%s: %v", name, f.Problems("f"))
			continue
		}
		root.Object(
			yamlfile.Optional("ü", func(yamlfile.Value) {}),
			yamlfile.Required("it", func(v yamlfile.Value) {
				place := v.TextPlace()
				for within, want := range test.within {
					if got := place.At(within.Line, within.Column); got != want {
						t.Errorf("%s: %v is at %v, want %v", name, within, got, want)
					}
				}
			}),
		)
	}
}

func TestASyntaxErrorIsShownAtTheWordThatIsWrong(t *testing.T) {
	const upToHere = " (look at the indentation, the brackets and the quotes up to here)"
	for data, want := range map[string]string{
		"a: b: c\n":                      `f:1:4: not YAML: mapping values are not allowed in this context (put a text that contains ": " in quotes)`,
		"version: 1\nname: one: two\n":   `f:2:7: not YAML: mapping values are not allowed in this context (put a text that contains ": " in quotes)`,
		"a: 1\nb: @home\n":               "f:2:4: not YAML: found character that cannot start any token (put a text that begins with \"@\" in quotes)",
		"a: 1\nb:\n\t- x\n":              "f:3:1: not YAML: found character that cannot start any token (indent with spaces, not with tabs)",
		"a: [1, 2\nb: 3\n":               "f:1:8: not YAML: did not find expected ',' or ']'" + upToHere,
		"a: 'open\nb: 3\n":               "f:1:4: not YAML: found unexpected end of stream" + upToHere,
		"a: *nowhere\nb: 1\n":            `f:1:4: not YAML: unknown anchor 'nowhere' referenced (put a text that begins with "*" in quotes)`,
		"a:\n  - x\n y: 1\nb: 2\n":       "f:3:2: not YAML: did not find expected key" + upToHere,
		"a: 1\nb: \"\\q\"\nc: 3\nd: 4\n": "f:2:5: not YAML: found unknown escape character (in double quotes a backslash begins an escape: write \\\\ for one, or use single quotes)",
		"a: 1\nb: {x: y}}\nc: 3\n":       "f:2:10: not YAML: did not find expected key" + upToHere,
	} {
		if got := problemsOf(data); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", data, got, want)
		}
	}
}
