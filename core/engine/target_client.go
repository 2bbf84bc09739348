package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

const (
	// defaultTimeout is the time limit of a reply where the target has none.
	defaultTimeout = 2 * time.Minute
	// maxReply is the largest size of one reply, in bytes: the limit of a
	// plugin's message.
	maxReply = 64 << 20
)

// targetClient is the only way to a target of the campaign, for trials and for
// the converters and scorers that ask it. It applies the target's limits to
// requests, and the engine's to replies.
type targetClient struct {
	name      string
	component plan.Component
	// opened is the component. It is set before anything is sent.
	opened  core.Target
	timeout time.Duration // of one reply
	limits  *limit.Client
	trace   tracing
}

func newTargetClient(t plan.Target, b *limit.Budget, events reporter, trace tracing) *targetClient {
	c := &targetClient{name: t.Name, component: t.Component, timeout: defaultTimeout, trace: trace}
	if t.Limits.Timeout > 0 {
		c.timeout = t.Limits.Timeout
	}
	c.limits = limit.NewClient(t.Name, t.Limits, b, func(e record.Event) {
		if w, ok := e.(record.Warning); ok {
			w.Message = events.clean.text(w.Message)
			e = w
		}
		events.observe(e)
	})
	return c
}

// start begins a conversation. It fails with [limit.ErrStopped] where the
// budget allows no message.
func (c *targetClient) start(ctx context.Context, start core.Start) (core.Conversation, error) {
	begun := &targetConversation{}
	_, err := c.limits.Do(ctx, limit.Request{Make: func(ctx context.Context) ([]core.Reply, error) {
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		ctx, end := c.trace.step(ctx, record.Step{Kind: record.StepStart, Name: c.name, Use: c.component.Use, Config: c.component.Config})
		var err error
		begun.Conversation, err = c.opened.StartConversation(ctx, start)
		if core.KindOf(err) == core.ErrorTimeout && !saysSubject(err) { // the target has not answered at all so far
			err = core.Errorf(core.ErrorTimeout, "%w", err).About(core.SubjectReachability)
		}
		err = c.explain(ctx, "starting the conversation", core.SubjectReachability, c.timeout, err)
		end(record.StepEnd{Kind: core.KindOf(err)})
		return nil, err
	}})
	if err != nil {
		return nil, err
	}
	return begun, nil
}

// targetConversation is a conversation with a target. It records whether it
// stands: whether the target has answered in it.
type targetConversation struct {
	core.Conversation
	stands atomic.Bool
}

// sending is the result of sending messages.
type sending struct {
	// started is when they were last sent; zero where the context ended before
	// that.
	started time.Time
	// replies are those that arrived. Where sending failed, they are fewer than
	// the messages, not counting a last one that broke off.
	replies []core.Reply
}

// send sends messages with the target's time limit for each of them. It fails
// with [limit.ErrStopped] where the run's budget does not allow them.
func (c *targetClient) send(ctx context.Context, to core.Conversation, messages []core.Message) (sending, error) {
	begun, ok := to.(*targetConversation)
	if !ok {
		begun = &targetConversation{Conversation: to}
	}
	var answered []core.Reply
	request := limit.Request{Messages: messages, Standing: begun.stands.Load()}
	request.Make = func(ctx context.Context) (delivered []core.Reply, err error) {
		delivered, answered, err = c.sendOnce(ctx, begun.Conversation, messages)
		return delivered, err
	}
	reply, err := c.limits.Do(ctx, request)
	if len(reply.Replies) > 0 {
		begun.stands.Store(true)
	}
	if errors.Is(err, limit.ErrStopped) {
		return sending{}, err
	}
	s := sending{started: reply.Sent, replies: answered}
	if s.started.IsZero() && ctx.Err() == nil {
		s.started = time.Now() // the limits let nothing through in time
	}
	switch {
	case reply.Refusals == 0:
	case err != nil:
		err = fmt.Errorf("%w (the service had refused the message %s because of its limits)", err, times(reply.Refusals))
	default:
		s.replies[0].Warnings = append(slices.Clip(s.replies[0].Warnings), fmt.Sprintf(
			"the service refused the message %s because of its limits; it was sent again", times(reply.Refusals)))
	}
	return s, err
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// sendOnce sends messages once. delivered are the replies that arrived,
// answered those of them that are complete.
func (c *targetClient) sendOnce(ctx context.Context, conversation core.Conversation, messages []core.Message) (delivered, answered []core.Reply, err error) {
	within := c.timeout * time.Duration(len(messages))
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	ctx, end := c.trace.step(ctx, record.Step{Kind: record.StepSend, Name: c.name, Use: c.component.Use, Config: c.component.Config, Sent: messages})
	defer func() { end(record.StepEnd{Kind: core.KindOf(err), Replies: answered}) }()
	delivered, err = core.Deliver(ctx, conversation, messages)
	for i := range delivered {
		delivered[i].Message.Role = core.Assistant
		if e := tooLarge(delivered[i]); e != nil {
			return delivered, delivered[:i], fmt.Errorf("target %q: %w", c.name, e)
		}
	}
	if err != nil {
		return delivered, arrived(delivered), c.explain(ctx, "sending", core.SubjectAnswer, within, err)
	}
	return delivered, delivered, nil
}

// arrived returns replies without a last one that broke off before any content
// arrived.
func arrived(replies []core.Reply) []core.Reply {
	n := len(replies)
	if n == 0 || replies[n-1].Finish != core.FinishBroken {
		return replies
	}
	if slices.ContainsFunc(replies[n-1].Message.Parts, func(p core.Part) bool { return len(p.Data) > 0 }) {
		return replies
	}
	return replies[:n-1]
}

// explain names the target in an error. For a timeout it names the time limit
// and sets the subject. ctx is the context of the call, which has the time
// limit.
func (c *targetClient) explain(ctx context.Context, doing string, of core.ErrorSubject, limit time.Duration, err error) error {
	if err == nil {
		return nil
	}
	if outOfTime(ctx, err) {
		late := core.Errorf(core.ErrorTimeout, "no answer within %s", limit)
		if _, says := errors.AsType[*core.Error](err); says { // what was waited for
			late = core.Errorf(core.ErrorTimeout, "no answer within %s: %w", limit, err)
		}
		err = late.About(of).WithHint("limits.timeout of target %q is how long it may take", c.name)
	}
	return fmt.Errorf("target %q: %s: %w", c.name, doing, err)
}

// saysSubject reports whether an error has a subject.
func saysSubject(err error) bool {
	for err != nil {
		e, ok := errors.AsType[*core.Error](err)
		if !ok {
			return false
		}
		if e.Subject != "" {
			return true
		}
		err = e.Err
	}
	return false
}

// outOfTime reports whether an error is that of a call that timed out. A plugin
// ends an exchange a little before the deadline, so that it can still return
// the replies that arrived.
func outOfTime(ctx context.Context, err error) bool {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return true
	}
	deadline, ok := ctx.Deadline()
	return ok && core.KindOf(err) == core.ErrorTimeout && time.Until(deadline) < time.Second
}

// tooLarge returns an error for a reply above maxReply.
func tooLarge(r core.Reply) error {
	size := 0
	for _, p := range r.Message.Parts {
		size += len(p.Data)
	}
	if size > maxReply {
		return core.Errorf(core.ErrorProtocol, "a reply of %d bytes is larger than the %d allowed", size, maxReply)
	}
	return nil
}
