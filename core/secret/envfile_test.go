package secret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

func TestAFileOfVariables(t *testing.T) {
	got, err := secret.ParseEnv([]byte("\uFEFF# what the staging system needs\r\n" +
		"PLAIN=value\r\n" +
		"  SPACED =  a b  # a comment\n" +
		"HASH=a#b\n" +
		"export EXPORTED=x=y=z\n" +
		"export\tTAB=1\n" +
		"exported=2\n" +
		"EMPTY=\n" +
		"NOTHING= # nothing\n" +
		"LITERAL=$HOME ${KEY} `id` \\n\n" +
		"SINGLE='a \\n $b # \"c\"' # why\n" +
		"DOUBLE=\"a\\tb \\\"c\\\" \\\\ \\$d # e\"\n" +
		"PEM=\"-----BEGIN\nabc\n-----END\n\"\n" +
		"APOSTROPHE=it's\n" +
		"\n\t\n" +
		"_LAST9=end"))
	want := map[string]string{
		"PLAIN": "value", "SPACED": "a b", "HASH": "a#b", "EXPORTED": "x=y=z", "TAB": "1", "exported": "2", "EMPTY": "", "NOTHING": "",
		"LITERAL": "$HOME ${KEY} `id` \\n", "SINGLE": `a \n $b # "c"`, "DOUBLE": "a\tb \"c\" \\ $d # e",
		"PEM": "-----BEGIN\nabc\n-----END\n", "APOSTROPHE": "it's", "_LAST9": "end",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestAWrongLineOfVariablesIsNamedAndNeverQuoted(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"no equals sign":        {"A=1\nhush", "line 2: the line is not NAME=VALUE"},
		"a name that is none":   {"A-B=hush", "line 1: the text before = is not the name of a variable"},
		"no name":               {"=hush", "line 1: the text before = is not the name of a variable"},
		"a digit first":         {"1A=hush", "line 1: the text before = is not the name of a variable"},
		"export alone":          {"export 1=hush", "line 1: the text before = is not the name of a variable"},
		"a name twice":          {"A=hush\nB=1\nexport A=hush", "line 3: A is given twice; the first is on line 1"},
		"a quote that is open":  {"B=1\nA=\"hush\nC=2\n", "line 2: the value of A begins with \" and never ends"},
		"an apostrophe":         {"A='hush", "line 1: the value of A begins with ' and never ends"},
		"a bare end":            {"A=\"\nhush\" hush\nB=1", "line 2: something follows the closing quote of the value of A"},
		"an unknown escape":     {"A=\"\n\\hush\"", "line 2: the value of A has a backslash that begins no escape"},
		"a backslash at an end": {"A=\"hush\\", "line 1: the value of A has a backslash that begins no escape\nline 1: the value of A begins with \" and never ends"},
		"two mistakes":          {"hush\nA=1\n-=hush", "line 1: the line is not NAME=VALUE\nline 3: the text before = is not the name of a variable"},
		"not UTF-8":             {"A=\xff", "line 1: the file is not UTF-8 text"},
		"a NUL":                 {"A=\x00", "line 1: the file holds a NUL character"},
		"too large":             {strings.Repeat("#", 1<<20+1), "line 1: the file is larger than 1 MiB"},
	} {
		values, err := secret.ParseEnv([]byte(test.text))
		if err == nil || err.Error() != test.want || values != nil {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
		wrong, _ := errors.AsType[secret.EnvErrors](err)
		for _, e := range wrong {
			if strings.Contains(e.Message+e.Hint, "hush") {
				t.Errorf("%s: %+v quotes the value", name, e)
			}
		}
	}
}

func FuzzEnv(f *testing.F) {
	f.Add("A=1\n# x\nexport B=\"a\\nb\"\nC='x\ny' # z", "v")
	f.Add("A=\"\\", "a\n\"b\\$")
	f.Fuzz(func(t *testing.T, text, value string) {
		values, err := secret.ParseEnv([]byte(text))
		if (err == nil) != (values != nil) {
			t.Errorf("%q: %v, %v", text, values, err)
		}
		// Whatever a value holds, quotes keep it.
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(value) + `"`
		again, err := secret.ParseEnv([]byte("X=" + quoted))
		if err == nil && again["X"] != value {
			t.Errorf("%q became %q", value, again["X"])
		}
		for n := range values {
			if strings.ContainsAny(n, " =\n#") {
				t.Errorf("a variable is named %q", n)
			}
		}
	})
}
