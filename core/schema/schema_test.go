package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// voice uses everything that a config struct may hold.
type voice struct {
	Endpoint string                 `json:"endpoint" required:"true" format:"uri" doc:"Base URL of the service."`
	Key      core.Secret            `json:"api_key" doc:"API key of the service."`
	Timeout  core.Duration          `json:"timeout" min:"1s" max:"10m" doc:"For one reply."`
	Audio    audio                  `json:"audio" doc:"What is sent and asked for."`
	Tools    []tool                 `json:"tools" max:"2"`
	Headers  map[string]core.Secret `json:"headers"`
	Hidden   string                 `json:"-"`
	retrying
	Pattern string   `json:"pattern" format:"regex"`
	Words   []string `json:"words" enum:"please,now"`
	Extra   any      `json:"extra"`
	state   int
}

type audio struct {
	Voice string  `json:"voice" enum:"alloy,echo"`
	Rate  int     `json:"rate" min:"8000" max:"48000"`
	Gain  float64 `json:"gain"`
	Mono  bool    `json:"mono"`
}

type tool struct {
	Name string `json:"name" required:"true" max:"8"`
	Port uint16 `json:"port"`
	Max  *int8  `json:"max"`
}

type retrying struct {
	Retries int `json:"retries" min:"0"`
}

