package campaign_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// first returns the first problem of a campaign as "line:column: message (hint)".
func first(t *testing.T, err error) string {
	t.Helper()
	problems, ok := errors.AsType[yamlfile.Problems](err)
	if !ok {
		t.Fatalf("error %v, want Problems", err)
	}
	return strings.TrimPrefix(problems[0].Error(), "c.yaml:")
}

func TestReadKnowsTheTrapsOfYAML(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"nothing", "", "1:1: the file is empty (begin with version: 1)"},
		{"a comment", "# nothing yet\n", "1:1: the file is empty (begin with version: 1)"},
		{"an empty document", "---\n", "1:1: the file is empty (begin with version: 1)"},
		{"a list", "- a\n", "1:1: the campaign must be a mapping, not a list"},
		{"a text", "campaign", `1:1: the campaign must be a mapping, not "campaign"`},
		{"a second document", "version: 1\n---\nversion: 1\n", "2:1: a second document; a file holds one (remove the line --- and what follows, or put it into a file of its own)"},
		{"an alias of nothing", "version: *x\n", `1:10: not YAML: unknown anchor 'x' referenced (put a text that begins with "*" in quotes)`},
		{"a colon in a text", "version: 1\ndescription: note: this\n", `2:14: not YAML: mapping values are not allowed in this context (put a text that contains ": " in quotes)`},
		{"a tab", "version: 1\nscope:\n\thosts: [a]\n", "3:1: not YAML: found character that cannot start any token (indent with spaces, not with tabs)"},
		{"a quote that never ends", "version: 1\nname: \"x\ntags: []\ntargets: {}\n", "2:7: not YAML: found unexpected end of stream (look at the indentation, the brackets and the quotes up to here)"},
		{"a bracket that never ends", "version: 1\ntags: [a, b\ntargets: {}\nscorers: {}\n", "2:11: not YAML: did not find expected ',' or ']' (look at the indentation, the brackets and the quotes up to here)"},
		{"a wrong indentation, far below where its mapping began", "version: 1\nscope:\n   hosts: [a]\n  authorization: b\n", "4:3: not YAML: did not find expected key (look at the indentation, the brackets and the quotes up to here)"},
		{"a syntax error in a second document", "version: 1\n---\n- [\n", "3:3: not YAML: did not find expected node content (look at the indentation, the brackets and the quotes up to here)"},
		{"bytes that are no UTF-8", "version: 1\nname: \xff\n", "2:7: not UTF-8 text (save it as UTF-8)"},
		{"UTF-16", "\xff\xfev\x00", "1:1: the campaign is in UTF-16 (save it as UTF-8)"},
		{"a NUL", "version: 1\nname: a\x00b\n", `2:8: the control character U+0000 is not allowed (write "\u0000" in double quotes)`},
		{"a line end that no editor shows", "version: 1\nname: a\u2028b\n", `2:8: the character U+2028 ends a line in YAML, though editors do not show it (write "\u2028" in double quotes)`},
		{"a bare carriage return", "version: 1\rname: a\n", `1:11: the character U+000D ends a line in YAML, though editors do not show it (write "\u000D" in double quotes)`},
		{"1.5 for a whole number", with(sound + "\ntrials: 1.5"), "13:13: trials must be a whole number from 1 to 100000, not the number 1.5"},
		{"010 for eight", with(sound + "\ntrials: 010"), "13:13: trials must be a whole number from 1 to 100000, not the number 010 (write it in decimal, as digits only)"},
		{"a version that YAML takes for a number", strings.Replace(with(sound), "version: 1\n", "version: 1\nplugins: {acme: 0.1}\n", 1), `2:17: plugin "acme" must be a text, not the number 0.1 (write "0.1", in quotes)`},
		{"a duplicate key", with(sound + "\nname: b"), `13:5: key "name" appears twice; the first is on line 8`},
		{"null", with(sound + "\nobjective_: \nfor_each:"), `13:5: unknown key "objective_" (did you mean "objective"?)`},
		{"a huge whole number", with(sound + "\ntrials: 99999999999999999999"), "13:13: trials must be a whole number from 1 to 100000, not the number 99999999999999999999"},
		{"a file that is too large", strings.Repeat("#", 1<<20+1), "1:1: the campaign is larger than 1 MiB (put long texts and datasets into files of their own)"},
		{"a target twice", with(strings.Replace(sound, "target: agent", "target: [agent, agent]", 1)), `9:21: target "agent" is listed twice`},
		{"no target", with(strings.Replace(sound, "target: agent", "target: []", 1)), "9:13: target must not be empty"},
		{"a target that is not there, among others", with(strings.Replace(sound, "target: agent", "target: [agent, agnt]", 1)), `9:21: target "agnt" is not defined (did you mean "agent"?)`},
		{"a mapping for targets", with(strings.Replace(sound, "target: agent", "target: {agent: 1}", 1)), "9:13: target must be the name of a target or a list of them, not a mapping (such as agent, or [agent, other])"},
		{"a number among targets", with(strings.Replace(sound, "target: agent", "target: [agent, 1]", 1)), `9:21: target[1] must be a text, not the number 1 (write "1", in quotes)`},
		{"too many trials", with(sound + "\ntrials: 100000\nvariants: [{name: a, converters: []}, {name: b, converters: []}, {name: c, converters: []}, {name: d, converters: []}, {name: e, converters: []}, {name: f, converters: []}, {name: g, converters: []}, {name: h, converters: []}, {name: i, converters: []}, {name: j, converters: []}, {name: k, converters: []}]"), "8:5: the campaign has more than 1000000 trials up to here (lower trials:, or split the campaign)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := read(t, test.source, nil)
			if got := first(t, err); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestReadTakesWhatLooksLikeATrapAndIsNone(t *testing.T) {
	windows := strings.ReplaceAll(with(sound), "\n", "\r\n")
	tests := map[string]string{
		"a byte order mark":         "\uFEFF" + with(sound),
		"Windows line ends":         windows,
		"both":                      "\uFEFF" + windows,
		"no newline at the end":     strings.TrimSpace(with(sound)),
		"document markers":          "---\n" + with(sound) + "...\n",
		"the directive of YAML 1.2": "# first\n%YAML 1.2\n---\n" + with(sound),
		"the key on:":               strings.Replace(with(sound), "leaked: match/substring", "leaked: {use: match/substring, on: audio}", 1),
		"yes as a text":             strings.Replace(with(sound), "hello}]", "yes}]", 1),
		"a date as a text":          strings.Replace(with(sound), "hello}]", "2026-11-23}]", 1),
		"escapes in a text":         strings.Replace(with(sound), "{user: hello}", `{user: "a\u0000\u2028\xff\tb"}`, 1),
		"an emoji":                  strings.Replace(with(sound), "hello}]", "👋 hello}]", 1),
		"braces without for_each":   strings.Replace(with(sound), "hello}]", `"{{ range }} {% x %}"}]`, 1),
		"JSON": `{"version": 1, "name": "json", "targets": {"agent": {"use": "realtime", "with": {"url": "http://h", "n": 1e3}}},
	"scorers": {"leaked": {"use": "match/substring"}},
	"attacks": [{"name": "a", "target": "agent", "objective": "x", "turns": [{"user": "hello"}], "scorers": ["leaked"]}]}`,
	}
	for name, source := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := read(t, source, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPositionsCountCharactersAndSurviveWindowsLineEnds(t *testing.T) {
	source := "\uFEFF" + strings.ReplaceAll(with(strings.Replace(sound, "[{user: hello}]", "[{user: äöü👋, as: adio}]", 1)), "\n", "\r\n")
	_, err := read(t, source, nil)
	if got, want := first(t, err), `11:30: as must be one of text, audio, image, not "adio" (did you mean "audio"?)`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Each of these takes a reader that decodes minutes or gigabytes; this test
// would then run into its deadline.
func TestAbsurdFilesAreRefused(t *testing.T) {
	most, deep := 1<<17, 11_000 // bytes, and levels
	if os.Getenv("ENDURANCE") != "" {
		most, deep = 1<<20, 1<<15
	}
	fill := func(s string) string { return strings.Repeat(s, most/len(s)) }
	some := func(s string) string { return strings.Repeat(s, deep) }
	var keys strings.Builder
	for i := 0; keys.Len() < most-20; i++ {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	laughs := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 40 {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), ", "))
	}
	tests := []struct{ name, source, want string }{
		{"a billion laughs", laughs, "anchors (&a0) are not supported"},
		{"an alias of itself", "version: &a [*a]\n", "anchors (&a) are not supported"},
		{"many keys", keys.String(), "a mapping with more than 5000 keys"},
		{"many values", strings.Repeat("- [{a: b, c: \"d\"}]\n", 34_000), "more than 200000 values"},
		{"deep brackets", some("["), "exceeded max depth of 10000"},
		{"deep braces", some("{"), "exceeded max depth of 10000"},
		{"deep lists", some("- "), "exceeded max depth of 10000"},
		{"deep, but not too deep for the parser", strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "nested more than 64 deep"},
		{"an endless list", "x: [" + some("a,"), "not YAML"},
		{"many comments", fill("#\n"), "the file is empty"},
		{"many documents", fill("---\n"), "the file is empty"},
		{"many syntax errors", some("a: b\n- c\n"), "not YAML"},
		{"many wrong numbers", "targets: {a: {use: b, with: {x: [" + strings.Repeat("010,", 5_000) + "]}}}\n", "010 is not a number"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := read(t, test.source, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %.300v, want one with %q", err, test.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(with(sound)))
	f.Add([]byte(with("name: b\ntarget: agent\nobjective: x\nfor_each: openers\nturns: [{user: \"{{ .text }}\"}]\nscorers: [leaked, refused]\nsuccess: |\n  leaked &&\n   !refused")))
	f.Add([]byte(with("name: v\ntarget: agent\nobjective: x\nhistory: [{user: a}]\ntool_results: {t: a}\nturns:\n- parts: [{user: a, as: text}, {silence: 1ms}, {noise: {duration: 1ms, level: -6}}]\n- {image: a, stream: true, interrupt: {after: 1s}, system_prompt: a}\nscorers: [leaked]")))
	f.Add([]byte("a: &a [*a]\n---\n"))
	f.Add([]byte("x: \"a\n  b\\\n c\"\ny: >-\n  z\n? [a]\n: !!binary b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := campaign.Read(fstest.MapFS{"c.yaml": {Data: data}}, "c.yaml", "c.yaml")
		problems, ok := errors.AsType[yamlfile.Problems](err)
		switch {
		case err != nil && !ok:
			t.Fatalf("error %v, want Problems", err)
		case err == nil && len(c.Attacks) == 0:
			t.Fatal("a campaign without attacks")
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
				t.Errorf("problem %v has no place in a file of %d lines", p, lines)
			}
			p.Snippet(data)
		}
	})
}
