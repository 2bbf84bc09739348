package secret_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// lookup knows the secrets of these tests.
func lookup(ref secret.Reference) (string, error) {
	values := map[string]string{
		"env:KEY": "k-1234", "env:OTHER": "o-5678", "env:EMPTY": "", "env:BYTES": "a\xffb",
		"env:TRICKY": "a\"b\\c\n${KEY}", "file:/run/key": "f-9999",
	}
	value, ok := values[ref.Scheme+":"+ref.Name]
	if !ok {
		return "", errors.New("not set")
	}
	return value, nil
}

func TestReferencesFindsThemWhereverStringsAre(t *testing.T) {
	got, err := secret.References([]byte(`{"a":"${KEY}","b":{"c":["x","Bearer ${KEY}-${file:/run/key}"]},"n":1,"${NOT_A_KEY}":null}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []secret.Reference{
		{Raw: "${KEY}", Scheme: "env", Name: "KEY", Path: "a"},
		{Raw: "${KEY}", Scheme: "env", Name: "KEY", Path: "b.c[1]"},
		{Raw: "${file:/run/key}", Scheme: "file", Name: "/run/key", Path: "b.c[1]"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReferencesReportsAllThatAreMalformed(t *testing.T) {
	const hint = `write ${NAME} for an environment variable, ${file:path} for a file, "$${" for a literal "${"`
	found, err := secret.References([]byte(`{"a":"${","b":["${}","${1A}","${A-B}","${vault:x}","${file:}"],"c":"${KEY}"}`))
	malformed, ok := errors.AsType[secret.SyntaxErrors](err)
	if !ok {
		t.Fatalf("error %v, want SyntaxErrors", err)
	}
	want := secret.SyntaxErrors{
		{Path: "a", Message: `"${" without a closing "}"`, Hint: `write "$${" for a literal "${"`},
		{Path: "b[0]", Message: `"${}" names no secret`, Hint: hint},
		{Path: "b[1]", Message: `"${1A}" does not name an environment variable`, Hint: hint},
		{Path: "b[2]", Message: `"${A-B}" does not name an environment variable`, Hint: hint},
		{Path: "b[3]", Message: `"${vault:x}": there is no scheme "vault"`, Hint: hint},
		{Path: "b[4]", Message: `"${file:}" does not name a file`, Hint: hint},
	}
	if diff := cmp.Diff(want, malformed); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(found) != 1 || found[0].Name != "KEY" {
		t.Errorf("found %v, want the one that is well-formed", found)
	}
}

func TestOneMalformedReferenceIsAnErrorToo(t *testing.T) {
	found, err := secret.References([]byte(`{"a":"${KEY","b":"${OTHER}"}`))
	if malformed, ok := errors.AsType[secret.SyntaxErrors](err); !ok || len(malformed) != 1 || len(found) != 1 {
		t.Errorf("found %v, error %v", found, err)
	}
}

func TestExpand(t *testing.T) {
	tests := map[string]struct {
		config, want string
		values       []string
	}{
		"fills in":                      {`{"a":"${KEY}"}`, `{"a":"k-1234"}`, []string{"k-1234"}},
		"fills in within a text":        {`{"a":"Bearer ${KEY}!"}`, `{"a":"Bearer k-1234!"}`, []string{"k-1234"}},
		"names each value once":         {`["${KEY}","${OTHER}","${KEY}"]`, `["k-1234","o-5678","k-1234"]`, []string{"k-1234", "o-5678"}},
		"reads files":                   {`["${file:/run/key}"]`, `["f-9999"]`, []string{"f-9999"}},
		"keeps numbers and order":       {`{"z":12345678901234567890,"a":1.50,"m":1e400}`, `{"z":12345678901234567890,"a":1.50,"m":1e400}`, nil},
		"keeps everything else":         {`{"a":[true,false,null,{},[]],"":""}`, `{"a":[true,false,null,{},[]],"":""}`, nil},
		"leaves keys alone":             {`{"${KEY}":1}`, `{"${KEY}":1}`, nil},
		"unescapes":                     {`["$${KEY}","$$${KEY}","a$b","$","$$"]`, `["${KEY}","$${KEY}","a$b","$","$$"]`, nil},
		"escapes values for JSON":       {`["${TRICKY}"]`, `["a\"b\\c\n${KEY}"]`, []string{"a\"b\\c\n${KEY}"}},
		"takes nothing for nothing":     {``, ``, nil},
		"takes a document that is bare": {`"${KEY}"`, `"k-1234"`, []string{"k-1234"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, values, err := secret.Expand([]byte(test.config), lookup)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("expanded to %s, want %s", got, test.want)
			}
			if diff := cmp.Diff(test.values, values); diff != "" {
				t.Errorf("values: -want +got:\n%s", diff)
			}
		})
	}
}

func TestExpandSaysWhichKeyLacksItsSecret(t *testing.T) {
	tests := map[string]struct{ config, want string }{
		"not found":       {`{"auth":{"key":"${MISSING}"}}`, "auth.key: secret ${MISSING}: not set"},
		"empty":           {`{"key":"${EMPTY}"}`, "key: secret ${EMPTY} is empty"},
		"not UTF-8":       {`{"key":"${BYTES}"}`, "key: secret ${BYTES} is not UTF-8 text"},
		"malformed":       {`{"key":"${"}`, `key: "${" without a closing "}"`},
		"all of them":     {`["${EMPTY}","${KEY}","${MISSING}"]`, "[0]: secret ${EMPTY} is empty\n[2]: secret ${MISSING}: not set"},
		"not JSON":        {`{"key":`, "reading the configuration: unexpected EOF"},
		"more than one":   {`{} {}`, "reading the configuration: more than one JSON value"},
		"absurdly nested": {strings.Repeat("[", 200), "reading the configuration: nested more than 100 deep"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, values, err := secret.Expand([]byte(test.config), lookup)
			if err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if core.KindOf(err) != core.ErrorConfig {
				t.Errorf("the error is of kind %s, want config", core.KindOf(err))
			}
			if got != nil || values != nil {
				t.Errorf("got %s and %v beside the error", got, values)
			}
		})
	}
}

func TestExpandKeepsTheHintOfTheLookup(t *testing.T) {
	_, _, err := secret.Expand([]byte(`["${KEY}"]`), func(secret.Reference) (string, error) {
		return "", core.Errorf(core.ErrorConfig, "not set").WithHint("export it")
	})
	if got := core.HintOf(err); got != "export it" {
		t.Errorf("hint %q, want that of the lookup", got)
	}
}

func FuzzExpand(f *testing.F) {
	f.Add([]byte(`{"a":"x ${KEY} $${KEY} ${file:/run/key}","b":[1.0,null,"$"]}`))
	f.Add([]byte(`{"a":"${","b":"${}"}`))
	f.Fuzz(func(t *testing.T, config []byte) {
		refs, refsErr := secret.References(config)
		expanded, values, err := secret.Expand(config, func(secret.Reference) (string, error) { return "value", nil })
		if (err == nil) != (refsErr == nil) {
			t.Fatalf("References says %v, Expand says %v", refsErr, err)
		}
		if err != nil {
			return
		}
		if len(expanded) > 0 && !json.Valid(expanded) {
			t.Errorf("expanded to %q, which is not JSON", expanded)
		}
		if (len(refs) > 0) != (len(values) == 1) {
			t.Errorf("%d references gave %d values", len(refs), len(values))
		}
	})
}
