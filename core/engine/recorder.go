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

// errInterrupted says that a trial ends without an outcome.
var errInterrupted = errors.New("interrupted")

// interrupted returns errInterrupted once ctx is cancelled.
func interrupted(ctx context.Context) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// recorder keeps what happens in one trial in the Journal, and tells the Observer,
// both without secrets.
type recorder struct {
	journal Journal
	events  reporter
	clean   redaction
	trial   record.TrialInfo
	// recordsCalls says that each call of a component is recorded.
	recordsCalls bool

	// turns counts the trial's turns that are recorded, and usage is that of their
	// replies. Only the trial's own goroutine uses them.
	turns int
	usage core.Usage

	// helpers is what components ask of helpers: the only part of a trial that
	// several goroutines work on, those of a component.
	helpers helperLog
}

// helperLog counts what is recorded of helpers, and of calls.
type helperLog struct {
	// order is held while something is counted and the Journal is called, so that
	// calls and helper turns are recorded in one order, that of their indexes.
	order         sync.Mutex
	turns         int
	conversations int
	calls         int
	usage         core.Usage

	mu sync.Mutex
	// failure is why the trial cannot go on.
	failure error
}

// beginTrial records that the trial begins; ordinal is its place in the plan.
func (r *recorder) beginTrial(p *plan.Trial, ordinal int, at time.Time) error {
	return r.journal.BeginTrial(r.clean.trial(p, ordinal), at)
}

// restore counts what was recorded before the run was stopped.
func (r *recorder) restore(recorded record.RecordedTrial) {
	r.turns = len(recorded.Turns)
	h := &r.helpers
	h.turns = len(recorded.Helped)
	for _, t := range recorded.Helped {
		h.conversations = max(h.conversations, t.Conversation+1)
		if t.Reply != nil {
			h.usage = h.usage.Add(t.Reply.Usage)
		}
	}
}

// recordAnswered completes and records a turn that has a reply, and the failure that
// broke it off, if one did.
func (r *recorder) recordAnswered(t *answeredTurn) error {
	clean := r.clean.reply(t.reply)
	t.turn.Index, t.turn.Ended, t.turn.Sent, t.turn.Reply = r.turns, time.Now(), r.clean.message(t.message), &clean
	r.turns++
	r.usage = r.usage.Add(t.reply.Usage)
	return r.journal.RecordTurn(r.trial.ID, t.turn)
}

// recordFailed completes and records a turn that has no reply.
func (r *recorder) recordFailed(turn *record.Turn, failure *record.Failure) error {
	turn.Index, turn.Ended, turn.Sent, turn.Failure = r.turns, time.Now(), r.clean.message(turn.Sent), failure
	r.turns++
	return r.journal.RecordTurn(r.trial.ID, *turn)
}

// recordScores records the scores of a recorded turn's reply, which are clean already.
func (r *recorder) recordScores(turn int, scores []record.Score) error {
	return r.journal.RecordScores(r.trial.ID, turn, scores)
}

// endTrial records the outcome, whose reasons are clean already.
func (r *recorder) endTrial(result record.Result) error {
	return r.journal.EndTrial(r.trial.ID, result)
}

// failureOf returns an error as it is recorded: that the run was interrupted before
// something, where ctx has ended.
func (r *recorder) failureOf(ctx context.Context, err error, before string) *record.Failure {
	if ctx.Err() != nil {
		return &record.Failure{Kind: core.ErrorInterrupted, Message: "the run was interrupted before " + before}
	}
	return r.clean.failure(err)
}

// total is what the trial's turns and its helpers used.
func (r *recorder) total() core.Usage {
	r.helpers.order.Lock()
	defer r.helpers.order.Unlock()
	return r.usage.Add(r.helpers.usage)
}

// fail notes why the trial cannot go on: the error of the Journal or of the Replayer,
// or errInterrupted. The first one counts.
func (r *recorder) fail(err error) {
	r.helpers.mu.Lock()
	defer r.helpers.mu.Unlock()
	if r.helpers.failure == nil {
		r.helpers.failure = err
	}
}

// failed returns what fail noted: something could not be recorded, or not be sent
// any more. It is nil where the trial can go on.
func (r *recorder) failed() error {
	r.helpers.mu.Lock()
	defer r.helpers.mu.Unlock()
	return r.helpers.failure
}

// warn reports what changes no outcome.
func (r *recorder) warn(format string, args ...any) { r.events.warn(r.trial, format, args...) }

// orderedRecord is the right to record calls and helper turns of a trial, which one
// goroutine has at a time. The Observer is told when it is given back.
type orderedRecord struct {
	recorder *recorder
	events   []record.Event
}

// inOrder waits for the right to record calls and helper turns. The Journal keeps
// what it is given in one order, so that nobody else can record meanwhile; who waits
// for it waits for the disk, as the record has to be durable.
func (r *recorder) inOrder() *orderedRecord {
	r.helpers.order.Lock()
	return &orderedRecord{recorder: r}
}

// release gives the right back, and tells the Observer of what was recorded.
func (o *orderedRecord) release() {
	o.recorder.helpers.order.Unlock()
	for _, e := range o.events {
		o.recorder.events.observe(e)
	}
}

// nextConversation counts a conversation with a helper, and returns its number.
func (o *orderedRecord) nextConversation() int {
	o.recorder.helpers.conversations++
	return o.recorder.helpers.conversations - 1
}

// recordCall records a call, if calls are.
func (o *orderedRecord) recordCall(c record.Call, a record.Answer) {
	r := o.recorder
	if !r.recordsCalls || errors.Is(a.Err, limit.ErrStopped) {
		return
	}
	recorded := record.RecordedCall{Index: r.helpers.calls, Call: r.clean.call(c), Answer: r.clean.answer(a)}
	r.helpers.calls++
	if err := r.journal.RecordCall(r.trial.ID, recorded); err != nil {
		r.fail(err)
	}
}

// recordHelperTurn completes and records a turn of a helper. It is durable before
// the component learns of it.
func (o *orderedRecord) recordHelperTurn(t record.HelperTurn) error {
	r := o.recorder
	t.Index, t.Ended, t.Sent, t.Start = r.helpers.turns, time.Now(), r.clean.message(t.Sent), r.clean.start(t.Start)
	r.helpers.turns++
	if t.Reply != nil {
		clean := r.clean.reply(*t.Reply)
		t.Reply = &clean
		r.helpers.usage = r.helpers.usage.Add(clean.Usage)
	}
	if err := r.journal.RecordHelperTurn(r.trial.ID, t); err != nil {
		r.fail(err)
		return err
	}
	o.events = append(o.events, record.HelperTurnEnded{Trial: r.trial, Turn: t})
	return nil
}
