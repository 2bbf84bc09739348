package yamlfile_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

func TestTheBoundsOfATreeAreExact(t *testing.T) {
	nested := func(depth int) string { return "a: " + strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "k%d: 1\n", i)
		}
		return b.String()
	}
	// The root, a key, the list, and its entries.
	values := func(n int) string { return "a: [" + strings.Repeat("1,", n-4) + "1]" }
	type bounded struct{ data, want string }
	tests := map[string]bounded{
		"as deep as may be":      {nested(64), ""},
		"deeper":                 {nested(65), "f:1:68: nested more than 64 deep"},
		"as many keys as may be": {keys(5_000), ""},
		"more keys":              {keys(5_001), "f:1:1: a mapping with more than 5000 keys"},
		"more values":            {values(200_001), "f:1:399999: more than 200000 values (put datasets into files of their own)"},
		"as large as may be":     {"a: 1 #" + strings.Repeat("x", yamlfile.MaxFile-6), ""},
		"larger":                 {"a: 1 #" + strings.Repeat("x", yamlfile.MaxFile-5), "f:1:1: the file is larger than 1 MiB (put long texts and datasets into files of their own)"},
	}
	if os.Getenv("ENDURANCE") != "" {
		tests["as many values"] = bounded{values(200_000), ""} // the place of "more values" says as much
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f, _, ok := yamlfile.Parse([]byte(test.data), "the file", yamlfile.MaxFile)
			if got := f.Problems("f").Error(); got != test.want || ok != (test.want == "") {
				t.Errorf("%v, %s; want %s", ok, got, test.want)
			}
		})
	}
}

func TestAReportIsSortedOnceEachAndBounded(t *testing.T) {
	var r yamlfile.Report
	at := func(line, column int) yamlfile.Position { return yamlfile.Position{Line: line, Column: column} }
	r.Problem(at(2, 1), "", "third")
	r.Problem(at(1, 5), "", "second")
	r.Problem(at(1, 5), "", "second")
	r.SecretProblem(at(1, 2), "hint", "%s", "first")
	if r.Count() != 4 {
		t.Errorf("%d problems, want 4", r.Count())
	}
	got := r.Problems("f")
	if want := "f:1:2: first (hint)\nf:1:5: second\nf:2:1: third"; got.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", got.Error(), want)
	}
	// No problem of a line with a secret may show that line.
	if got[0].Snippet([]byte("a: secret\nb")) != "" || got[1].Snippet([]byte("a: secret\nb")) != "" || got[2].Snippet([]byte("a: secret\nb")) == "" {
		t.Errorf("the line with a secret is shown, or the other is not: %+v", got)
	}
	for line := range 97 {
		r.Problem(at(10+line, 1), "", "more")
	}
	if got := r.Problems("f"); len(got) != 100 || got[99].Message != "more" {
		t.Errorf("%d problems of 100; the last is %v", len(got), got[len(got)-1])
	}
	r.Problem(at(200, 1), "", "more")
	if got := r.Problems("f"); len(got) != 101 || got[100].Error() != "f:200:1: and 1 more problems from here on" {
		t.Errorf("%d problems of 101; the last is %v", len(got), got[len(got)-1])
	}
}

func TestASyntaxErrorOfALargeFileHasTheParsersLine(t *testing.T) {
	const lines = 80_000
	f, _, ok := yamlfile.Parse([]byte(strings.Repeat("- {a: 'one', b: two}\n", lines)+"- {a: 'three}\n"), "rows", 8<<20)
	problems := f.Problems("x.yaml")
	if ok || len(problems) != 1 || problems[0].Line < lines || !strings.Contains(problems[0].Message, "not YAML") {
		t.Errorf("%v", problems)
	}
}
