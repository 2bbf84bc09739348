package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
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

// recorder writes the events of one trial to the Journal and the Observer, both
// without secrets.
type recorder struct {
	journal Journal
	events  reporter
	clean   redaction
	trial   record.TrialInfo
	// recordsCalls says that each call of a component is recorded.
	recordsCalls bool

	// turns counts the trial's recorded turns, and usage is the usage of their
	// replies. Only the trial's own goroutine uses them.
	turns int
	usage core.Usage

	// helpers records the conversations with helpers. It is the only part of a
	// trial that several goroutines use, those of a component.
	helpers helperLog
}

// helperLog counts the recorded helper turns and calls.
type helperLog struct {
	// order is held while something is counted and the Journal is called, so
	// that calls and helper turns are recorded in the order of their indexes.
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
	kept := r.clean.trial(p, ordinal)
	kept.Attempt = r.trial.Attempt
	return r.journal.BeginTrial(kept, at)
}

// recorded returns what is recorded of the trial's last attempt, if that has no outcome.
func (r *recorder) recorded(ctx context.Context) (record.RecordedTrial, error) {
	resumer, ok := r.journal.(Resumer)
	if !ok {
		return record.RecordedTrial{}, nil
	}
	return resumer.Recorded(ctx, r.trial.ID)
}

// restore continues the counters after an earlier attempt.
func (r *recorder) restore(recorded record.RecordedTrial) {
	r.turns = len(recorded.Turns)
	h := &r.helpers
	h.turns, h.calls = len(recorded.Helped), recorded.Calls
	for _, t := range recorded.Helped {
		h.conversations = max(h.conversations, t.Conversation+1)
		if t.Reply != nil {
			h.usage = h.usage.Add(t.Reply.Usage)
		}
	}
}

// recordAnswered completes and records a turn that has a reply, and the failure
// with which the reply broke off, if any.
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

// recordScores records the scores of a recorded turn's reply, which are
// redacted already.
func (r *recorder) recordScores(turn int, scores []record.Score) error {
	return r.journal.RecordScores(r.trial.ID, turn, scores)
}

// endTrial records the outcome, whose reasons are redacted already.
func (r *recorder) endTrial(result record.Result) error {
	return r.journal.EndTrial(r.trial.ID, result)
}

// failureOf returns an error for the record; where ctx has ended, its kind is
// that of an interruption.
func (r *recorder) failureOf(ctx context.Context, err error, before string) *record.Failure {
	if ctx.Err() != nil {
		return &record.Failure{Kind: core.ErrorInterrupted, Message: "the run was interrupted before " + before}
	}
	return r.clean.failure(err)
}

// total is the usage of the trial's turns and its helpers.
func (r *recorder) total() core.Usage {
	r.helpers.order.Lock()
	defer r.helpers.order.Unlock()
	return r.usage.Add(r.helpers.usage)
}

// fail sets why the trial cannot go on: the error of the Journal or of the
// Replayer, or errInterrupted. The first one is kept.
func (r *recorder) fail(err error) {
	r.helpers.mu.Lock()
	defer r.helpers.mu.Unlock()
	if r.helpers.failure == nil {
		r.helpers.failure = err
	}
}

// failed returns the error that fail has set; nil where the trial can go on.
func (r *recorder) failed() error {
	r.helpers.mu.Lock()
	defer r.helpers.mu.Unlock()
	return r.helpers.failure
}

// warn reports a warning.
func (r *recorder) warn(format string, args ...any) { r.events.warn(r.trial, format, args...) }

// warnOfTurn reports what the converters of the turn that is recorded next warned of. A
// turn that is answered has that in its reply.
func (r *recorder) warnOfTurn(warnings []string) {
	for _, w := range warnings {
		r.warn("turn %d: %s", r.turns+1, w)
	}
}

// orderedRecord is held by the goroutine that records calls and helper turns of
// a trial, one at a time. The Observer gets the events when it is released.
type orderedRecord struct {
	recorder *recorder
	events   []record.Event
}

// inOrder waits until the goroutine may record calls and helper turns. The
// Journal keeps records in the order of its calls, so that only one goroutine
// records at a time; the wait includes that for the disk.
func (r *recorder) inOrder() *orderedRecord {
	r.helpers.order.Lock()
	return &orderedRecord{recorder: r}
}

// release lets the next goroutine record, and passes the events to the
// Observer.
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

// recordCall records a call, if calls are recorded.
func (o *orderedRecord) recordCall(c record.Call, a record.Answer) {
	r := o.recorder
	if !r.recordsCalls || isStopped(a.Err) {
		return
	}
	recorded := record.RecordedCall{Index: r.helpers.calls, Call: r.clean.call(c), Answer: r.clean.answer(a)}
	r.helpers.calls++
	if err := r.journal.RecordCall(r.trial.ID, recorded); err != nil {
		r.fail(err)
	}
}

// recordHelperTurn completes and records a turn of a helper. It is durable
// before the component gets the answer.
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
