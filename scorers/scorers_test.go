package scorers_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	"github.com/redteam-orchestrator/orchestrator/scorers"
)

func TestMain(m *testing.M) { plugintest.Main(m, scorers.All()...) }

func TestEveryScorerConforms(t *testing.T) {
	plugintest.Test(t, scorers.All(),
		plugintest.Case{Kind: core.KindScorer, Use: "match/substring", Config: `{"any": ["blue eleven"]}`},
		plugintest.Case{Kind: core.KindScorer, Use: "match/regex", Config: `{"patterns": ["blue (11|eleven)"], "case_sensitive": true}`},
		plugintest.Case{Kind: core.KindScorer, Use: "judge/criterion", Config: `{"model": "judge", "criterion": "The reply is polite."}`},
		plugintest.Case{Kind: core.KindScorer, Use: "judge/scale", Config: `{"model": "judge"}`},
		plugintest.Case{Kind: core.KindScorer, Use: "review/person", Config: `{"look_for": "Is it polite?"}`},
	)
}
