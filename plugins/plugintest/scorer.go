package plugintest

import (
	"context"
	"fmt"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// ScorerCase is a scorer with evidence that it can judge.
type ScorerCase struct {
	// Use is the component's name, and Config its configuration, a JSON
	// object.
	Use, Config string
	// Targets are the targets of the campaign that Config may name.
	Targets  core.Targets
	Evidence core.Evidence
}

// TestScorer holds a scorer to core.Scorer's promises.
func TestScorer(t *testing.T, s Source, c ScorerCase) {
	t.Helper()
	s = s.Using(c.Targets)
	component(t, s, core.KindScorer, c.Use, c.Config, func(ctx context.Context, config []byte) (any, error) {
		return s.OpenScorer(ctx, c.Use, config)
	})
	info, _, _ := s.Lookup(core.KindScorer, c.Use)
	scorer, err := s.OpenScorer(t.Context(), c.Use, []byte(c.Config))
	if err != nil {
		t.Fatal(err)
	}
	defer closesTwice(t, scorer)
	score := func(e core.Evidence) func(context.Context) error {
		return func(ctx context.Context) error {
			got, err := scorer.Score(ctx, e)
			if err != nil {
				return err
			}
			return allowed(got, info.Scores)
		}
	}
	t.Run("scores concurrently", func(t *testing.T) { atOnce(t, score(c.Evidence)) })
	t.Run("honours cancellation", func(t *testing.T) { _ = promptly(t, score(c.Evidence)) })
	t.Run("never judges nothing", func(t *testing.T) {
		nothing := c.Evidence
		nothing.Values = nil
		got, err := scorer.Score(t.Context(), nothing)
		if err == nil && got.Type != core.ScoreUnknown {
			t.Errorf("without any value it says %+v, want an unknown score or an error", got)
		}
	})
}

// allowed reports what is wrong with a score.
func allowed(s core.Score, promised core.ScoreType) error {
	ok := s.Value == 0
	switch s.Type {
	case core.ScoreTrueFalse:
		ok = s.Value == 0 || s.Value == 1
	case core.ScoreScale:
		ok = s.Value >= 0 && s.Value <= 1
	}
	if !ok {
		return fmt.Errorf("a score of type %q cannot be %v", s.Type, s.Value)
	}
	if s.Type != core.ScoreUnknown && promised != core.ScoreUnknown && s.Type != promised {
		return fmt.Errorf("a score of type %q; it is described as giving %q", s.Type, promised)
	}
	return nil
}
