package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Contact is how a target answered one message outside of a run. It holds no
// secrets.
type Contact struct {
	// Target is the target's name in the campaign.
	Target string
	// Reply is the zero value where none arrived, and has [core.FinishBroken] where
	// it broke off.
	Reply core.Reply
	// Took is the time from the message to the end of the reply, or to the failure; 0
	// where nothing was sent.
	Took time.Duration
	// Blank says that the reply has no content.
	Blank bool
	// Err is why there is no whole reply.
	Err error
}

// Greet sends one message to each target of a plan, at the same time, in
// conversations of their own, as [Run] does: within the bounds of the scope and
// the limits of each target. Its trials, converters and scorers do not matter. Of
// the Options it uses Components, Redactor and Watchers.Observer: nothing is
// recorded. Each target is opened and closed by itself, so that one that fails
// does not concern the others.
//
// Greet fails outside of the scope's window, and with the context's error where
// ctx ends. The Contacts are in the order of the plan's targets.
func Greet(ctx context.Context, p *plan.Plan, m core.Message, o Options) ([]Contact, error) {
	budget, err := limit.NewBudget(p.Bounds, p.Prices)
	if err != nil {
		return nil, err
	}
	bounded, cancel := budget.Within(ctx)
	defer cancel()
	contacts := make([]Contact, len(p.Targets))
	var asked sync.WaitGroup
	for i, t := range p.Targets {
		r := newRun(&plan.Plan{Name: p.Name, Targets: p.Targets[i : i+1]}, o, budget)
		asked.Go(func() { contacts[i] = r.greet(bounded, r.targets[t.Name], m) })
	}
	asked.Wait()
	return contacts, ctx.Err()
}

// greet sends a message to the run's one target.
func (r *run) greet(ctx context.Context, client *targetClient, m core.Message) Contact {
	defer client.limits.Close()
	defer r.components.close(r.events)
	c := Contact{Target: client.name}
	sent, err := r.ask(ctx, client, m)
	if len(sent.replies) > 0 {
		c.Reply = r.clean.reply(sent.replies[0])
		c.Blank = isBlankMessage(c.Reply.Message)
	}
	if !sent.started.IsZero() {
		c.Took = time.Since(sent.started)
	}
	switch why := r.budget.Conclude(ctx); {
	case err == nil:
	case why != "" && (errors.Is(err, limit.ErrStopped) || ctx.Err() != nil):
		err = core.Errorf(core.ErrorConfig, "the message was stopped by %s", why).WithHint("ask fewer targets, or widen the scope")
	case ctx.Err() != nil:
		err = core.Errorf(core.ErrorInterrupted, "interrupted before the reply came")
	}
	if err != nil {
		c.Err = r.clean.error(err)
	}
	return c
}

// ask opens the target, and sends it a message in a conversation that is ended in
// any case.
func (r *run) ask(ctx context.Context, client *targetClient, m core.Message) (sending, error) {
	if err := r.open(ctx); err != nil {
		return sending{}, err
	}
	open, err := client.start(ctx, core.Start{})
	if err != nil {
		return sending{}, err
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
		defer cancel()
		if err := open.End(ending); err != nil {
			r.events.warn(record.TrialInfo{}, "target %q: ending the conversation: %v", client.name, err)
		}
	}()
	return client.send(ctx, open, []core.Message{m})
}
