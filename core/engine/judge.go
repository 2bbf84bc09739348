package engine

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// scoreAll asks every scorer of the trial about the reply to a turn.
func (h *holding) scoreAll(ctx context.Context, turn int, reply core.Message) []record.Score {
	said := h.evidence()
	views := views{holding: h, turn: turn, reply: reply, made: map[string]view{}}
	scores := make([]record.Score, len(h.trial.Scorers))
	for i, name := range h.trial.Scorers {
		started := h.Now()
		scores[i] = h.score(ctx, name, slices.Clip(said), &views)
		h.observe(record.ScorerEnded{Trial: h.info, Turn: turn, Score: scores[i], Took: h.Now().Sub(started)})
	}
	return scores
}

// evidence returns the conversation as scorers get it. Every scorer gets it
// after every turn, so that only the last message has its sounds and images.
func (h *holding) evidence() []core.Message {
	var said []core.Message
	if h.trial.SystemPrompt != "" {
		said = append(said, core.Message{Role: core.System, Parts: []core.Part{{Value: core.TextValue(h.trial.SystemPrompt)}}})
	}
	said = append(said, h.trial.History...)
	last := len(h.said) - 1
	for _, m := range h.said[:last] {
		said = append(said, inWords(m))
	}
	return append(said, h.said[last])
}

// inWords returns what is text in a message, and the text from which its
// sounds and images were made.
func inWords(m core.Message) core.Message {
	words := core.Message{Role: m.Role, Delivery: m.Delivery}
	for _, p := range m.Parts {
		switch {
		case isText(p.Value):
			if p.Original != nil && !isText(*p.Original) {
				p.Original = nil
			}
		case p.Original != nil && isText(*p.Original):
			p = core.Part{Value: *p.Original}
		default:
			continue
		}
		words.Parts = append(words.Parts, p)
	}
	return words
}

func isText(v core.Value) bool {
	switch v.Modality {
	case core.Text, core.ToolCall, core.ToolResult:
		return true
	}
	return false
}

// score asks one scorer.
func (h *holding) score(ctx context.Context, name string, said []core.Message, views *views) (s record.Score) {
	definition := h.scorer(name)
	ctx, end := h.step(ctx, record.Step{Kind: record.StepScore, Name: name, Turn: views.turn, Use: definition.Use, Config: definition.Config})
	defer func() { end(record.StepEnd{Kind: record.KindOf(s.Failure), Score: s.Score}) }()
	view := views.of(ctx, definition)
	s = record.Score{Name: name, Judged: h.cleanValues(view.values)}
	if view.err != nil {
		return h.unjudged(s, "what it was to judge could not be converted", view.err)
	}
	if !slices.ContainsFunc(view.values, func(v core.Value) bool { return !blank(v) }) {
		s.Score = core.UnknownScore(nothingToJudge(definition))
		return s
	}
	call := record.Call{Kind: record.CallScore, Name: name, Turn: views.turn, Objective: h.trial.Objective, Values: view.values}
	if h.watched() {
		call.Said = digestOf(h.cleanMessages(said))
	}
	a, unanswered := h.work(ctx, core.KindScorer, call, func(ctx context.Context) (a record.Answer) {
		a.Score, a.Err = h.components.scorers[name].Score(ctx, core.Evidence{
			Objective: h.trial.Objective, Conversation: said, Values: view.values,
		})
		return a
	})
	given, err := a.Score, a.Err
	if err == nil {
		err = implausible(given)
	}
	if err == nil && given.Type != core.ScoreUnknown && unanswered != nil {
		err = fmt.Errorf("it judged without the answer of its model: %w", unanswered)
	}
	if err != nil {
		return h.unjudged(s, "the scorer failed", fmt.Errorf("scorer %q: %w", name, err))
	}
	given.Rationale = h.clean(given.Rationale)
	s.Score = given
	return s
}

// scorer returns a scorer's definition. A plan holds all that it names.
func (h *holding) scorer(name string) plan.Scorer {
	i := slices.IndexFunc(h.plan.Scorers, func(s plan.Scorer) bool { return s.Name == name })
	if i < 0 {
		return plan.Scorer{Component: plan.Component{Name: name}}
	}
	return h.plan.Scorers[i]
}

// unjudged completes a score that could not be given.
func (h *holding) unjudged(s record.Score, what string, err error) record.Score {
	s.Failure = h.failed(err)
	s.Score = core.UnknownScore(what + ": " + s.Failure.Message)
	return s
}

// implausible returns why a score is none that a scorer may give.
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

// views are what scorers see of a reply, made once for each on: and via:.
type views struct {
	*holding
	turn  int
	reply core.Message
	made  map[string]view
}

// view is the values that a scorer judges, as far as the converters came.
type view struct {
	values []core.Value
	err    error
}

func (v *views) of(ctx context.Context, s plan.Scorer) view {
	key := string(onOf(s)) + "\n" + viaOf(s, "\n")
	if made, ok := v.made[key]; ok {
		return made
	}
	var made view
	for _, value := range v.values(onOf(s)) {
		if blank(value) {
			continue
		}
		for _, name := range s.Via {
			if made.err != nil {
				break
			}
			var converted core.Value
			if converted, made.err = v.convertOnce(ctx, name, v.turn, value); made.err == nil {
				value = converted
			}
		}
		made.values = append(made.values, value)
	}
	v.made[key] = made
	return made
}

// values are what the reply holds of a modality.
func (v *views) values(on core.Modality) []core.Value {
	if on == core.Audio {
		return sounds(v.reply)
	}
	return v.reply.Of(on)
}

// onOf is the modality that a scorer judges.
func onOf(s plan.Scorer) core.Modality {
	if s.On == "" {
		return core.Text
	}
	return s.On
}

func viaOf(s plan.Scorer, separator string) string {
	return strings.Join(s.Via, separator)
}

func nothingToJudge(s plan.Scorer) string {
	if len(s.Via) == 0 {
		return fmt.Sprintf("the reply has no %s", onOf(s))
	}
	return fmt.Sprintf("the reply has no %s from which %s made anything", onOf(s), viaOf(s, ", "))
}

// blank reports whether a value holds nothing that could be judged. White
// space is nothing where it is text.
func blank(v core.Value) bool {
	if v.Modality == core.Text {
		return len(bytes.TrimSpace(v.Data)) == 0
	}
	return len(v.Data) == 0
}

func blankMessage(m core.Message) bool {
	return !slices.ContainsFunc(m.Parts, func(p core.Part) bool { return !blank(p.Value) })
}
