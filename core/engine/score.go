package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// scorerRunner calls a trial's scorers.
type scorerRunner struct {
	trial       *plan.Trial
	definitions []plan.Scorer
	opened      map[string]core.Scorer // by their names in the campaign
	converters  *converterRunner
	components  *componentRunner
	rec         *recorder
	trace       tracing
}

// all calls every scorer of the trial for the reply to a turn. said is the
// conversation since the trial began, with the reply as its last message.
func (s *scorerRunner) all(ctx context.Context, turn int, said []core.Message, reply core.Message) []record.Score {
	transcript := transcriptOf(s.trial.SystemPrompt, s.trial.History, said)
	e := &evidence{converters: s.converters, turn: turn, reply: reply, made: map[string]judgedValues{}}
	scores := make([]record.Score, len(s.trial.Scorers))
	for i, name := range s.trial.Scorers {
		started := time.Now()
		scores[i] = s.one(ctx, name, slices.Clip(transcript), e)
		s.rec.events.observe(record.ScorerEnded{Trial: s.rec.trial, Turn: turn, Score: scores[i], Took: time.Since(started)})
	}
	return scores
}

// one calls one scorer.
func (s *scorerRunner) one(ctx context.Context, name string, transcript []core.Message, e *evidence) (score record.Score) {
	definition := scorerNamed(name, s.definitions)
	ctx, end := s.trace.step(ctx, record.Step{Kind: record.StepScore, Name: name, Turn: e.turn, Use: definition.Use, Config: definition.Config})
	defer func() { end(record.StepEnd{Kind: record.KindOf(score.Failure), Score: score.Score}) }()
	judged := e.valuesFor(ctx, definition)
	defer func() {
		for _, w := range s.rec.clean.texts(judged.warnings) {
			score.Rationale = strings.TrimPrefix(score.Rationale+"; "+w, "; ")
		}
	}()
	score = record.Score{Name: name, Judged: s.rec.clean.values(judged.values)}
	if judged.err != nil {
		return s.unjudged(score, "the value to be judged could not be converted", judged.err)
	}
	if !slices.ContainsFunc(judged.values, func(v core.Value) bool { return !isBlank(v) }) {
		score.Score = core.UnknownScore(whyNothingToJudge(definition))
		return score
	}
	given, err := s.ask(ctx, name, transcript, e.turn, judged.values)
	if err != nil {
		return s.unjudged(score, "the scorer failed", fmt.Errorf("scorer %q: %w", name, err))
	}
	given.Rationale = s.rec.clean.text(given.Rationale)
	score.Score = given
	return score
}

// ask has a scorer judge values.
func (s *scorerRunner) ask(ctx context.Context, name string, transcript []core.Message, turn int, values []core.Value) (core.Score, error) {
	call := record.Call{Kind: record.CallScore, Name: name, Turn: turn, Objective: s.trial.Objective, Values: values}
	if s.components.calls.isNeeded() {
		call.Said = digestOf(s.rec.clean.messages(transcript))
	}
	a, unanswered := s.components.run(ctx, core.KindScorer, call, func(ctx context.Context) (a record.Answer) {
		a.Score, a.Err = s.opened[name].Score(ctx, core.Evidence{Objective: s.trial.Objective, Conversation: transcript, Values: values})
		return a
	})
	if a.Err != nil {
		return core.Score{}, a.Err
	}
	if err := implausible(a.Score); err != nil {
		return core.Score{}, err
	}
	if a.Score.Type != core.ScoreUnknown && unanswered != nil {
		return core.Score{}, fmt.Errorf("the score was given without the answer of the model: %w", unanswered)
	}
	return a.Score, nil
}

// unjudged completes the score of a scorer that failed or had nothing to judge.
func (s *scorerRunner) unjudged(score record.Score, what string, err error) record.Score {
	score.Failure = s.rec.clean.failure(err)
	score.Score = core.UnknownScore(what + ": " + score.Failure.Message)
	return score
}

// implausible returns why a scorer's result is not a valid score; "" if it is.
func implausible(s core.Score) error {
	switch s.Type {
	case core.ScoreUnknown:
		return nil
	case core.ScoreTrueFalse:
		if s.Value == 0 || s.Value == 1 {
			return nil
		}
	case core.ScoreScale:
		if s.Value >= 0 && s.Value <= 1 {
			return nil
		}
	}
	return core.Errorf(core.ErrorProtocol, "a score of type %q cannot have the value %v", s.Type, s.Value)
}

func whyNothingToJudge(s plan.Scorer) string {
	if len(s.Via) == 0 {
		return fmt.Sprintf("the reply has no %s", judgedModality(s))
	}
	return fmt.Sprintf("the reply has no %s from which %s made anything", judgedModality(s), strings.Join(s.Via, ", "))
}

// digestOf returns the SHA-256 of a conversation, in hexadecimal.
func digestOf(said []core.Message) string {
	encoded, err := json.Marshal(said)
	if err != nil {
		return "" // messages always encode
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}
