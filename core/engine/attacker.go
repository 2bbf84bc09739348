package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// attacker chooses the messages to the target: it follows the trial's strategy,
// and asks the attacker's model when the strategy needs a text.
type attacker struct {
	strategy strategy.Strategy
	// cut is why the strategy ended before all its turns; "" where it did not.
	cut        string
	components *componentRunner
	targets    map[string]*targetClient // the campaign's, by name
	// asked are the answers of the attacker's model to the strategy.
	asked []strategy.Asked
}

// move is the next step of the attacker.
type move struct {
	// turns are to be sent next: one, and those that are sent while the reply
	// to the one before plays. There are none where the conversation is over.
	turns []strategy.Turn
	// stopped is why the attacker has ended the conversation before all its
	// turns; "" where all were sent.
	stopped string
	// failed is why the attacker has no message; nil where it has one, or has
	// ended the conversation.
	failed error
}

// next returns the attacker's next step. said is the conversation since the
// trial began, and turn the index of the next turn. The error is why the trial
// cannot go on.
func (a *attacker) next(ctx context.Context, said []core.Message, turn int) (move, error) {
	var m move
	said = slices.Clip(said)
	for {
		step := a.strategy.Next(strategy.Past{Said: said, Asked: a.asked})
		switch {
		case step.Say != nil && (len(m.turns) == 0 || step.Say.Delivery.InterruptAfter > 0):
			m.turns = append(m.turns, *step.Say)
			said = append(said, written(*step.Say))
		case len(m.turns) > 0:
			return m, nil
		case step.Ask != nil:
			failure, err := a.ask(ctx, *step.Ask, turn)
			if err != nil || failure != nil {
				return move{failed: failure}, err
			}
		case step.Failed != nil:
			return move{failed: step.Failed}, nil
		default:
			return move{stopped: cmp.Or(step.Stopped, a.cut)}, nil
		}
	}
}

// written returns a turn as a message, before its converters.
func written(t strategy.Turn) core.Message {
	m := core.Message{Role: core.User, Delivery: t.Delivery}
	for _, p := range t.Parts {
		m.Parts = append(m.Parts, core.Part{Value: p.Value})
	}
	return m
}

// ask asks the attacker's model the strategy's question. The question is
// recorded with the trial, as components' questions to helpers are. failure is
// why there is no answer.
func (a *attacker) ask(ctx context.Context, q strategy.Question, turn int) (failure, err error) {
	if err := interrupted(ctx); err != nil {
		return nil, err
	}
	within, call := a.components.begin(ctx, core.KindStrategy, q.By, turn)
	reply, failure := askOnce(within, a.targets[q.Of], call, q)
	_ = call.end() // failure already says why the model did not answer
	if err := cmp.Or(a.components.calls.rec.failed(), interrupted(ctx)); err != nil {
		return nil, err
	}
	if failure != nil {
		return fmt.Errorf("asking the attacker for the next message: %w", failure), nil
	}
	a.asked = append(a.asked, strategy.Asked{Turn: q.Turn, Reply: reply})
	return nil, nil
}

// askOnce asks a model one question in a conversation of its own.
func askOnce(ctx context.Context, model *targetClient, by *componentCall, q strategy.Question) (core.Reply, error) {
	conversation, err := startHelper(ctx, model, by, core.Start{SystemPrompt: q.SystemPrompt})
	if err != nil {
		return core.Reply{}, err
	}
	defer func() { _ = conversation.End(context.WithoutCancel(ctx)) }() // the answer has arrived or failed, so that the error does not matter
	return conversation.Send(ctx, core.UserText(q.Text))
}
