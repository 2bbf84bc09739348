package review_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/scorers/review"
)

func TestAReplyIsLeftToAPerson(t *testing.T) {
	scorer, err := core.Open[core.Scorer](t.Context(), review.Components()[0], []byte(`{"look_for": "Is the caller insulted?"}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := scorer.Score(t.Context(), core.Evidence{Values: []core.Value{core.TextValue("Blue eleven.")}})
	if want := core.UnknownScore("a person has to judge: Is the caller insulted?"); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
