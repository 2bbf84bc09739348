package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

// counterpart is a target of the campaign as everybody reaches it who talks to
// it: the trials, and the converters and scorers that use it. What is sent to it
// is held to its limits, and what it answers to ours, for all of them together.
type counterpart struct {
	*run
	name    string
	timeout time.Duration
	*pace
	// estimated is done once it is known that the target's usage is estimated.
	estimated sync.Once
}

func newCounterpart(r *run, t campaign.Target) *counterpart {
	c := &counterpart{run: r, name: t.Name, timeout: defaultTimeout, pace: newPace(t.Limits.Concurrency)}
	if t.Limits.Timeout > 0 {
		c.timeout = t.Limits.Timeout
	}
	return c
}

// enter returns when so many messages may be sent in one exchange, for the
// target's limits and for the run's budget, and what to call when they have been
// answered. It fails with errStopped where they are not to be sent at all, or with
// the context's error.
func (c *counterpart) enter(ctx context.Context, messages int) (leave func(), err error) {
	pass, err := c.pace.enter(ctx)
	if err != nil {
		return nil, err
	}
	release, err := c.budget.reserve(ctx, c.name, messages)
	if err != nil {
		pass()
		return nil, err
	}
	return func() { release(); pass() }, nil
}

// start begins a conversation.
func (c *counterpart) start(ctx context.Context, start core.Start) (core.Conversation, error) {
	leave, err := c.enter(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conversation, err := c.components.targets[c.name].StartConversation(ctx, start)
	if err != nil {
		c.slowDown(core.RetryAfterOf(err), "the service asks for it")
		return nil, c.explain(ctx, "starting the conversation", c.timeout, err)
	}
	return conversation, nil
}

// send delivers messages within the target's time limit, which each of them
// has. It returns the replies that came before an error with it: fewer than
// there are messages. The caller has entered.
func (c *counterpart) send(ctx context.Context, conversation core.Conversation, messages []core.Message) ([]core.Reply, error) {
	limit := c.timeout * time.Duration(len(messages))
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	replies, err := deliver(ctx, conversation, messages)
	c.spend(messages, replies)
	for i := range replies {
		c.heed(replies[i].RateLimits)
		replies[i].Message.Role = core.Assistant
		if e := tooLarge(replies[i]); e != nil {
			return replies[:i], fmt.Errorf("target %q: %w", c.name, e)
		}
	}
	if err != nil {
		c.slowDown(core.RetryAfterOf(err), "the service asks for it")
		return replies[:min(len(replies), len(messages)-1)], c.explain(ctx, "sending", limit, err)
	}
	return replies, nil
}

// spend counts what replies used, and warns once where that is not known.
func (c *counterpart) spend(sent []core.Message, replies []core.Reply) {
	if c.budget.spend(c.name, sent, replies) {
		c.estimated.Do(func() {
			c.warn(nil, "target %q does not say how many tokens it uses: the bounds of scope count an estimate", c.name)
		})
	}
}

// explain names the target in an error, and says so where its time was up. ctx is
// the context of the call, which carries the limit.
func (c *counterpart) explain(ctx context.Context, doing string, limit time.Duration, err error) error {
	if outOfTime(ctx, err) {
		err = core.Errorf(core.KindTimeout, "no answer within %s: %w", limit, err).
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
	return ok && core.KindOf(err) == core.KindTimeout && time.Until(deadline) < time.Second
}

// heed slows down where the service says that nothing is left of a limit.
func (c *counterpart) heed(limits []core.RateLimit) {
	var longest core.RateLimit
	for _, l := range limits {
		if l.Remaining <= 0 && l.Reset > longest.Reset {
			longest = l
		}
	}
	c.slowDown(longest.Reset, "the service says that nothing is left of its limit of "+longest.Name)
}

// slowDown pauses the target, and says so.
func (c *counterpart) slowDown(d time.Duration, why string) {
	if d = min(d, longestPause); d <= 0 {
		return
	}
	if longer := c.pause(d); longer >= notedPause {
		c.warn(nil, "target %q pauses for %s: %s", c.name, d.Round(time.Millisecond), why)
	}
}
