package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

func TestASchemaSurvivesTheWire(t *testing.T) {
	before := marshal(t, derive(t))
	parsed, err := schema.Parse(before)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(marshal(t, parsed))); diff != "" {
		t.Errorf("-sent +received:\n%s", diff)
	}
	for _, test := range documents {
		if diff := cmp.Diff(test.want, parsed.Check([]byte(test.doc))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
}

func TestParseHoldsConstraintsThatOurStructsCannotState(t *testing.T) {
	s, err := schema.Parse([]byte(`{
		"$schema":"https://json-schema.org/draft/2020-12/schema", "$id":"x", "title":"T", "x-order":1, "examples":[{}],
		"type":"object", "additionalProperties":{"type":"boolean"},
		"properties":{
			"code":{"type":"string","pattern":"^[0-9]{4}$","minLength":4},
			"share":{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1},
			"kind":{"const":"fixed"},
			"level":{"enum":[1,2.0,"high",null]},
			"list":{"type":"array","minItems":1,"items":true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Check([]byte(`{"code":"1234","share":0.5,"kind":"fixed","level":2,"list":[{}],"more":true}`)); got != nil {
		t.Errorf("violations %v, want none", got)
	}
	want := []schema.Violation{
		{Path: "code", Message: "3 characters; at least 4 needed"},
		{Path: "code", Message: `"12a" does not match ^[0-9]{4}$`},
		{Path: "kind", Message: `"other" is not one of "fixed"`},
		{Path: "level", Message: `3 is not one of 1, 2.0, "high", null`},
		{Path: "list", Message: "0 entries; at least 1 needed"},
		{Path: "more", Message: "1 is not true or false"},
		{Path: "share", Message: "1 is out of range: less than 1"},
	}
	if diff := cmp.Diff(want, s.Check([]byte(`{"code":"12a","share":1,"kind":"other","level":3,"list":[],"more":1}`))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestIntegersBeyondTheReachOfFloatsCompareExactly(t *testing.T) {
	s, err := schema.Parse([]byte(`{"type":"object","properties":{"n":{"type":"integer","maximum":9007199254740992}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Check([]byte(`{"n":9007199254740993}`)); len(got) != 1 {
		t.Errorf("violations %v, want one", got)
	}
}

func TestABoundIsExcludedOrNotAsItSays(t *testing.T) {
	s, err := schema.Parse([]byte(`{"type":"object","properties":{
		"over":{"type":"number","exclusiveMinimum":0}, "under":{"type":"number","exclusiveMaximum":1},
		"least":{"type":"number","minimum":0}, "most":{"type":"number","maximum":1}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []schema.Violation{
		{Path: "over", Message: "0 is out of range: more than 0"},
		{Path: "under", Message: "1 is out of range: less than 1"},
	}
	if diff := cmp.Diff(want, s.Check([]byte(`{"over":0,"under":1,"least":0,"most":1}`))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAReferenceInAChoiceOfOneCannotBeChecked(t *testing.T) {
	s, err := schema.Parse([]byte(`{"type":"object","properties":{"law":{"type":"string","enum":["mu"]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := s.Check([]byte(`{"law":"${LAW}"}`))
	if len(got) != 1 || got[0].Path != "law" || got[0].Message != "a choice with a secret in it cannot be checked" {
		t.Errorf("violations %+v", got)
	}
}

func TestASchemaMayBeAMebibyteLarge(t *testing.T) {
	const before, behind = `{"type":"object","title":"`, `"}`
	whole := before + strings.Repeat("x", 1<<20-len(before+behind)) + behind
	if _, err := schema.Parse([]byte(whole)); err != nil {
		t.Errorf("a schema of %d bytes: %v", len(whole), err)
	}
	if _, err := schema.Parse([]byte(whole + " ")); err == nil {
		t.Error("a schema of a byte more is taken")
	}
}

func TestParseRefusesWhatItCannotHold(t *testing.T) {
	tests := map[string]struct{ schema, want string }{
		"not JSON":                     {`{`, "reading the schema"},
		"not an object":                {`[]`, "not a JSON object"},
		"two documents":                {`{"type":"object"} {}`, "more than one JSON value"},
		"a configuration of no object": {`{"type":"string"}`, `its type is not "object"`},
		"no type":                      {`{}`, `its type is not "object"`},
		"an unknown keyword":           {`{"type":"object","properties":{"a":{"anyOf":[]}}}`, `the schema of a uses the keyword "anyOf"`},
		"an unknown keyword in a list": {`{"type":"object","properties":{"a":{"items":{"$ref":"#"}}}}`, `the schema of a[] uses the keyword "$ref"`},
		"an unknown type":              {`{"type":"object","properties":{"a":{"type":"null"}}}`, `the schema of a: type "null" is not supported`},
		"several types":                {`{"type":["object","null"]}`, `keyword "type"`},
		"a pattern that is none":       {`{"type":"object","properties":{"a":{"pattern":"("}}}`, "error parsing regexp"},
		"a bound that is no number":    {`{"type":"object","properties":{"a":{"minimum":"x"}}}`, `keyword "minimum"`},
		"a keyword twice":              {`{"type":"object","type":"object"}`, `key "type" appears twice`},
		"what can never be met":        {`{"type":"object","required":["a"],"additionalProperties":false}`, `requires "a", which it does not allow`},
		"absurd depth":                 {`{"type":"object","properties":` + strings.Repeat(`{"a":{"properties":`, 40) + `{}` + strings.Repeat(`}}`, 40) + `}`, "nested more than 32 deep"},
		"absurd size":                  {`{"type":"object","title":"` + strings.Repeat("x", 1<<20) + `"}`, "larger than"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := schema.Parse([]byte(test.schema))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestNearestFindsWhatWasMeant(t *testing.T) {
	known := []string{"endpoint", "voice", "api_key", "use", "on", "concurrency"}
	for name, want := range map[string]string{
		"voise":                      "voice",
		"vioce":                      "voice",
		"Voice":                      "voice",
		"api-key":                    "api_key",
		"apikey":                     "api_key",
		"concurency":                 "concurrency",
		"endpoints":                  "endpoint",
		"us":                         "use",
		"temperature":                "",
		"x":                          "",
		"":                           "",
		strings.Repeat("voice", 100): "",
	} {
		if got := schema.Nearest(name, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzParseAndCheck(f *testing.F) {
	f.Add(marshal(f, derive(f)), []byte(documents[0].doc))
	f.Add([]byte(`{"type":"object","properties":{"a":{"type":"number","minimum":1e400}}}`), []byte(`{"a":1e999999999}`))
	f.Add([]byte(`{"type":"object","additionalProperties":{"enum":[null,{}]}}`), []byte(`{"":""}`))
	f.Fuzz(func(t *testing.T, data, doc []byte) {
		s, err := schema.Parse(data)
		if err != nil {
			return
		}
		s.Check(doc)
		s.Strings(doc, "uri")
		encoded, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("a schema that parses does not encode: %v", err)
		}
		again, err := schema.Parse(encoded)
		if err != nil {
			t.Fatalf("parsing %s again: %v", encoded, err)
		}
		if diff := cmp.Diff(s.Check(doc), again.Check(doc)); diff != "" {
			t.Errorf("the schema changed on the wire:\n%s", diff)
		}
	})
}
