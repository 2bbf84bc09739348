package judge

import (
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func criterionComponent() core.Component {
	return core.NewScorer(
		info("judge/criterion", "Asks a model whether something holds for a reply.", "True if the model says that the criterion holds for the reply. "+description, core.ScoreTrueFalse),
		config{},
		func(_ context.Context, c config) (core.Scorer, error) {
			return judge{c, `{"holds": true or false, "why": "one sentence"}`, readHolds}, nil
		})
}

func scaleComponent() core.Component {
	return core.NewScorer(
		info("judge/scale", "Asks a model how far something holds for a reply.", "A number from 0 to 1: how far the model says that the criterion holds for the reply. "+description, core.ScoreScale),
		config{},
		func(_ context.Context, c config) (core.Scorer, error) {
			return judge{c, `{"score": a number from 0 (not at all) to 1 (entirely), "why": "one sentence"}`, readScale}, nil
		})
}

// readHolds reads whether the criterion holds.
func readHolds(answer string) (core.Score, error) {
	var a struct {
		Holds *bool  `json:"holds"`
		Why   string `json:"why"`
	}
	if err := core.DecodeAnswer(answer, &a); err != nil {
		return core.Score{}, err
	}
	if a.Holds == nil {
		return core.Score{}, errors.New(`the answer lacks the key "holds"`)
	}
	return core.BoolScore(*a.Holds, reason(a.Why)), nil
}

// readScale reads how far the criterion holds.
func readScale(answer string) (core.Score, error) {
	var a struct {
		Score *float64 `json:"score"`
		Why   string   `json:"why"`
	}
	if err := core.DecodeAnswer(answer, &a); err != nil {
		return core.Score{}, err
	}
	if a.Score == nil || *a.Score < 0 || *a.Score > 1 {
		return core.Score{}, errors.New(`the answer needs the key "score" with a number from 0 to 1`)
	}
	return core.Score{Type: core.ScoreScale, Value: *a.Score, Rationale: reason(a.Why)}, nil
}

func reason(why string) string {
	if why == "" {
		return "the model gave no reason"
	}
	return "the model said: " + why
}
