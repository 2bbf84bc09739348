package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// counterpart is a target of the campaign as everybody reaches it who talks to
// it: the trials, and the converters and scorers that use it. What is sent to it
// is held to its limits, and what it answers to ours, for all of them together.
type counterpart struct {
	*run
	name      string
	component plan.Component
	timeout   time.Duration
	retries   int
	gate      *gate
	// estimated is done once it is known that the target's usage is estimated.
	estimated sync.Once
}

func newCounterpart(r *run, t plan.Target) *counterpart {
	c := &counterpart{run: r, name: t.Name, component: t.Component, timeout: defaultTimeout, retries: t.Limits.Retries}
	if t.Limits.Timeout > 0 {
		c.timeout = t.Limits.Timeout
	}
	p := &pace{target: t.Name}
	if r.Observer != nil {
		p.observe = r.Observer.Observe
	}
	c.gate = newGate(t.Limits, p, func(format string, args ...any) {
		r.warn(record.TrialInfo{}, "target %q %s", c.name, fmt.Sprintf(format, args...))
	})
	return c
}

// start begins a conversation. It fails with errStopped where nothing may be sent
// in it.
func (c *counterpart) start(ctx context.Context, start core.Start) (core.Conversation, error) {
	if c.budget.over(c.name) {
		return nil, errStopped
	}
	var conversation core.Conversation
	_, err := c.persist(ctx, &request{start: true}, func(r *request) error {
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		ctx, end := c.step(ctx, record.Step{Kind: record.StepStart, Name: c.name, Use: c.component.Use, Config: c.component.Config})
		var err error
		defer func() { end(record.StepEnd{Kind: core.KindOf(err)}) }()
		conversation, err = c.components.targets[c.name].StartConversation(ctx, start)
		err = c.explain(ctx, "starting the conversation", c.timeout, err)
		return err
	})
	if err != nil {
		return nil, err
	}
	return conversation, nil
}

// sending is what came of sending messages.
type sending struct {
	// started is when they were sent, the last time; zero where the context ended
	// before they were.
	started time.Time
	// replies are those that came: fewer than there are messages where sending
	// failed.
	replies []core.Reply
}

// send delivers messages within the target's time limit, which each of them has.
// It fails with errStopped where the run's budget does not allow them. One that is
// sent again counts once.
func (c *counterpart) send(ctx context.Context, conversation core.Conversation, messages []core.Message) (sending, error) {
	release, err := c.budget.reserve(ctx, c.name, len(messages))
	if err != nil {
		return sending{}, err
	}
	defer release()
	var s sending
	refusals, err := c.persist(ctx, &request{messages: messages}, func(r *request) error {
		s.started = c.Now()
		var err error
		s.replies, err = c.sendOnce(ctx, conversation, messages)
		r.replies = s.replies
		return err
	})
	if s.started.IsZero() && ctx.Err() == nil {
		s.started = c.Now() // the gate let nothing through in time
	}
	switch {
	case refusals == 0:
	case err != nil:
		err = fmt.Errorf("%w (the service had refused the message %s because of its limits)", err, times(refusals))
	default:
		s.replies[0].Warnings = append(slices.Clip(s.replies[0].Warnings), fmt.Sprintf(
			"the service refused the message %s because of its limits; it was sent again", times(refusals)))
	}
	return s, err
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func (c *counterpart) sendOnce(ctx context.Context, conversation core.Conversation, messages []core.Message) (replies []core.Reply, err error) {
	limit := c.timeout * time.Duration(len(messages))
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ctx, end := c.step(ctx, record.Step{Kind: record.StepSend, Name: c.name, Use: c.component.Use, Config: c.component.Config, Sent: messages})
	defer func() { end(record.StepEnd{Kind: core.KindOf(err), Replies: replies}) }()
	replies, err = core.Deliver(ctx, conversation, messages)
	c.spend(messages, replies)
	for i := range replies {
		replies[i].Message.Role = core.Assistant
		if e := tooLarge(replies[i]); e != nil {
			return replies[:i], fmt.Errorf("target %q: %w", c.name, e)
		}
	}
	if err != nil {
		return whole(replies), c.explain(ctx, "sending", limit, err)
	}
	return replies, nil
}

// whole returns replies without the last where that broke off.
func whole(replies []core.Reply) []core.Reply {
	if n := len(replies); n > 0 && replies[n-1].Finish == core.FinishBroken {
		return replies[:n-1]
	}
	return replies
}

// spend counts what replies used, and warns once where that is not known.
func (c *counterpart) spend(sent []core.Message, replies []core.Reply) {
	if c.budget.spend(c.name, sent, replies) {
		c.estimated.Do(func() {
			c.warn(record.TrialInfo{}, "target %q does not say how many tokens it uses: the bounds of scope count an estimate", c.name)
		})
	}
}

// explain names the target in an error, and says so where its time was up. ctx is
// the context of the call, which carries the limit.
func (c *counterpart) explain(ctx context.Context, doing string, limit time.Duration, err error) error {
	if err == nil {
		return nil
	}
	if outOfTime(ctx, err) {
		err = core.Errorf(core.ErrorTimeout, "no answer within %s: %w", limit, err).
			WithHint("limits.timeout of target %q is how long it may take", c.name)
	}
	return fmt.Errorf("target %q: %s: %w", c.name, doing, err)
}

// outOfTime reports whether an error is that of a call whose time was up. A
// plugin gives an exchange up a little before that, so that it can still return
// the replies that came.
func outOfTime(ctx context.Context, err error) bool {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return true
	}
	deadline, ok := ctx.Deadline()
	return ok && core.KindOf(err) == core.ErrorTimeout && time.Until(deadline) < time.Second
}
