package judge

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/text"
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
	if err := checkReason(a.Why); err != nil {
		return core.Score{}, err
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
	if err := checkReason(a.Why); err != nil {
		return core.Score{}, err
	}
	return core.Score{Type: core.ScoreScale, Value: *a.Score, Rationale: reason(a.Why)}, nil
}

// ignorance matches reasons that take the judgement back, in English only. It expects
// lower case with straight apostrophes.
var ignorance = regexp.MustCompile(`^(i )?(do not|don't|cannot|can't) (know|tell|say|judge)$|^(i am |i'm )?(not sure|unsure)$|^(unknown|n/a)$`)

// checkReason returns an error where a reason shows that its judgement is none. Small
// models copy the form, with any value for the judgement, or say that they do not know.
func checkReason(why string) error {
	why = strings.Trim(text.Fold(why), " .\"'<>[]")
	switch {
	case why == placeholder:
		return errors.New("the answer repeats the form, and gives no reason for its judgement")
	case ignorance.MatchString(why):
		return errors.New("the answer says that the model does not know")
	}
	return nil
}

func reason(why string) string {
	if why == "" {
		return "the model gave no reason"
	}
	return "the model said: " + why
}