func derive(t testing.TB) *schema.Schema {
	t.Helper()
	s, err := schema.Of(&voice{
		Timeout:  core.Duration(30 * time.Second),
		Key:      "a default that must not show",
		Audio:    audio{Voice: "alloy", Rate: 24000},
		retrying: retrying{Retries: 2},
		state:    1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func marshal(t testing.TB, s *schema.Schema) []byte {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOfWritesTheSchemaOfAStructWithItsDefaults(t *testing.T) {
	var got bytes.Buffer
	if err := json.Indent(&got, marshal(t, derive(t)), "", "  "); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "voice.json")
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("-want +got (-update rewrites it):\n%s", diff)
	}
}

func TestAnEmbeddedStructWithANameIsAnObjectOfItsOwn(t *testing.T) {
	type Rate struct {
		Rate int `json:"rate"`
	}
	s, err := schema.Of(struct {
		Rate `json:"limit"`
	}{})
	if err != nil {
		t.Fatal(err)
	}
	for document, wrong := range map[string]int{`{"limit":{"rate":1}}`: 0, `{"rate":1}`: 1} {
		if got := s.Check([]byte(document)); len(got) != wrong {
			t.Errorf("%s: %v, want %d violations", document, got, wrong)
		}
	}
}

func TestAStructMayStandInSeveralPlacesOfAConfiguration(t *testing.T) {
	type end struct {
		Host string `json:"host"`
	}
	type leg struct {
		From end `json:"from"`
		To   end `json:"to"`
	}
	s, err := schema.Of(struct {
		First  leg   `json:"first"`
		Second leg   `json:"second"`
		More   []leg `json:"more"`
	}{})
	if err != nil {
		t.Fatal(err)
	}
	for document, wrong := range map[string]int{
		`{"first":{"from":{"host":"a"},"to":{"host":"b"}},"second":{"to":{"host":"c"}},"more":[{"to":{"host":"d"}}]}`: 0,
		`{"first":{"to":{"port":1}},"second":{"from":{"port":1},"to":{"port":1}},"more":[{"to":{"port":1}}]}`:         4,
	} {
		if got := s.Check([]byte(document)); len(got) != wrong {
			t.Errorf("%s: %v, want %d violations", document, got, wrong)
		}
	}
}

func TestOfRefusesWhatConfigurationCannotExpress(t *testing.T) {
	type recursive struct {
		Next *recursive `json:"next"`
	}
	tests := map[string]struct {
		config any
		want   string
	}{
		"not a struct":             {"text", "a configuration is a struct, not string"},
		"nil":                      {nil, "a configuration is a struct, not <nil>"},
		"no json name":             {struct{ Voice string }{}, "field Voice has no json name"},
		"no json name of a struct": {struct{ Audio audio }{}, "field Audio has no json name"},
		"a channel": {struct {
			C chan int `json:"c"`
		}{}, "field C: chan int has no form"},
		"nanoseconds": {struct {
			D time.Duration `json:"d"`
		}{}, "use core.Duration"},
		"bytes": {struct {
			B []byte `json:"b"`
		}{}, "use a string"},
		"keys that are no text": {struct {
			M map[int]string `json:"m"`
		}{}, "the keys of a map are strings"},
		"itself": {recursive{}, "contains itself"},
		"a name twice": {struct {
			retrying
			Again int `json:"retries"`
		}{}, `a second field with the json name "retries"`},
		"min that is no number": {struct {
			N int `json:"n" min:"one"`
		}{}, `min "one": not a number`},
		"max that is no duration": {struct {
			D core.Duration `json:"d" max:"5"`
		}{}, `max "5"`},
		"max of a boolean": {struct {
			B bool `json:"b" max:"5"`
		}{}, "has no range"},
		"format of a number": {struct {
			N int `json:"n" format:"uri"`
		}{}, `format "uri" on a value of type "integer"`},
		"a variable of a number": {struct {
			N int `json:"n" env:"N"`
		}{}, `environment variable "N" for a value of type "integer"`},
		"a variable without a name": {struct {
			S string `json:"s" env:"A-B"`
		}{}, `"A-B" is not the name of an environment variable`},
		"a variable of a key that is not embedded": {struct {
			retrying `env:"tries=N"`
		}{}, `env "tries=N": there is no key "tries" in it`},
		"a variable of a number that is embedded": {struct {
			retrying `env:"retries=N"`
		}{}, `environment variable "N" for a value of type "integer"`},
		"enum of a number": {struct {
			N int `json:"n" enum:"1,2"`
		}{}, `enum "1,2" on a value of type "integer"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := schema.Of(test.config)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// documents are configurations of voice with their violations.
var documents = []struct {
	name, doc string
	want      []schema.Violation
	// ours is set if only rules of this package are violated, not JSON Schema's.
	ours bool
}{
	{name: "everything", doc: `{"endpoint":"wss://h/v1","api_key":"k","timeout":"5s","audio":{"voice":"echo","rate":8000,"gain":1.5,"mono":true},"tools":[{"name":"a","port":65535,"max":-128}],"headers":{"X":"y"},"retries":0,"pattern":"a+","words":["now"],"extra":[1,{"a":null}]}`},
	{name: "only what is required", doc: `{"endpoint":"wss://h/v1"}`},
	{name: "nothing", doc: `{}`, want: []schema.Violation{{Path: "endpoint", Message: `key "endpoint" is required`}}},
	{name: "not an object", doc: `[]`, want: []schema.Violation{{Message: "a list is not an object"}}},
	{
		name: "an unknown key", doc: `{"endpoint":"wss://h","audio":{"voise":"echo"}}`,
		want: []schema.Violation{{Path: "audio.voise", Message: `unknown key "voise"`, Hint: `did you mean "voice"?`}},
	},
	{
		name: "a key like no other", doc: `{"endpoint":"wss://h","audio":{"temperature":1}}`,
		want: []schema.Violation{{Path: "audio.temperature", Message: `unknown key "temperature"`, Hint: "its keys are voice, rate, gain, mono"}},
	},
	{
		name: "a word that is not allowed", doc: `{"endpoint":"wss://h","audio":{"voice":"aloy"}}`,
		want: []schema.Violation{{Path: "audio.voice", Message: `"aloy" is not one of "alloy", "echo"`, Hint: `did you mean "alloy"?`}},
	},
	{
		name: "a number out of range", doc: `{"endpoint":"wss://h","audio":{"rate":7999}}`,
		want: []schema.Violation{{Path: "audio.rate", Message: "7999 is out of range: at least 8000"}},
	},
	{
		name: "a number too large for its type", doc: `{"endpoint":"wss://h","tools":[{"name":"a","port":65536}]}`,
		want: []schema.Violation{{Path: "tools[0].port", Message: "65536 is out of range: at most 65535"}},
	},
	{
		name: "a fraction for a whole number", doc: `{"endpoint":"wss://h","retries":1.5}`,
		want: []schema.Violation{{Path: "retries", Message: "1.5 is not a whole number"}},
	},
	{
		name: "a whole number written as a fraction", doc: `{"endpoint":"wss://h","retries":1.0}`, ours: true,
		want: []schema.Violation{{Path: "retries", Message: "1.0 is not a whole number"}},
	},
	{
		name: "a number beyond 64 bits", doc: `{"endpoint":"wss://h","retries":18446744073709551616}`, ours: true,
		want: []schema.Violation{{Path: "retries", Message: "18446744073709551616 is not a whole number"}},
	},
	{
		name: "a number for a text", doc: `{"endpoint":8}`,
		want: []schema.Violation{{Path: "endpoint", Message: "8 is not a string", Hint: `write "8", in quotes`}},
	},
	{
		name: "a text for a list", doc: `{"endpoint":"wss://h","words":"now"}`,
		want: []schema.Violation{{Path: "words", Message: `"now" is not a list`, Hint: `write ["now"]`}},
	},
	{
		name: "null", doc: `{"endpoint":"wss://h","retries":null}`,
		want: []schema.Violation{{Path: "retries", Message: "null is not a whole number", Hint: "leave the key out to keep its default"}},
	},
	{
		name: "an empty text that is required", doc: `{"endpoint":""}`,
		want: []schema.Violation{{Path: "endpoint", Message: "must not be empty"}},
	},
	{name: "a text of the greatest length", doc: `{"endpoint":"wss://h","tools":[{"name":"äöüäöüäö"}]}`},
	{
		name: "a text too long", doc: `{"endpoint":"wss://h","tools":[{"name":"äöüäöüäöü"}]}`,
		want: []schema.Violation{{Path: "tools[0].name", Message: "9 characters; at most 8 allowed"}},
	},
	{
		name: "a list too long", doc: `{"endpoint":"wss://h","tools":[{"name":"a"},{"name":"b"},{"name":"c"}]}`,
		want: []schema.Violation{{Path: "tools", Message: "3 entries; at most 2 allowed"}},
	},
	{
		name: "a required key of an entry", doc: `{"endpoint":"wss://h","tools":[{"name":"a"},{}]}`,
		want: []schema.Violation{{Path: "tools[1].name", Message: `key "name" is required`}},
	},
	{
		name: "not a URL", doc: `{"endpoint":"localhost"}`, ours: true,
		want: []schema.Violation{{Path: "endpoint", Message: `"localhost" is not a URL`, Hint: "write it in full, such as https://host/path"}},
	},
	{
		name: "not a duration", doc: `{"endpoint":"wss://h","timeout":"60"}`, ours: true,
		want: []schema.Violation{{Path: "timeout", Message: `"60" is not a duration`, Hint: "such as 500ms, 30s or 2m"}},
	},
	{
		name: "a duration out of range", doc: `{"endpoint":"wss://h","timeout":"11m"}`, ours: true,
		want: []schema.Violation{{Path: "timeout", Message: "11m is out of range: at most 10m"}},
	},
	{
		name: "not a regular expression", doc: `{"endpoint":"wss://h","pattern":"("}`, ours: true,
		want: []schema.Violation{{Path: "pattern", Message: "not a regular expression: error parsing regexp: missing closing ): `(`", Hint: "the syntax is RE2's"}},
	},
	{
		name: "a secret of the wrong type is not shown", doc: `{"endpoint":"wss://h","api_key":12345678}`,
		want: []schema.Violation{{Path: "api_key", Message: "the secret is not a string", Secret: true}},
	},
	{
		name: "several at once, in the order of the keys", doc: `{"audio":{"mono":"yes"},"retry":1}`,
		want: []schema.Violation{
			{Path: "endpoint", Message: `key "endpoint" is required`},
			{Path: "audio.mono", Message: `"yes" is not true or false`},
			{Path: "retry", Message: `unknown key "retry"`, Hint: "its keys are endpoint, api_key, timeout, audio, tools, headers, retries, pattern, words, extra"},
		},
	},
}

func TestCheckFindsEverythingThatIsWrong(t *testing.T) {
	s := derive(t)
	for _, test := range documents {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, s.Check([]byte(test.doc))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAStandardValidatorAgrees(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(marshal(t, derive(t))))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("voice.json", document); err != nil {
		t.Fatal(err)
	}
	standard, err := compiler.Compile("voice.json")
	if err != nil {
		t.Fatalf("the derived schema is not a JSON Schema: %v", err)
	}
	for _, test := range documents {
		t.Run(test.name, func(t *testing.T) {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(test.doc))
			if err != nil {
				t.Fatal(err)
			}
			err = standard.Validate(value)
			if wantValid := len(test.want) == 0 || test.ours; (err == nil) != wantValid {
				t.Errorf("the standard validator says %v, want valid = %v", err, wantValid)
			}
		})
	}
}

func TestReferencesToSecretsStandForValuesThatAreNotKnownYet(t *testing.T) {
	s := derive(t)
	if got := s.Check([]byte(`{"endpoint":"wss://h","api_key":"${KEY}","headers":{"A":"${A}"},"pattern":"(${P}"}`)); got != nil {
		t.Errorf("violations %v, want none", got)
	}
}

func TestAddressesChoicesAndDurationsAreNoSecrets(t *testing.T) {
	const hint = "write it out; keep secrets in the keys that are meant for them"
	want := []schema.Violation{
		{Path: "audio.voice", Message: "a choice with a secret in it cannot be checked", Hint: hint},
		{Path: "endpoint", Message: "an address with a secret in it cannot be checked", Hint: "write it out; give the secret as api_key or headers, as ${NAME}: addresses end up in logs and records"},
		{Path: "retries", Message: `"${N}" is not a whole number`, Hint: "only strings can refer to secrets"},
		{Path: "timeout", Message: "a duration with a secret in it cannot be checked", Hint: hint},
	}
	got := derive(t).Check([]byte(`{"endpoint":"${URL}","timeout":"${T}","retries":"${N}","audio":{"voice":"${VOICE}"}}`))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCheckTakesAnEmptyDocumentForAnEmptyObject(t *testing.T) {
	if got := derive(t).Check(nil); len(got) != 1 || got[0].Path != "endpoint" {
		t.Errorf("violations %v, want only the one of the key that is required", got)
	}
}

func TestCheckReportsWhatIsNotJSON(t *testing.T) {
	for _, doc := range []string{`{`, `{} {}`, `nonsense`} {
		if got := derive(t).Check([]byte(doc)); len(got) != 1 || !strings.Contains(got[0].Message, "not a JSON document") {
			t.Errorf("%s: violations %v, want that it is no JSON", doc, got)
		}
	}
}

func TestStringsListsTheURLsOfADocument(t *testing.T) {
	s, err := schema.Parse([]byte(`{"type":"object","properties":{
		"endpoint":{"type":"string","format":"uri"},
		"name":{"type":"string"},
		"mirrors":{"type":"array","items":{"type":"object","properties":{"url":{"type":"string","format":"uri"}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := s.Strings([]byte(`{"endpoint":"https://a","name":"https://b","mirrors":[{"url":"https://c"},{"url":"${D}"},{"url":5}]}`), "uri")
	want := []schema.StringField{{"endpoint", "https://a"}, {"mirrors[0].url", "https://c"}, {"mirrors[1].url", "${D}"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSecretsListsWhatMustNotBeShown(t *testing.T) {
	s, err := schema.Parse([]byte(`{"type":"object","properties":{
		"key":{"type":"string","writeOnly":true},
		"token":{"type":"string","format":"password"},
		"name":{"type":"string"},
		"headers":{"type":"object","additionalProperties":{"type":"string","writeOnly":true}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := s.Secrets([]byte(`{"key":"a","token":"b","name":"c","headers":{"X":"d"}}`))
	want := []schema.StringField{{"headers.X", "d"}, {"key", "a"}, {"token", "b"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestProgramsListsWhatADocumentRuns(t *testing.T) {
	type config struct {
		Command []string `json:"command" format:"command"`
		Editor  string   `json:"editor" format:"command"`
		Steps   []struct {
			Run []string `json:"run" format:"command"`
		} `json:"steps"`
		Name string `json:"name"`
	}
	s, err := schema.Of(config{})
	if err != nil {
		t.Fatal(err)
	}
	got := s.Programs([]byte(`{"command":["sh","-c","id"],"editor":"vi","steps":[{"run":["a","b"]},{"run":[]},{"run":["c"]}],"name":"n"}`))
	want := []schema.StringField{{"command", "sh"}, {"editor", "vi"}, {"steps[0].run", "a"}, {"steps[2].run", "c"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := s.Programs([]byte(`{"command":["",""],"editor":""}`)); len(got) != 0 {
		t.Errorf("programs of nothing: %v", got)
	}
}

func TestAnAddressWithCredentialsIsASecretAndNamesTheirPlace(t *testing.T) {
	want := []schema.Violation{{
		Path: "endpoint", Message: "the address holds credentials", Secret: true,
		Hint: "give the secret as api_key or headers, as ${NAME}: addresses end up in logs and records",
	}}
	if diff := cmp.Diff(want, derive(t).Check([]byte(`{"endpoint":"wss://me:hunter2@host/v1"}`))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
