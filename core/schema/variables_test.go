package schema_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

type login struct {
	Key    core.Secret `json:"api_key"`
	Region string      `json:"region"`
}

type service struct {
	Endpoint string `json:"endpoint" format:"uri" env:"SERVICE_ENDPOINT"`
	Model    string `json:"model" required:"true" env:"SERVICE_MODEL"`
	login    `env:"api_key=SERVICE_KEY"`
	Voice    struct {
		Name string `json:"name" env:"SERVICE_VOICE"`
	} `json:"voice"`
	Tries int `json:"tries"`
}

// variablesOf returns the variables for a document, by the schema of service and by
// the same after it went over the wire.
func variablesOf(t *testing.T, doc string) (own, received []schema.Variable) {
	t.Helper()
	s, err := schema.Of(service{Endpoint: "https://service.example"})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := schema.Parse(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return s.Variables([]byte(doc)), parsed.Variables([]byte(doc))
}

func TestASchemaWithoutVariablesIsTheSameOtherwise(t *testing.T) {
	type nested struct {
		service
		Mirrors []struct {
			Address string `json:"address" format:"uri" env:"MIRROR"`
		} `json:"mirrors"`
		ByRegion map[string]struct {
			Key core.Secret `json:"key" env:"REGION_KEY"`
		} `json:"by_region"`
	}
	s, err := schema.Of(nested{})
	if err != nil {
		t.Fatal(err)
	}
	before, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	without, err := json.Marshal(s.WithoutVariables())
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`,"x-environment":"[A-Z_]+"`).ReplaceAllString(string(before), "")
	if want == string(before) || !strings.Contains(string(before), "MIRROR") || !strings.Contains(string(before), "REGION_KEY") {
		t.Fatalf("the schema names no variables to begin with: %s", before)
	}
	if diff := cmp.Diff(want, string(without)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if after, err := json.Marshal(s); err != nil || string(after) != string(before) {
		t.Errorf("the schema itself has changed: %s, %v", after, err)
	}
}

func TestVariablesGiveTheKeysThatADocumentLeavesOut(t *testing.T) {
	endpoint := schema.Variable{Path: "endpoint", Name: "SERVICE_ENDPOINT"}
	model := schema.Variable{Path: "model", Name: "SERVICE_MODEL"}
	key := schema.Variable{Path: "api_key", Name: "SERVICE_KEY", Secret: true}
	voice := schema.Variable{Path: "voice.name", Name: "SERVICE_VOICE"}
	for doc, want := range map[string][]schema.Variable{
		``:   {endpoint, model, key, voice},
		`{}`: {endpoint, model, key, voice},
		`{"endpoint":"https://x.example","api_key":"${KEY}"}`: {model, voice},
		`{"model":"","voice":{}}`:                             {endpoint, key, voice},
		`{"model":"m","voice":{"name":"v"},"region":"eu"}`:    {endpoint, key},
		`{"voice":"loud"}`:                                    {endpoint, model, key},
		`[]`:                                                  nil,
		`{`:                                                   nil,
	} {
		own, received := variablesOf(t, doc)
		if diff := cmp.Diff(want, own); diff != "" {
			t.Errorf("%s (-want +got):\n%s", doc, diff)
		}
		if diff := cmp.Diff(own, received); diff != "" {
			t.Errorf("%s, over the wire (-sent +received):\n%s", doc, diff)
		}
	}
}

func TestAVariableThatNoStringCanHaveIsRefused(t *testing.T) {
	for name, property := range map[string]string{
		"of a number":     `{"type":"integer","x-environment":"N"}`,
		"of any value":    `{"x-environment":"N"}`,
		"no name":         `{"type":"string","x-environment":"A=B"}`,
		"not even a text": `{"type":"string","x-environment":7}`,
	} {
		_, err := schema.Parse([]byte(`{"type":"object","properties":{"key":` + property + `}}`))
		if err == nil || !strings.Contains(err.Error(), `keyword "x-environment"`) || !strings.Contains(err.Error(), "of key") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
