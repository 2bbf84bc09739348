package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
)

// stopPoll is the interval at which a run checks for a request to stop.
const stopPoll = 250 * time.Millisecond

// activeRun is a run in progress, with its record.
type activeRun struct {
	plan *plan.Plan
	// options are those of the engine, except for the record and the observers.
	options engine.Options
	store   *store.Store
	// begin begins the record, once every component is open.
	begin func(context.Context) (*store.Journal, error)
	// goOn returns the command that resumes the run.
	goOn     func(run string) string
	reporter Reporter
	log      Log
	follow   *followers
	// post compares the run afterwards; nil where it is not compared.
	post *postRun
	// journal is nil before the run begins.
	journal atomic.Pointer[store.Journal]
	// cancel ends the run with a cause. It is set while the run is executed.
	cancel   context.CancelCauseFunc
	watching sync.WaitGroup
}

// stopRequest is the cause with which a run's context ends when another process
// has requested a stop.
type stopRequest struct{ by string }

func (r stopRequest) Error() string { return r.by }

// removedError says that the folder of the store was removed while a run went on: nothing
// of the run is left.
type removedError struct{ run, folder string }

func (e removedError) Error() string {
	return fmt.Sprintf("run %s: %s was removed while it went on: its record is gone", e.run, e.folder)
}

// execute runs the trials. When all of them have ended, it calls stop, which
// ends everything that still writes to the record.
func (a *activeRun) execute(ctx context.Context, stop func() error) (record.Summary, error) {
	ctx, a.cancel = context.WithCancelCause(ctx)
	defer a.cancel(nil)
	o := a.options
	o.Recording.Begin = a.start
	summary, err := engine.Run(ctx, a.plan, o)
	cause := context.Cause(ctx)
	a.cancel(nil)
	a.watching.Wait()
	a.reporter.Finish()
	if stop, ok := errors.AsType[stopRequest](cause); ok && summary.Interrupted {
		summary.Stopped = stop.Error()
	}
	if removed, ok := errors.AsType[removedError](cause); ok {
		_ = stop() // what it writes last has no place
		return summary, removed
	}
	return summary, cmp.Or(err, stop())
}

// start begins the record.
func (a *activeRun) start(ctx context.Context) (engine.Journal, error) {
	journal, err := a.begin(ctx)
	if err != nil {
		return nil, a.failed(err)
	}
	a.journal.Store(journal)
	a.follow.begin(a.store.Dir(), journal.Run())
	a.watching.Go(func() { a.watchStop(ctx, journal) })
	a.reporter.Begin(journal.Run(), len(a.plan.Trials), a.options.Done)
	return journal, nil
}

// watchStop cancels the run when another process requests a stop. It returns
// when ctx ends. A warning says where it cannot look, once; it goes on looking.
func (a *activeRun) watchStop(ctx context.Context, journal *store.Journal) {
	tick := time.NewTicker(stopPoll)
	defer tick.Stop()
	warned := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			by, ok, err := journal.StopRequested()
			if ok {
				a.cancel(stopRequest{by})
				return
			}
			if journal.Removed() {
				a.cancel(removedError{journal.Run(), a.store.Dir()})
				return
			}
			if err != nil && !warned {
				warned = true
				a.log.Warn("whether orchestrator stop was called cannot be seen: " + err.Error())
			}
		}
	}
}

// finish closes the record. err is the run's error, if it failed.
func (a *activeRun) finish(s record.Summary, err error) error {
	journal := a.journal.Load()
	status, message := store.Finished, ""
	switch {
	case err != nil:
		status, message = store.Failed, err.Error()
	case s.Stopped != "":
		status, message = store.Interrupted, "stopped by "+s.Stopped
	case s.Interrupted:
		status = store.Interrupted
	}
	if _, ok := errors.AsType[removedError](err); ok {
		_ = journal.Finish(status, message, time.Now()) // to end it: nothing is kept
		return core.Errorf(core.ErrorInternal, "%w", err).WithHint("run the campaign again")
	}
	if _, ok := errors.AsType[engine.Unexpected](err); ok {
		return errors.Join(fmt.Errorf("run %s: %w", journal.Run(), err), journal.Finish(status, message, time.Now()))
	}
	if _, ok := errors.AsType[engine.Lost](err); ok {
		lost := core.Errorf(core.ErrorUnavailable, "run %s: %w", journal.Run(), err).
			WithHint("%s; then %s carries the run on", cmp.Or(core.HintOf(err), "see to it that it can be used"), a.goOn(journal.Run()))
		return errors.Join(lost, journal.Finish(status, message, time.Now()))
	}
	// If recording failed, this is likely to fail for the same reason.
	if err = cmp.Or(err, journal.Finish(status, message, time.Now())); err != nil {
		return a.failed(fmt.Errorf("run %s: %w", journal.Run(), err))
	}
	return nil
}

// failed adds a hint to an error of recording.
func (a *activeRun) failed(err error) error {
	again := "run the campaign again"
	if journal := a.journal.Load(); journal != nil {
		again = a.goOn(journal.Run()) + " carries the run on"
	}
	return core.Errorf(core.ErrorInternal, "%w", err).
		WithHint("see to it that %s can be written and has room; then %s", a.store.Dir(), again)
}

// recordConnection records a connection when it has ended or was refused.
func (a *activeRun) recordConnection(c egress.Connection) {
	journal := a.journal.Load()
	if journal == nil || c.Ended.IsZero() {
		return // the run has not begun, or the connection is still open
	}
	refused := ""
	if !c.Allowed || c.Reason != "" {
		refused = c.Reason
	}
	if !c.Allowed {
		a.follow.log.Refused(c.Plugin, c.Address, c.Reason)
	}
	// A record that fails ends the run at its next turn.
	_ = journal.RecordConnection(store.Connection{
		Plugin: c.Plugin, Host: c.Address, At: c.Began, Refused: refused, Sent: c.Sent, Received: c.Received,
	})
}
