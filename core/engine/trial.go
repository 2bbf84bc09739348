package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

const (
	// endTimeout bounds the end of a conversation, also of one that was
	// interrupted.
	endTimeout = 10 * time.Second
	// workTimeout bounds one call of a converter or scorer. They may run a
	// model; one that takes longer than this hangs.
	workTimeout = 5 * time.Minute
	// defaultTimeout holds where a target has no limit of its own.
	defaultTimeout = 2 * time.Minute
	// maxReply bounds what one reply may hold, in bytes. It is as much as a
	// plugin can send in one message.
	maxReply = 64 << 20
)

// errInterrupted says that a trial ends without an outcome.
var errInterrupted = errors.New("interrupted")

// holding is one trial while it is held.
type holding struct {
	*run
	trial *plan.Trial
	// said is the conversation without the system prompt.
	said       []core.Message
	turns      int
	judgements []judgement
	usage      core.Usage
	failure    *Failure
}

// hold holds one trial from its beginning to its outcome. Its error is the
// Journal's.
func (r *run) hold(ctx context.Context, ordinal int) error {
	t := &r.plan.Trials[ordinal]
	// What happened is recorded even while the run is being interrupted.
	record := context.WithoutCancel(ctx)
	at := r.Now()
	if err := r.journal.BeginTrial(record, t, ordinal, at); err != nil {
		return err
	}
	r.observe(TrialStarted{Trial: t, At: at})
	h := &holding{run: r, trial: t}
	if err := h.converse(ctx); err != nil {
		if errors.Is(err, errInterrupted) {
			return nil
		}
		return err
	}
	result := h.result()
	if err := r.journal.EndTrial(record, t.ID, result); err != nil {
		return err
	}
	r.count(result)
	r.observe(TrialEnded{Trial: t, Result: result})
	return nil
}

// converse holds the conversation.
func (h *holding) converse(ctx context.Context) error {
	conversation, err := h.start(ctx)
	if err != nil {
		h.failure = h.failed(err)
		return interrupted(ctx)
	}
	defer h.end(ctx, conversation)
	var script strategy.Strategy = h.trial.Turns
	for {
		next, ok := script.Next(h.said)
		if !ok {
			return nil
		}
		if err := interrupted(ctx); err != nil {
			return err
		}
		done, err := h.turn(ctx, conversation, next)
		if err != nil || done {
			return err
		}
	}
}

// interrupted returns errInterrupted once ctx is cancelled.
func interrupted(ctx context.Context) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// start begins the conversation.
func (h *holding) start(ctx context.Context) (core.Conversation, error) {
	limit := h.timeout()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	target := h.components.targets[h.trial.Target]
	conversation, err := target.StartConversation(ctx, core.Start{SystemPrompt: h.trial.SystemPrompt})
	if err != nil {
		return nil, h.targetError(ctx, "starting the conversation", limit, err)
	}
	return conversation, nil
}

// turn holds one exchange and judges it. done says that the conversation is
// over.
func (h *holding) turn(ctx context.Context, conversation core.Conversation, next strategy.Turn) (done bool, err error) {
	record := context.WithoutCancel(ctx)
	turn := Turn{Index: h.turns, Started: h.Now()}
	part, failure := h.convert(ctx, next)
	if failure != nil && ctx.Err() != nil {
		return true, errInterrupted // nothing was sent
	}
	message := core.Message{Role: core.User, Parts: []core.Part{part}}
	var reply core.Reply
	if failure == nil {
		reply, failure = h.send(ctx, conversation, message)
	}
	turn.Ended = h.Now()
	turn.Sent = h.cleanMessage(message)
	switch {
	case failure == nil:
		clean := h.cleanReply(reply)
		turn.Reply = &clean
	case ctx.Err() != nil:
		turn.Failure = &Failure{Kind: KindInterrupted, Message: "the run was interrupted before the reply came"}
	default:
		turn.Failure = h.failed(failure)
	}
	h.turns++
	if err := h.journal.RecordTurn(record, h.trial.ID, turn); err != nil {
		return true, err
	}
	if turn.Failure != nil {
		h.failure = turn.Failure
		h.observe(TurnEnded{Trial: h.trial, Turn: turn})
		return true, interrupted(ctx)
	}
	h.said = append(h.said, message, reply.Message)
	return h.judgeTurn(ctx, turn, reply)
}

