package yamlfile_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

func TestASnippetPointsAtTheColumn(t *testing.T) {
	wide := strings.Repeat("x", 80)
	tests := []struct {
		name, source string
		line, column int
		want         string
	}{
		{"in the middle", "a: b\n  voise: alloy\nc: d", 2, 3, "    2 |   voise: alloy\n      |   ^\n"},
		{"at the end", "a: b", 1, 5, "    1 | a: b\n      |     ^\n"},
		{"past the end", "a: b", 1, 99, "    1 | a: b\n      |     ^\n"},
		{"after wide characters", "äöü: x", 1, 6, "    1 | äöü: x\n      |      ^\n"},
		{"with Windows line ends", "a: b\r\nc: d\r\n", 2, 4, "    2 | c: d\n      |    ^\n"},
		{"with tabs", "\ta: b", 1, 2, "    1 |  a: b\n      |  ^\n"},
		{"with what would upset a terminal", "a: \x1b[31m\u202e\xff", 1, 4, "    1 | a: \uFFFD[31m\uFFFD\uFFFD\n      |    ^\n"},
		{"of a long line, at its beginning", wide + wide, 1, 1, "    1 | " + wide + wide[:20] + "…\n      | ^\n"},
		{"of a long line, at its end", wide + wide, 1, 160, "    1 | …" + wide + wide[:20] + "\n      | " + strings.Repeat(" ", 100) + "^\n"},
		{"of a long line, in the middle", wide + wide, 1, 81, "    1 | …" + wide + wide[:20] + "…\n      | " + strings.Repeat(" ", 51) + "^\n"},
		{"of a line that is not there", "a: b", 2, 1, ""},
		{"of a line with a password in an address", `a: {url: "http://me:pw@host/x", b: c}`, 1, 4, ""},
		{"of a line with a key", "a: [x, sk-abcdef0123]", 1, 4, ""},
		{"of a line with an address", "a: http://host/x@y", 1, 1, "    1 | a: http://host/x@y\n      | ^\n"},
		{"of no line", "a: b", 0, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := yamlfile.Problem{Position: yamlfile.Position{Line: test.line, Column: test.column}}
			if got := p.Snippet([]byte(test.source)); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

func TestAProblemPrintsItsPlaceAndItsHint(t *testing.T) {
	p := yamlfile.Problem{File: "c.yaml", Position: yamlfile.Position{Line: 3, Column: 5}, Message: "wrong", Hint: "right"}
	if got, want := (yamlfile.Problems{p, p}).Error(), "c.yaml:3:5: wrong (right)\nc.yaml:3:5: wrong (right)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
