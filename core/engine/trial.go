package engine

import (
	"context"
	"errors"
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
	help       help
	// before is what was said when the run was stopped, and is gone on with. It is
	// nil where the conversation begins.
	before *before
}

// hold holds one trial from its beginning to its outcome. Its error is the
// Journal's.
func (r *run) hold(ctx context.Context, ordinal int) error {
	t := &r.plan.Trials[ordinal]
	// What happened is recorded even while the run is being interrupted.
	record := context.WithoutCancel(ctx)
	at := r.Now()
	h := &holding{run: r, trial: t}
	if err := h.begin(record, ordinal, at); err != nil {
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
	if over, err := h.takeUp(ctx); err != nil || over {
		return err
	}
	conversation, err := h.counterpart().start(ctx, h.start())
	if errors.Is(err, errStopped) {
		return errInterrupted
	}
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

// begin has the Journal begin the trial, unless it goes on with what is recorded.
func (h *holding) begin(ctx context.Context, ordinal int, at time.Time) error {
	if err := h.recall(ctx); err != nil || h.before != nil {
		return err
	}
	return h.journal.BeginTrial(ctx, h.cleanTrial(), ordinal, at)
}

// start is what the conversation begins with.
func (h *holding) start() core.Start {
	if h.before != nil {
		return h.before.start
	}
	return core.Start{SystemPrompt: h.trial.SystemPrompt, History: h.trial.History}
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

// counterpart is the trial's target.
func (h *holding) counterpart() *counterpart { return h.counterparts[h.trial.Target] }

// end releases the conversation. That it could not be released is no evidence
// for or against the target.
func (h *holding) end(ctx context.Context, conversation core.Conversation) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if err := conversation.End(ctx); err != nil {
		h.warn(h.trial, "ending the conversation: %v", err)
	}
}
