package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// cleanUpTimeout is the time limit of all requests after a trial, from when the run
// is interrupted. Before that, each has its own.
const cleanUpTimeout = 30 * time.Second

// aroundFailures are why the requests around a conversation failed; nil where they
// did not.
type aroundFailures struct{ before, after *record.Failure }

// setUp sends the requests before the trial, until one fails. It returns whether the
// conversation can be held; the error is why the trial cannot go on.
func (t *trial) setUp(ctx context.Context) (isSetUp bool, err error) {
	for i, r := range t.plan.BeforeTrial {
		if err := interrupted(ctx); err != nil {
			return false, err
		}
		failure := t.request(ctx, record.BeforeTrial, i, r, t.rec.turns)
		if err := cmp.Or(t.rec.failed(), interrupted(ctx)); err != nil {
			return false, err
		}
		if failure != nil {
			t.around.before = t.rec.clean.failure(failure)
			return false, nil
		}
	}
	return true, nil
}

// cleanUp sends all requests after the trial, also where the run is being
// interrupted; it sends none where the trial cannot be recorded any more. The error
// is why the trial cannot go on.
func (t *trial) cleanUp(ctx context.Context) error {
	if t.plan.Failed != nil {
		t.around.after = t.rec.clean.failure(t.plan.Failed)
	}
	if len(t.plan.AfterTrial) == 0 {
		return nil
	}
	within, cancel := outliving(ctx, cleanUpTimeout)
	defer cancel()
	turn := max(t.rec.turns-1, 0)
	for i, r := range t.plan.AfterTrial {
		if err := t.rec.failed(); err != nil && !errors.Is(err, errInterrupted) {
			return err
		}
		failure := t.request(within, record.AfterTrial, i, r, turn)
		switch {
		case failure == nil:
		case ctx.Err() != nil || t.rec.failed() != nil:
			t.rec.warn("the attacked system may not be cleaned up: %v", failure)
			t.rec.fail(errInterrupted)
		case t.around.after == nil:
			t.around.after = t.rec.clean.failure(failure)
		}
	}
	return nil
}

// outliving returns a context that ends a time after ctx.
func outliving(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	within, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(by)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-within.Done():
		}
	})
	return within, func() {
		stop()
		cancel()
	}
}

// request sends one request and returns why it failed. Only a complete reply says
// that it did not.
func (t *trial) request(ctx context.Context, key string, i int, r plan.Request, turn int) error {
	within, call := t.components.begin(ctx, core.KindAttack, key, turn)
	reply, err := askOnce(within, t.attacker.targets[r.Target], call, strategy.Question{Text: r.Send})
	_ = call.end() // err already says why there is no reply
	switch {
	case err != nil:
		return fmt.Errorf("%s, request %d: %w", key, i+1, err)
	case reply.Finish != core.FinishComplete:
		return core.Errorf(core.ErrorProtocol, "%s, request %d: target %q: %s", key, i+1, r.Target, withDetail("the reply is "+string(reply.Finish), reply.Detail)).
			WithHint("only a complete reply says that the request was carried out")
	}
	return nil
}

// applyTo returns a result with the failures of the requests around the
// conversation: without success they make it errored; a finding stays one.
func (f aroundFailures) applyTo(r record.Result) record.Result {
	failure := cmp.Or(f.before, f.after)
	switch {
	case failure == nil:
		return r
	case r.Outcome == core.Succeeded:
		r.Reason += "; afterwards the attacked system could not be cleaned up: " + failure.Message
	case r.Failure != nil:
		r.Reason += "; the attacked system could not be cleaned up either: " + failure.Message
	case f.before != nil:
		r.Reason = "the attacked system could not be set up: " + failure.Message
	default:
		r.Reason = fmt.Sprintf("the attacked system could not be cleaned up, and what was judged does not count (%s): %s", r.Outcome, failure.Message)
	}
	if r.Outcome != core.Succeeded && r.Failure == nil {
		r.Outcome, r.Decided, r.Scores = core.Errored, -1, nil
	}
	r.Failure = cmp.Or(r.Failure, failure)
	return r
}
