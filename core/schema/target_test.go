package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

type judging struct {
	Model core.Model            `json:"model" doc:"Who judges." required:"true"`
	Spare *core.Model           `json:"spare"`
	Jury  []core.Model          `json:"jury" min:"1"`
	Named map[string]core.Model `json:"named"`
}

func TestTheTargetsThatADocumentNamesAreFound(t *testing.T) {
	s, err := schema.Of(judging{})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"model":{"type":"string","description":"Who judges.","format":"target","minLength":1}`; !strings.Contains(string(encoded), want) {
		t.Errorf("schema %s, want it to have %s", encoded, want)
	}
	parsed, err := schema.Parse(encoded)
	if err != nil {
		t.Fatal(err)
	}
	const doc = `{"model": "judge", "spare": "", "jury": ["a", "b"], "named": {"x": "c"}}`
	want := []schema.StringField{{"jury[0]", "a"}, {"jury[1]", "b"}, {"model", "judge"}, {"named.x", "c"}}
	for _, s := range []*schema.Schema{s, parsed} {
		if diff := cmp.Diff(want, s.Targets([]byte(doc))); diff != "" {
			t.Errorf("targets (-want +got):\n%s", diff)
		}
		if !s.TakesTargets() {
			t.Error("the schema does not say that it takes targets")
		}
	}
}

func TestWhetherASchemaTakesTargets(t *testing.T) {
	for name, test := range map[string]struct {
		config any
		want   bool
	}{
		"none": {struct{}{}, false},
		"a string": {struct {
			S string `json:"s"`
		}{}, false},
		"in a list": {struct {
			L []struct {
				M core.Model `json:"m"`
			} `json:"l"`
		}{}, true},
		"in a map": {struct {
			M map[string]core.Model `json:"m"`
		}{}, true},
		"nested": {struct {
			N struct {
				M core.Model `json:"m"`
			} `json:"n"`
		}{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := schema.Of(test.config)
			if err != nil || s.TakesTargets() != test.want {
				t.Errorf("%t (%v), want %t", s.TakesTargets(), err, test.want)
			}
		})
	}
}

func TestATargetIsNoSecretAndHasNoDefault(t *testing.T) {
	s, err := schema.Of(judging{})
	if err != nil {
		t.Fatal(err)
	}
	violations := s.Check([]byte(`{"model": "${JUDGE}"}`))
	if len(violations) != 1 || violations[0].Path != "model" || violations[0].Message != "a target's name with a secret in it cannot be checked" {
		t.Errorf("violations %+v", violations)
	}
	var named core.Model
	if err := named.UnmarshalText([]byte("judge")); err != nil {
		t.Fatal(err)
	}
	if _, err := schema.Of(struct {
		M core.Model `json:"m"`
	}{named}); err == nil || !strings.Contains(err.Error(), "a model has no default") {
		t.Errorf("a default model: %v, want it refused", err)
	}
}
