package scorers_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	"github.com/redteam-orchestrator/orchestrator/scorers"
)

func TestMain(m *testing.M) { plugintest.Main(m, scorers.All()...) }

func TestEveryScorerConforms(t *testing.T) {
	evidence := core.Evidence{Values: []core.Value{core.TextValue("The code is blue eleven.")}}
	cases := map[string]plugintest.ScorerCase{
		"match/substring": {Config: `{"any": ["blue eleven"]}`, Evidence: evidence},
		"match/regex":     {Config: `{"patterns": ["blue (11|eleven)"]}`, Evidence: evidence},
		"match/refusal":   {Evidence: evidence},
	}
	all := scorers.All()
	plugintest.Each(t, all, func(t *testing.T, s plugintest.Source) {
		for _, c := range all {
			t.Run(c.Info.Name, func(t *testing.T) {
				test, ok := cases[c.Info.Name]
				if !ok {
					t.Fatal("there is no case for this scorer")
				}
				test.Use = c.Info.Name
				plugintest.TestScorer(t, s, test)
			})
		}
	})
}