// judgeTurn has a recorded turn scored.
func (h *holding) judgeTurn(ctx context.Context, turn Turn, reply core.Reply) (done bool, err error) {
	h.usage = h.usage.Add(reply.Usage)
	for _, warning := range reply.Warnings {
		h.warn(h.trial, "turn %d: %s", turn.Index+1, warning)
	}
	j := h.judge(ctx, reply)
	if err := interrupted(ctx); err != nil {
		return true, err // a scorer may have been cut off
	}
	h.judgements = append(h.judgements, j)
	turn.Scores = j.scores
	if len(j.scores) > 0 {
		if err := h.journal.RecordScores(context.WithoutCancel(ctx), h.trial.ID, turn.Index, j.scores); err != nil {
			return true, err
		}
	}
	h.observe(TurnEnded{Trial: h.trial, Turn: turn})
	return h.endsWith(j), nil
}

// convert runs a turn's value through its converters. The part is as far as
// they came where one fails.
func (h *holding) convert(ctx context.Context, next strategy.Turn) (core.Part, error) {
	part := core.Part{Value: next.Value}
	for _, name := range next.Converters {
		value, err := h.convertOnce(ctx, name, part.Value)
		if err != nil {
			return part, err
		}
		if len(value.Data) == 0 { // nobody could resist that, or fail to
			return part, fmt.Errorf("converter %q: %w", name, core.Errorf(core.KindInput, "it made nothing of it"))
		}
		if part.Original == nil {
			original := next.Value
			part.Original = &original
		}
		part.Value = value
		part.Converters = append(part.Converters, name)
	}
	return part, nil
}

// convertOnce runs a value through one converter.
func (h *holding) convertOnce(ctx context.Context, name string, value core.Value) (core.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	converted, err := h.components.converters[name].Convert(ctx, value)
	if err != nil {
		return core.Value{}, fmt.Errorf("converter %q: %w", name, err)
	}
	return converted, nil
}

// send delivers a message within the target's time limit.
func (h *holding) send(ctx context.Context, conversation core.Conversation, m core.Message) (core.Reply, error) {
	limit := h.timeout()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	reply, err := conversation.Send(ctx, m)
	if err != nil {
		return core.Reply{}, h.targetError(ctx, "sending", limit, err)
	}
	size := 0
	for _, p := range reply.Message.Parts {
		size += len(p.Data)
	}
	if size > maxReply {
		return core.Reply{}, fmt.Errorf("target %q: %w", h.trial.Target,
			core.Errorf(core.KindProtocol, "a reply of %d bytes is larger than the %d allowed", size, maxReply))
	}
	reply.Message.Role = core.Assistant
	return reply, nil
}

// targetError names the target, and says so where its time was up. ctx is the
// context of the call, which carries the limit.
func (h *holding) targetError(ctx context.Context, doing string, limit time.Duration, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = core.Errorf(core.KindTimeout, "no answer within %s: %w", limit, err).
			WithHint("limits.timeout of target %q is how long it may take", h.trial.Target)
	}
	return fmt.Errorf("target %q: %s: %w", h.trial.Target, doing, err)
}

// timeout is the target's limit for one reply.
func (h *holding) timeout() time.Duration {
	for _, t := range h.plan.Targets {
		if t.Name == h.trial.Target && t.Limits.Timeout > 0 {
			return t.Limits.Timeout
		}
	}
	return defaultTimeout
}

// end releases the conversation. That it could not be released is no evidence
// for or against the target.
func (h *holding) end(ctx context.Context, conversation core.Conversation) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if err := conversation.End(ctx); err != nil {
		h.warn(h.trial, "ending the conversation: %v", err)
	}
}
