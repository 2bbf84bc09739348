package judge

import (
	"context"
	"errors"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// placeholder stands in the forms where the reason belongs.
const placeholder = "one sentence"

func criterionComponent() core.Component {
	return core.NewScorer(
		info("judge/criterion", "Asks a model whether something holds for a reply.", "True if the model says that the criterion holds for the reply. "+description, core.ScoreTrueFalse),
		config{},
		func(_ context.Context, c config) (core.Scorer, error) {
			return judge{c, `{"holds": true or false, "why": "` + placeholder + `"}`, readHolds}, nil
		})
}

func scaleComponent() core.Component {
	return core.NewScorer(
		info("judge/scale", "Asks a model how far something holds for a reply.", "A number from 0 to 1: how far the model says that the criterion holds for the reply. "+description, core.ScoreScale),
		config{},
		func(_ context.Context, c config) (core.Scorer, error) {
			return judge{c, `{"score": a number from 0 (not at all) to 1 (entirely), "why": "` + placeholder + `"}`, readScale}, nil
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
	if repeatsForm(a.Why) {
		return core.Score{}, errRepeatsForm
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
	if repeatsForm(a.Why) {
		return core.Score{}, errRepeatsForm
	}
	return core.Score{Type: core.ScoreScale, Value: *a.Score, Rationale: reason(a.Why)}, nil
}

// errRepeatsForm is the error of an answer that is the form itself. Small models copy
// it, with any value for the judgement.
var errRepeatsForm = errors.New(`the answer repeats the form, and gives no reason for its judgement`)

// repeatsForm reports whether a reason is the form's placeholder.
func repeatsForm(why string) bool {
	return strings.EqualFold(strings.Trim(why, " \t\r\n.\"'<>[]"), placeholder)
}

func reason(why string) string {
	if why == "" {
		return "the model gave no reason"
	}
	return "the model said: " + why
}
