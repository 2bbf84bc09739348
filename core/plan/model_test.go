package plan_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// judgeConfig names targets of the campaign.
type judgeConfig struct {
	Model core.Model   `json:"model"`
	Jury  []core.Model `json:"jury"`
}

// judging is a catalog with components that use targets of the campaign.
func judging(t testing.TB) plan.Catalog {
	nothing := errors.New("a plan opens nothing")
	return offer{t, append(catalog(t).(offer).components,
		core.NewScorer(core.Info{Name: "judge", In: text, Scores: core.ScoreTrueFalse}, judgeConfig{},
			func(context.Context, judgeConfig) (core.Scorer, error) { return nil, nothing }),
		core.NewConverter(core.Info{Name: "rephrase", In: text, Out: text}, judgeConfig{},
			func(context.Context, judgeConfig) (core.Converter, error) { return nil, nothing }),
		core.NewTarget(core.Info{Name: "proxy", In: text, Out: text}, judgeConfig{},
			func(context.Context, judgeConfig) (core.Target, error) { return nil, nothing }),
	)}
}

// judged is a campaign with two scorers, of which only the first is used, and a
// converter.
func judged(scorer, converter, target string) string {
	return fmt.Sprintf(`version: 1
name: judged
targets:
  agent: {use: realtime, with: {endpoint: "ws://localhost:9000/v1"}}
  judge: {use: chat, with: {endpoint: "http://127.0.0.1:8080"}}
  spare: {use: chat, with: {endpoint: "http://127.0.0.2:8080"}}
  third: %s
scorers:
  leaked: {use: judge, with: %s}
  unused: {use: judge, with: {model: spare}}
converters:
  reword: {use: rephrase, with: %s}
attacks:
  - {name: a, target: agent, objective: o, turns: [{user: hi, converters: [reword]}], scorers: [leaked]}
`, target, scorer, converter)
}

const plain = `{use: chat, with: {endpoint: "http://127.0.0.3:8080"}}`

func TestATargetThatAUsedComponentNamesIsUsed(t *testing.T) {
	for name, test := range map[string]struct {
		scorer, converter string
		want              []string
	}{
		"by nobody":             {`{}`, `{}`, []string{"agent"}},
		"by a scorer":           {`{model: judge}`, `{}`, []string{"agent", "judge"}},
		"by a converter":        {`{}`, `{model: third}`, []string{"agent", "third"}},
		"in a list":             {`{jury: [third, judge]}`, `{}`, []string{"agent", "judge", "third"}},
		"the attacked one, too": {`{model: agent}`, `{}`, []string{"agent"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := plan.New(read(t, judged(test.scorer, test.converter, plain)), judging(t), plan.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, target := range p.Targets {
				got = append(got, target.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
			if hosts := len(p.Needs().Hosts); hosts != len(test.want) {
				t.Errorf("needs %d hosts (%v), want those of %v", hosts, p.Needs().Hosts, test.want)
			}
		})
	}
}

func TestATargetThatAComponentNamesIsOneOfTheCampaign(t *testing.T) {
	for name, test := range map[string]struct{ scorer, target, want string }{
		"a typing mistake": {`{model: juge}`, plain, `c.yaml:9:31: scorer "leaked": model: target "juge" is not defined (did you mean "judge"?)`},
		"something else":   {`{jury: [judge, somebody]}`, plain, `c.yaml:9:45: scorer "leaked": jury[1]: target "somebody" is not defined (the campaign defines agent, judge, spare, third)`},
		"a secret":         {`{model: "${JUDGE}"}`, plain, `c.yaml:9:31: scorer "leaked": model: a target's name with a secret in it cannot be checked (write it out; keep secrets in the keys that are meant for them)`},
		"in a target":      {`{}`, `{use: proxy, with: {model: judge}}`, `c.yaml:7:30: target "third": model: a target cannot use target "judge": only converters and scorers can (leave it out)`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := plan.New(read(t, judged(test.scorer, `{}`, test.target)), judging(t), plan.Options{})
			if got := fmt.Sprint(err); got != test.want {
				t.Errorf("problems:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}
