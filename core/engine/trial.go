package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// said is the conversation since the trial began: without the system
	// prompt and the history.
	said []core.Message
	// turns counts those that are recorded.
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
	h := &holding{run: r, trial: t}
	if err := r.journal.BeginTrial(record, h.cleanTrial(), ordinal, at); err != nil {
		return err
	}
	r.observe(TrialStarted{Trial: t, At: at})
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
	for {
		next := h.next(h.trial.Turns)
		if len(next) == 0 {
			return nil
		}
		if err := interrupted(ctx); err != nil {
			return err
		}
		done, err := h.exchange(ctx, conversation, next)
		if err != nil || done {
			return err
		}
	}
}

// next returns the turns that are said next: one, and those that are said over
// the reply to the one before. There are none where the attacker has said all.
func (h *holding) next(s strategy.Strategy) []strategy.Turn {
	var turns []strategy.Turn
	said := slices.Clip(h.said)
	for {
		turn, ok := s.Next(said)
		if !ok || len(turns) > 0 && turn.Delivery.InterruptAfter == 0 {
			return turns
		}
		turns = append(turns, turn)
		said = append(said, written(turn))
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

// interrupted returns errInterrupted once ctx is cancelled.
func interrupted(ctx context.Context) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// start begins the conversation.
func (h *holding) start(ctx context.Context) (core.Conversation, error) {
	if err := h.pace().wait(ctx); err != nil {
		return nil, err
	}
	limit := h.timeout()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	target := h.components.targets[h.trial.Target]
	conversation, err := target.StartConversation(ctx, core.Start{SystemPrompt: h.trial.SystemPrompt, History: h.trial.History})
	if err != nil {
		h.slowDown(core.RetryAfterOf(err), "the service asks for it")
		return nil, h.targetError(ctx, "starting the conversation", limit, err)
	}
	return conversation, nil
}

// targetError names the target, and says so where its time was up. ctx is the
// context of the call, which carries the limit.
func (h *holding) targetError(ctx context.Context, doing string, limit time.Duration, err error) error {
	if outOfTime(ctx, err) {
		err = core.Errorf(core.KindTimeout, "no answer within %s: %w", limit, err).
			WithHint("limits.timeout of target %q is how long it may take", h.trial.Target)
	}
	return fmt.Errorf("target %q: %s: %w", h.trial.Target, doing, err)
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
