package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// named is a target whose conversations are refused with its name.
type named string

func (n named) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return nil, errors.New(string(n))
}

type juror struct {
	Model core.Model `json:"model"`
}

// Panel has a model in every place where a configuration can have one.
type panel struct {
	Judge  core.Model             `json:"judge"`
	Second *core.Model            `json:"second"`
	Jury   []juror                `json:"jury"`
	Fixed  [2]core.Model          `json:"fixed"`
	ByName map[string]core.Model  `json:"by_name"`
	Nested map[string][]juror     `json:"nested"`
	Chair  *juror                 `json:"chair"`
	Key    core.Secret            `json:"key"`
	Other  map[string]interface{} `json:"other"`
	lent
	hidden core.Model
}

type lent struct {
	Lent core.Model `json:"lent"`
}

// seat is a scorer that keeps its configuration.
type seat struct{ config panel }

func (seat) Score(context.Context, core.Evidence) (core.Score, error) { return core.Score{}, nil }

func panelComponent() core.Component {
	return core.NewScorer(core.Info{Name: "panel"}, panel{}, func(_ context.Context, c panel) (core.Scorer, error) { return seat{c}, nil })
}

func ask(m core.Model) string {
	_, err := m.StartConversation(context.Background(), core.Start{})
	return fmt.Sprint(err)
}

func TestEveryModelOfAConfigurationIsTheTargetThatItNames(t *testing.T) {
	const config = `{"judge": "a", "second": "b", "jury": [{"model": "a"}, {"model": "c"}], "fixed": ["a", ""], "by_name": {"x": "b"},
		"nested": {"y": [{"model": "c"}]}, "chair": {"model": "a"}, "lent": "c", "other": {"judge": "a"}}`
	targets := core.Targets{"a": named("target a"), "b": named("target b"), "c": named("target c")}
	opened, err := core.Open[core.Scorer](t.Context(), panelComponent().Using(targets), []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	c := opened.(seat).config
	got := []string{
		ask(c.Judge), ask(*c.Second), ask(c.Jury[0].Model), ask(c.Jury[1].Model), ask(c.Fixed[0]),
		ask(c.ByName["x"]), ask(c.Nested["y"][0].Model), ask(c.Chair.Model), ask(c.Lent),
	}
	want := []string{
		"target a", "target b", "target a", "target c", "target a",
		"target b", "target c", "target a", "target c",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	for _, none := range []core.Model{c.Fixed[1], c.hidden} {
		if !none.IsZero() || !strings.Contains(ask(none), "no model is configured") {
			t.Errorf("a model that is not given says %q", ask(none))
		}
	}
}

func TestAModelThatNoTargetStandsForIsRefusedAtItsKey(t *testing.T) {
	for _, test := range []struct {
		name, config, field, hint string
		targets                   core.Targets
	}{
		{"another target", `{"judge": "b"}`, "judge", "the targets are a, c", core.Targets{"c": named(""), "a": named("")}},
		{"no targets", `{"judge": "a"}`, "judge", "no targets are given to it", nil},
		{"in a list", `{"jury": [{"model": "a"}, {"model": "b"}]}`, "jury[1].model", "the targets are a", core.Targets{"a": named("")}},
		{"in a map", `{"by_name": {"x": "b"}}`, "by_name.x", "the targets are a", core.Targets{"a": named("")}},
		{"lent by an embedded struct", `{"lent": "b"}`, "lent", "the targets are a", core.Targets{"a": named("")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := core.Open[core.Scorer](t.Context(), panelComponent().Using(test.targets), []byte(test.config))
			e, ok := errors.AsType[*core.Error](err)
			if !ok || e.Kind != core.ErrorConfig || e.Field != test.field || e.Hint != test.hint {
				t.Errorf("error %v (%+v), want one of kind config at %q with the hint %q", err, e, test.field, test.hint)
			}
		})
	}
	_, err := core.Open[core.Scorer](t.Context(), panelComponent(), []byte(`{"judge": "a", "lent": "b"}`))
	if several, ok := errors.AsType[core.Errors](err); !ok || len(several) != 2 {
		t.Errorf("error %v, want both keys", err)
	}
}

func TestAConfigurationWithModelsIsCheckedWithoutTargets(t *testing.T) {
	if err := panelComponent().Check([]byte(`{"judge": "a", "jury": [{"model": "b"}]}`)); err != nil {
		t.Errorf("Check: %v", err)
	}
	if err := panelComponent().Check([]byte(`{"judge": 7}`)); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("a number as a model: %v, want an error of kind config", err)
	}
}

func TestAModelIsWrittenAsItsName(t *testing.T) {
	var m core.Model
	if err := json.Unmarshal([]byte(`"judge"`), &m); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(m)
	if err != nil || string(encoded) != `"judge"` || m.String() != "judge" || m.IsZero() {
		t.Errorf("%s, %v; String %q", encoded, err, m)
	}
	if got := ask(m); !strings.Contains(got, `model "judge" cannot be asked before the component is opened`) {
		t.Errorf("before it is opened it says %q", got)
	}
}
