package conformance

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestAScoreIsOfTheTypeThatIsPromisedAndWithinItsRange(t *testing.T) {
	for _, test := range []struct {
		score    core.Score
		promised core.ScoreType
		want     string
	}{
		{core.Score{Type: core.ScoreTrueFalse, Value: 1}, core.ScoreTrueFalse, ""},
		{core.Score{Type: core.ScoreTrueFalse, Value: 0.5}, core.ScoreTrueFalse, `a score of type "true_false" cannot be 0.5`},
		{core.Score{Type: core.ScoreScale, Value: 0.5}, core.ScoreScale, ""},
		{core.Score{Type: core.ScoreScale, Value: 1}, core.ScoreScale, ""},
		{core.Score{Type: core.ScoreScale, Value: -0.1}, core.ScoreScale, `a score of type "scale" cannot be -0.1`},
		{core.Score{Type: core.ScoreScale, Value: 1.1}, core.ScoreScale, `a score of type "scale" cannot be 1.1`},
		{core.Score{Type: core.ScoreScale}, core.ScoreTrueFalse, `a score of type "scale"; it is described as giving "true_false"`},
		// A scorer may always be unable to tell, and need not promise a type.
		{core.Score{Type: core.ScoreUnknown}, core.ScoreTrueFalse, ""},
		{core.Score{Type: core.ScoreUnknown, Value: 1}, core.ScoreTrueFalse, `a score of type "" cannot be 1`},
		{core.Score{Type: core.ScoreTrueFalse}, core.ScoreUnknown, ""},
		{core.Score{Type: core.ScoreScale, Value: 0.3}, core.ScoreUnknown, ""},
	} {
		got := ""
		if err := allowed(test.score, test.promised); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v where %q is promised: %q, want %q", test.score, test.promised, got, test.want)
		}
	}
}
