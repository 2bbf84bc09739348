package engine

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
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
	info  record.TrialInfo
	// said is the conversation since the trial began: without the system
	// prompt and the history.
	said []core.Message
	// asked is what the attacker's model has answered to the strategy.
	asked []strategy.Asked
	// turns counts those that are recorded.
	turns      int
	judgements []judgement
	usage      core.Usage
	failure    *record.Failure
	help       help
	// uses counts how often converters and scorers worked for each turn.
	uses map[string]int
	// before is what was said when the run was stopped, and is gone on with. It is
	// nil where the conversation begins.
	before *before
}

// hold holds one trial from its beginning to its outcome. Its error is the
// Journal's.
func (r *run) hold(ctx context.Context, ordinal int) error {
	t := &r.plan.Trials[ordinal]
	at := r.Now()
	h := &holding{run: r, trial: t, info: infoOf(t)}
	// What was recorded is read even while the run is being interrupted.
	if err := h.begin(context.WithoutCancel(ctx), ordinal, at); err != nil {
		return err
	}
	r.observe(record.TrialStarted{Trial: h.info, At: at})
	ctx, end := r.step(ctx, record.Step{Kind: record.StepTrial, Name: t.ID, Attack: t.Attack})
	if err := cmp.Or(h.converse(ctx), h.helpLost()); err != nil {
		end(record.StepEnd{Kind: core.ErrorInterrupted, Usage: h.usage})
		r.observe(record.TrialInterrupted{Trial: h.info, Took: r.Now().Sub(at)})
		if errors.Is(err, errInterrupted) {
			return nil
		}
		return err
	}
	if r.Replayer != nil {
		if err := r.Replayer.End(t.ID); err != nil {
			return Unexpected{err}
		}
	}
	result := h.result()
	end(record.StepEnd{Kind: record.KindOf(result.Failure), Outcome: result.Outcome, Usage: result.Usage})
	if err := r.journal.EndTrial(t.ID, result); err != nil {
		r.observe(record.TrialInterrupted{Trial: h.info, Took: result.Ended.Sub(at)})
		return err
	}
	r.count(result)
	r.observe(record.TrialEnded{Trial: h.info, Result: result, Took: result.Ended.Sub(at)})
	return nil
}

// converse holds the conversation.
func (h *holding) converse(ctx context.Context) error {
	if over, err := h.takeUp(ctx); err != nil || over {
		return err
	}
	conversation, err := h.start(ctx)
	if err := h.helpLost(); err != nil {
		return err
	}
	if errors.Is(err, limit.ErrStopped) {
		return errInterrupted
	}
	if err != nil {
		h.failure = h.failed(err)
		return interrupted(ctx)
	}
	defer h.end(ctx, conversation)
	for {
		next, err := h.next(ctx)
		if err != nil || len(next) == 0 {
			return err
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

// start begins the conversation with the trial's target.
func (h *holding) start(ctx context.Context) (core.Conversation, error) {
	var conversation core.Conversation = absent{}
	start := h.opening()
	a := h.call(ctx, record.Call{Kind: record.CallStart, Name: h.trial.Target, Start: start}, func() (a record.Answer) {
		conversation, a.Err = h.client().start(ctx, start)
		return a
	})
	return conversation, a.Err
}

// infoOf says which trial it is.
func infoOf(t *plan.Trial) record.TrialInfo {
	return record.TrialInfo{ID: t.ID, Attack: t.Attack, Variant: t.Variant, Row: t.Row, Number: t.Number, Target: t.Target}
}

// begin has the Journal begin the trial, unless it goes on with what is recorded.
func (h *holding) begin(ctx context.Context, ordinal int, at time.Time) error {
	if err := h.recall(ctx); err != nil || h.before != nil {
		return err
	}
	return h.journal.BeginTrial(h.cleanTrial(ordinal), at)
}

// opening is what the conversation begins with.
func (h *holding) opening() core.Start {
	start := core.Start{SystemPrompt: h.trial.SystemPrompt, History: h.trial.History}
	if h.before != nil {
		start = h.before.start
	}
	start.Seed = h.seedFor(core.KindTarget, h.trial.Target, 0, 0)
	return start
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

// client is the trial's target.
func (h *holding) client() *targetClient { return h.clients[h.trial.Target] }

// end releases the conversation. That it could not be released is no evidence
// for or against the target.
func (h *holding) end(ctx context.Context, conversation core.Conversation) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	a := h.call(ctx, record.Call{Kind: record.CallEnd, Name: h.trial.Target, Turn: h.turns}, func() record.Answer {
		return record.Answer{Err: conversation.End(ctx)}
	})
	if err := a.Err; err != nil {
		h.warn(h.info, "ending the conversation: %v", err)
	}
}
