package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// trial is one trial while it runs: for each turn, the attacker's message is
// converted, sent and recorded, and the reply is scored and judged.
type trial struct {
	plan    *plan.Trial
	ordinal int // its place in the plan, from 0
	attempt attempt
	scorers []plan.Scorer
	started time.Time

	rec       recorder
	trace     tracing
	replayer  Replayer // nil where every component is called
	attacker  attacker
	converter converterRunner
	target    conversation
	scorer    scorerRunner
	// components calls the converters, the scorers and the attacker's model.
	components componentRunner

	// said is the conversation since the trial began, without the system prompt
	// and the history.
	said       []core.Message
	judgements []judgement
	// hasSaid says that something was sent that is not silence or noise of the
	// campaign.
	hasSaid bool
	// failure is why the conversation could not be completed.
	failure *record.Failure
	// around is why the requests before or after the conversation failed.
	around aroundFailures
	// end ends the step of the trial.
	end func(record.StepEnd)
}

// run runs the trial, up to its outcome, which conclude records. It fails with
// errInterrupted where the trial gets no outcome, and with the error of the
// Journal or the Replayer.
func (t *trial) run(ctx context.Context) error {
	t.started = time.Now()
	// The record is read even while the run is being interrupted.
	if err := t.begin(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	t.rec.events.observe(record.TrialStarted{Trial: t.rec.trial})
	ctx, t.end = t.trace.step(ctx, record.Step{Kind: record.StepTrial, Name: t.plan.ID, Attack: t.plan.Attack})
	err := cmp.Or(t.hold(ctx), t.rec.failed())
	if errors.Is(err, errInterrupted) && t.hasSucceeded() {
		return nil // a finding stays one, whatever would have followed
	}
	if err != nil {
		t.interrupt()
	}
	return err
}

// hasSucceeded reports whether success held in a reply.
func (t *trial) hasSucceeded() bool {
	return slices.ContainsFunc(t.judgements, func(j judgement) bool { return j.truth == verdict.True })
}

// interrupt ends the trial without an outcome.
func (t *trial) interrupt() {
	t.end(record.StepEnd{Kind: core.ErrorInterrupted})
	t.rec.events.observe(record.TrialInterrupted{Trial: t.rec.trial, Took: time.Since(t.started)})
}

// begin begins the trial in the Journal, unless it continues a recorded
// attempt.
func (t *trial) begin(ctx context.Context) (err error) {
	if t.target.resumed == nil {
		if t.target.resumed, err = resume(ctx, t.plan, &t.rec); err != nil {
			return err
		}
	}
	if t.target.resumed != nil {
		t.isOf(t.attempt.before.Begun)
		return nil
	}
	return t.rec.beginTrial(t.plan, t.ordinal, t.started)
}

// conclude decides the outcome and records it.
func (t *trial) conclude() (record.Result, error) {
	if t.replayer != nil {
		if err := t.replayer.End(t.plan.ID); err != nil {
			return record.Result{}, Unexpected{err}
		}
	}
	result := record.Result{Ended: time.Now(), Turns: t.rec.turns, Usage: t.rec.total(), Failure: t.failure}
	result.Outcome, result.Decided, result.Reason = decide(t.judgements, t.rec.turns, t.failure)
	if result.Outcome == core.Defended && !t.hasSaid {
		result.Outcome, result.Reason = core.Undetermined, "nothing but silence and noise was sent"
	}
	result = t.attempt.applyTo(t.around.applyTo(result))
	for _, j := range t.judgements {
		if j.turn == result.Decided {
			result.Scores = j.scores
		}
	}
	t.end(record.StepEnd{Kind: record.KindOf(result.Failure), Outcome: result.Outcome})
	took := result.Ended.Sub(t.started)
	if err := t.rec.endTrial(result); err != nil {
		t.rec.events.observe(record.TrialInterrupted{Trial: t.rec.trial, Took: took})
		return record.Result{}, err
	}
	t.rec.events.observe(record.TrialEnded{Trial: t.rec.trial, Result: result, Took: took, More: !t.attempt.isLast})
	return result, nil
}

// hold holds the conversation, between the requests that set the attacked system up
// and those that clean it up. Its error is why the trial cannot go on.
func (t *trial) hold(ctx context.Context) error {
	isOver, err := t.restore(ctx)
	switch {
	case err != nil:
		return err
	case isOver && !t.target.resumed.isCleanedUp():
		return t.cleanUp(ctx)
	case isOver:
		return nil
	}
	isSetUp, err := t.setUp(ctx)
	if isSetUp && err == nil {
		err = t.converse(ctx)
	}
	return cmp.Or(err, t.cleanUp(ctx))
}

// converse holds the conversation. Its error is why the trial cannot go on.
func (t *trial) converse(ctx context.Context) error {
	err := t.target.begin(ctx, t.opening())
	if errors.Is(err, limit.ErrStopped) {
		return errInterrupted
	}
	if err := t.rec.failed(); err != nil {
		return err
	}
	if err != nil {
		t.failure = t.rec.clean.failure(err)
		return interrupted(ctx)
	}
	defer t.target.end(ctx)
	for {
		next, err := t.next(ctx)
		if err != nil || len(next) == 0 {
			return err
		}
		if err := interrupted(ctx); err != nil {
			return err
		}
		isOver, err := t.exchange(ctx, next)
		if err != nil || isOver {
			return err
		}
	}
}

// restore makes the turns of the recorded attempt part of the trial, and judges
// those that were not judged. isOver says that no turn is left.
func (t *trial) restore(ctx context.Context) (isOver bool, err error) {
	if t.target.resumed == nil {
		return false, nil
	}
	for _, turn := range t.target.resumed.turns {
		t.said = append(t.said, turn.Sent, turn.Reply.Message)
		t.rec.usage = t.rec.usage.Add(turn.Reply.Usage)
		if t.target.resumed.isFound && len(turn.Scores) == 0 {
			continue // another turn decides
		}
		isOver, err := t.judgeGroup(ctx, replyGroup{t.answered(turn)})
		if err != nil || isOver {
			return isOver, err
		}
		switch f := turn.Failure; {
		case f == nil:
		case f.Kind == core.ErrorInterrupted, turn.Index == 0 && isOfTarget(f): // the message is sent again
			t.said = t.said[:len(t.said)-2]
		default:
			t.failure = f
			return true, nil
		}
	}
	if t.target.resumed.isFound {
		return true, nil
	}
	next, err := t.next(ctx)
	return len(next) == 0, err
}

// answered returns a recorded turn that was answered.
func (t *trial) answered(turn record.Turn) answeredTurn {
	return answeredTurn{turn: turn, message: turn.Sent, reply: *turn.Reply, hearing: t.hear(turn.Sent)}
}

// opening is the start of the conversation.
func (t *trial) opening() core.Start {
	start := core.Start{SystemPrompt: t.plan.SystemPrompt, History: t.plan.History}
	if r := t.target.resumed; r != nil {
		start = r.start
	}
	start.Seed = t.components.seeds.of(core.KindTarget, t.plan.Target, 0, 0)
	return start
}

// next returns the turns to send next, as [attacker.next] does. Where there are
// none, the conversation is over.
func (t *trial) next(ctx context.Context) ([]strategy.Turn, error) {
	m, err := t.attacker.next(ctx, t.said, t.rec.turns)
	switch {
	case err != nil:
		return nil, err
	case m.failed != nil:
		failed := record.Turn{Started: time.Now(), Sent: core.Message{Role: core.User}}
		if err := t.recordUnsent(ctx, &failed, m.failed); err != nil {
			return nil, err
		}
		t.failWith(failed)
	case m.stopped != "":
		t.judgements = stopEarly(t.judgements, t.rec.clean.text(m.stopped))
	}
	return m.turns, nil
}

// exchange sends turns, each after the first while the reply to the one before
// plays, records them, and judges the replies. isOver says that the
// conversation is over.
func (t *trial) exchange(ctx context.Context, next []strategy.Turn) (isOver bool, err error) {
	ctx, end := t.trace.step(ctx, record.Step{Kind: record.StepTurn, Turn: t.rec.turns})
	defer func() { end(record.StepEnd{Kind: t.stepKind(err)}) }()
	started := time.Now()
	messages, failure := t.converter.messages(ctx, t.rec.turns, next)
	if err := t.rec.failed(); err != nil {
		return true, err
	}
	if failure != nil {
		if err := interrupted(ctx); err != nil {
			return true, err // nothing was sent
		}
		last := messages[len(messages)-1]
		failed := &record.Turn{Started: started, Sent: last.message}
		t.rec.warnOfTurn(last.warnings)
		if err := t.recordUnsent(ctx, failed, failure); err != nil {
			return true, err
		}
		t.failWith(*failed)
		return true, nil
	}
	answered, failed, err := t.target.say(ctx, messages)
	if err != nil && !errors.Is(err, errInterrupted) {
		return true, err
	}
	return t.judgeAll(ctx, answered, failed, err)
}

// stepKind returns the error kind of a failed turn; err is why the trial cannot
// go on.
func (t *trial) stepKind(err error) core.ErrorKind {
	if errors.Is(err, errInterrupted) {
		return core.ErrorInterrupted
	}
	return cmp.Or(core.KindOf(err), record.KindOf(t.failure))
}

// recordUnsent records a turn whose message could not be made. Nothing of it
// was sent.
func (t *trial) recordUnsent(ctx context.Context, turn *record.Turn, failure error) error {
	return cmp.Or(t.rec.recordFailed(turn, t.rec.failureOf(ctx, failure, "the reply came")), interrupted(ctx))
}

// failWith ends the conversation with a recorded turn that failed.
func (t *trial) failWith(turn record.Turn) {
	t.failure = turn.Failure
	t.rec.events.observe(record.TurnEnded{Trial: t.rec.trial, Turn: turn})
}

// judgeAll judges the replies to the turns of an exchange, in order. failed is
// the turn after them, if it was not answered, and stopped is errInterrupted where
// nothing more can be sent; nil otherwise. The tool calls of the last reply are
// answered first, unless the conversation is over by then or the reply broke off.
func (t *trial) judgeAll(ctx context.Context, turns []answeredTurn, failed *record.Turn, stopped error) (isOver bool, err error) {
	for i := range turns {
		turns[i].hearing = t.hear(turns[i].message)
		t.appendTranscript(turns[i])
		group := replyGroup(turns[i : i+1 : i+1])
		switch isLast := i == len(turns)-1; {
		case !isLast:
			t.warnOfTools(turns[i], "the next turn was said over its reply")
		case turns[i].message.Delivery.OutOfBand:
			t.warnOfTools(turns[i], "its reply is out of band, and the answer would not be")
		case turns[i].brokeOff():
			t.warnOfTools(turns[i], "its reply broke off")
		case failed == nil && !isOver && stopped == nil:
			group, failed, stopped = t.answerTools(ctx, group)
		}
		if stopped != nil && !errors.Is(stopped, errInterrupted) {
			return true, stopped
		}
		isEnd, err := t.judgeGroup(ctx, group)
		if err != nil && !errors.Is(err, errInterrupted) {
			return true, err
		}
		stopped, isOver = cmp.Or(stopped, err), isOver || isEnd
		if f := group.last().turn.Failure; f != nil && f.Kind != core.ErrorInterrupted {
			t.failure, isOver = f, true
		}
	}
	if stopped != nil {
		return true, stopped
	}
	if failed != nil {
		t.failWith(*failed)
		return true, nil
	}
	return isOver, nil
}

// appendTranscript adds a turn to the conversation that scorers get.
func (t *trial) appendTranscript(turn answeredTurn) {
	t.said = append(t.said, turn.message, turn.reply.Message.WithoutReasoning())
	for _, warning := range turn.reply.Warnings {
		t.rec.warn("turn %d: %s", turn.turn.Index+1, warning)
	}
}

// warnOfTools warns that tool calls of a reply are not answered, and why.
func (t *trial) warnOfTools(turn answeredTurn, why string) {
	if n := len(turn.reply.Message.WaitingCalls()); n > 0 {
		t.rec.warn("turn %d: the target calls tools (%d), but %s: they get no answer", turn.turn.Index+1, n, why)
	}
}

// answerTools answers the tool calls of a group's last reply, and those in the
// replies to that, and returns the group with those replies. failed is the turn
// that was not answered, if any. The error is that of [conversation.say].
func (t *trial) answerTools(ctx context.Context, group replyGroup) (_ replyGroup, failed *record.Turn, err error) {
	for round := 0; ; round++ {
		last := group.last()
		number := last.turn.Index + 1
		results, warnings, failure := toolResults(t.plan.ToolResults, last.reply.Message)
		for _, w := range warnings {
			t.rec.warn("turn %d: %s", number, w)
		}
		if failure != nil {
			turn := record.Turn{Started: time.Now(), Sent: results}
			return group, &turn, t.recordUnsent(ctx, &turn, failure)
		}
		if len(results.Parts) == 0 {
			return group, nil, nil
		}
		if round == plan.MaxToolRounds {
			t.rec.warn("turn %d: the target has called tools %d times in a row; it gets no answer any more", number, round+1)
			return group, nil, nil
		}
		turns, failed, err := t.target.say(ctx, []prepared{{message: results}})
		if len(turns) == 0 {
			return group, failed, err
		}
		t.rec.events.observe(record.TurnEnded{Trial: t.rec.trial, Turn: last.turn})
		t.appendTranscript(turns[0])
		group = append(group, turns[0])
		if turns[0].brokeOff() {
			t.warnOfTools(turns[0], "its reply broke off")
			return group, nil, err
		}
	}
}

// judgementTime is how long scorers may take from when the run is interrupted.
const judgementTime = 5 * time.Second

// judgeGroup scores replies, unless that was done in an earlier attempt, judges
// them, and records the scores. isEnd says that they end the conversation. Where the
// run is being interrupted it fails with errInterrupted, unless success holds: no
// finding that has arrived is lost, and nothing else is concluded from scorers that
// may have been interrupted.
func (t *trial) judgeGroup(ctx context.Context, group replyGroup) (isEnd bool, err error) {
	turn := group.last().turn
	scores := turn.Scores
	wasScored := len(scores) > 0
	if message := group.message(); !wasScored && hasContent(message) {
		scores = t.score(ctx, turn.Index, message)
	}
	stopped := cmp.Or(t.rec.failed(), interrupted(ctx))
	if stopped != nil && !errors.Is(stopped, errInterrupted) {
		return true, stopped
	}
	j := judge(group, scores, t.plan.Success, t.scorers)
	if stopped != nil && j.truth != verdict.True {
		return true, stopped
	}
	j.reason = t.rec.clean.text(j.reason)
	t.judgements = append(t.judgements, j)
	turn.Scores = j.scores
	if len(j.scores) > 0 && !wasScored {
		if err := t.rec.recordScores(turn.Index, j.scores); err != nil {
			return true, err
		}
	}
	t.rec.events.observe(record.TurnEnded{Trial: t.rec.trial, Turn: turn})
	return j.truth == verdict.True && t.plan.StopOn != plan.StopNever, nil
}

// score calls the scorers for a reply, also where the run is being interrupted. No
// helper is asked any more then.
func (t *trial) score(ctx context.Context, turn int, reply core.Message) []record.Score {
	within, cancel := outliving(ctx, judgementTime)
	defer cancel()
	t.components.stop = ctx.Done()
	defer func() { t.components.stop = nil }()
	return t.scorer.all(within, turn, t.said, reply)
}
