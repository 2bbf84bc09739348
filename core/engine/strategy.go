package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// next returns the turns that are said next: one, and those that are said over
// the reply to the one before. There are none where the conversation is over,
// because the attacker has said all, has stopped, or has failed.
func (h *holding) next(ctx context.Context) ([]strategy.Turn, error) {
	var turns []strategy.Turn
	said := slices.Clip(h.said)
	for {
		step := h.trial.Strategy().Next(strategy.Past{Said: said, Asked: h.asked})
		switch {
		case step.Say != nil && (len(turns) == 0 || step.Say.Delivery.InterruptAfter > 0):
			turns = append(turns, *step.Say)
			said = append(said, written(*step.Say))
		case len(turns) > 0:
			return turns, nil
		case step.Ask != nil:
			if err := interrupted(ctx); err != nil {
				return nil, err
			}
			if done, err := h.ask(ctx, *step.Ask); err != nil || done {
				return nil, err
			}
		case step.Failed != nil:
			return nil, h.failUnsaid(ctx, step.Failed)
		default:
			h.stopped(cmp.Or(step.Stopped, h.trial.Cut))
			return nil, nil
		}
	}
}

// ask asks the attacker's model what the strategy wants to know, in a conversation
// that ends with the answer. What it asks is the trial's, like what components ask
// of helpers. done says that there was no answer, which ends the conversation.
func (h *holding) ask(ctx context.Context, q strategy.Question) (done bool, err error) {
	during, work := h.asks(ctx, core.KindStrategy, q.By, h.turns)
	reply, failure := askOne(during, helper{h.clients[q.Of]}, q)
	_ = work.end() // why it did not answer is failure
	if err := cmp.Or(h.helpLost(), interrupted(ctx)); err != nil {
		return true, err
	}
	if failure != nil {
		return true, h.failUnsaid(ctx, fmt.Errorf("asking the attacker for the next message: %w", failure))
	}
	h.asked = append(h.asked, strategy.Asked{Turn: q.Turn, Reply: reply})
	return false, nil
}

func askOne(ctx context.Context, of core.Target, q strategy.Question) (core.Reply, error) {
	talk, err := of.StartConversation(ctx, core.Start{SystemPrompt: q.SystemPrompt})
	if err != nil {
		return core.Reply{}, err
	}
	defer func() { _ = talk.End(context.WithoutCancel(ctx)) }() // the answer is there, or never will be
	return talk.Send(ctx, core.UserText(q.Text))
}

// failUnsaid ends the conversation with a turn for which the attacker has no
// message.
func (h *holding) failUnsaid(ctx context.Context, failure error) error {
	turn := record.Turn{Started: h.Now(), Sent: core.Message{Role: core.User}}
	if err := cmp.Or(h.recordFailed(ctx, &turn, failure), interrupted(ctx)); err != nil {
		return err
	}
	h.failWith(turn)
	return nil
}

// stopped notes that the attacker ended the conversation before it had said all
// that it was to, and why: what was not tried was not resisted. Nothing is noted
// where it has said all.
func (h *holding) stopped(why string) {
	if why == "" {
		return
	}
	open := judgement{turn: -1, reason: h.clean(why)}
	if n := len(h.judgements); n > 0 {
		if h.judgements[n-1].truth != verdict.False {
			return // it is not taken for a defence already
		}
		open.turn, open.scores = h.judgements[n-1].turn, h.judgements[n-1].scores
		h.judgements = h.judgements[:n-1]
	}
	h.judgements = append(h.judgements, open)
}
