package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

func planOf(names ...string) *plan.Plan {
	p := &plan.Plan{Name: "demo"}
	for _, name := range names {
		p.Targets = append(p.Targets, plan.Target{Component: plan.Component{Name: name, Use: name, Config: []byte(`{"model": "m-1", "url": "https://a.example/v1?key=x"}`)}})
	}
	return p
}

func TestTheTargetsWithTheNamesAreGreeted(t *testing.T) {
	for name, test := range map[string]struct {
		names []string
		want  string
		err   string
		hint  string
	}{
		"none is all":              {nil, "agent judge", "", ""},
		"in the order of the plan": {[]string{"judge", "agent", "judge"}, "agent judge", "", ""},
		"one":                      {[]string{"judge"}, "judge", "", ""},
		"unknown":                  {[]string{"agent", "agnt"}, "", `the campaign defines no target "agnt"`, "it defines agent, judge, spare"},
		"not used":                 {[]string{"spare"}, "", `no attack uses the target "spare"`, "the attacks use agent, judge"},
	} {
		t.Run(name, func(t *testing.T) {
			whole := planOf("agent", "judge")
			p, err := greeted(whole, []string{"agent", "judge", "spare"}, test.names)
			if test.err != "" {
				if err == nil || err.Error() != test.err || core.KindOf(err) != core.ErrorConfig || core.HintOf(err) != test.hint {
					t.Errorf("error %v, hint %q", err, core.HintOf(err))
				}
				return
			}
			var got []string
			for _, target := range p.Targets {
				got = append(got, target.Name)
			}
			if err != nil || strings.Join(got, " ") != test.want || len(whole.Targets) != 2 {
				t.Errorf("%q, %v; want %s", got, err, test.want)
			}
		})
	}
}

// offered are components by the name of their target.
type offered map[string]core.Component

func (o offered) Lookup(_ core.Kind, use string) (core.Info, *schema.Schema, bool) {
	c, ok := o[use]
	if !ok {
		return core.Info{}, nil, false
	}
	s, err := schema.Of(c.Config)
	return c.Info, s, err == nil
}

func (offered) Names(core.Kind) []string { return nil }

type webConfig struct {
	Model string `json:"model" doc:"The model."`
	URL   string `json:"url" doc:"The address." format:"uri"`
}

type programConfig struct {
	Command []string `json:"command" doc:"The program." format:"command"`
}

func TestAGreetingSaysWhichModelAndWhere(t *testing.T) {
	open := func(context.Context, webConfig) (core.Target, error) { return nil, errors.New("nothing is opened") }
	catalog := offered{
		"agent": core.NewTarget(core.Info{Name: "agent", In: []core.Modality{core.Text}, Out: []core.Modality{core.Text}}, webConfig{}, open),
		"eye":   core.NewTarget(core.Info{Name: "eye", In: []core.Modality{core.Image}, Out: []core.Modality{core.Text}}, webConfig{}, open),
		"shell": core.NewTarget(core.Info{Name: "shell", In: []core.Modality{core.Text}, Out: []core.Modality{core.Text}}, programConfig{},
			func(context.Context, programConfig) (core.Target, error) { return nil, errors.New("nothing is opened") }),
	}
	p := planOf("agent", "eye", "shell")
	p.Targets[2].Config = []byte(`{"command": ["cat", "-u"], "model": {"name": "m"}}`)
	all, asked := describe(p, catalog)
	want := []Greeting{
		{Use: "agent", Model: "m-1", Place: "https://a.example/v1"},
		{Use: "eye", Model: "m-1", Place: "https://a.example/v1", Unasked: "it takes no text"},
		{Use: "shell", Place: "cat"},
	}
	for i, g := range all {
		want[i].Target = p.Targets[i].Name
		if g.Target != want[i].Target || g.Use != want[i].Use || g.Model != want[i].Model || g.Place != want[i].Place || g.Unasked != want[i].Unasked {
			t.Errorf("got  %+v\nwant %+v", g, want[i])
		}
	}
	names := func(p *plan.Plan) (all []string) {
		for _, target := range p.Targets {
			all = append(all, target.Name)
		}
		return all
	}
	if got := names(asked); !slices.Equal(got, []string{"agent", "shell"}) || len(names(p)) != 3 {
		t.Errorf("asked %q of %q", got, names(p))
	}
}

func TestNothingIsStartedForACampaignThatIsRefused(t *testing.T) {
	r := idle(t, fstest.MapFS{"demo.yaml": {Data: []byte(needsAcme)}})
	if all, err := r.Greet(t.Context(), "demo.yaml", nil); err == nil || !strings.Contains(err.Error(), `plugin "acme" ^1.0 is not installed`) || len(all) > 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := r.Greet(t.Context(), "none.yaml", nil); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("error %v", err)
	}
}
