package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// conduct carries campaigns out, from the beginning or from where they were
// stopped.
type conduct struct {
	env      Env
	flags    campaignFlags
	dir      storeFlag
	redactor *secret.Redactor
	screen   *progress
	// log is written above the progress, without secrets.
	log io.WriteCloser
}

func newConduct(env Env, flags campaignFlags, dir storeFlag) *conduct {
	redactor := secret.NewRedactor()
	screen := newProgress(env)
	return &conduct{env: env, flags: flags, dir: dir, redactor: redactor, screen: screen, log: redactor.Writer(screen)}
}

// record is where what is carried out is recorded.
type record struct {
	store *store.Store
	// done are the outcomes of trials that were held before, by their ID.
	done map[string]core.Outcome
	// begin begins the record once every component is open.
	begin func(context.Context) (*store.Journal, error)
}

// carryOut starts the plugins that were chosen, plans the campaign, has open
// choose the record, and holds the trials.
func (c *conduct) carryOut(ctx context.Context, r *reading, open func(p *plan.Plan, catalog *host.Catalog, hold func(record) error) error) error {
	if err := c.flags.hold(c.env, r); err != nil {
		return err
	}
	rec := &recording{screen: c.screen, dir: c.dir}
	way := egress.New(egress.Options{Record: rec.recordConnection})
	return c.flags.withEgress(ctx, c.env, c.log, r.choice.Programs, way, func(h *host.Host, catalog *host.Catalog) error {
		p, err := c.flags.plans(ctx, r, h, catalog)
		if err != nil {
			return err
		}
		if err := permit(ctx, h, p, way); err != nil {
			return err
		}
		return open(p, catalog, func(to record) error {
			rec.record = to
			return c.holdTrials(ctx, h, p, way, rec)
		})
	})
}

func (c *conduct) holdTrials(ctx context.Context, h *host.Host, p *plan.Plan, way *egress.Proxy, rec *recording) error {
	ctx, rec.cancel = context.WithCancelCause(ctx)
	defer rec.cancel(nil)
	summary, err := engine.Run(ctx, p, engine.Options{
		Resolver: func(targets core.Targets) engine.Resolver { return h.Using(targets) },
		Begin:    func(ctx context.Context) (engine.Journal, error) { return rec.start(ctx, len(p.Trials)) },
		Done:     rec.done,
		Observer: c.screen,
		Secrets:  c.flags.secrets.lookup(c.env, p.Campaign.File),
		Redactor: c.redactor,
		Now:      c.env.Now,
	})
	c.screen.finish()
	if stop, ok := errors.AsType[stopRequest](context.Cause(ctx)); ok && summary.Interrupted {
		summary.Stopped = stop.Error()
	}
	// A connection that a plugin keeps open is recorded when it ends.
	err = cmp.Or(err, way.Close())
	if rec.journal == nil {
		return notBegun(summary, err)
	}
	// Whatever happened, the record is closed and read.
	ctx = context.WithoutCancel(ctx)
	err = rec.finish(ctx, c.env, summary, err)
	counts, readErr := rec.store.Counts(ctx, rec.journal.Run())
	return errors.Join(concludeRun(c.env, p.Campaign, summary, rec.journal.Run(), counts, c.dir, err), err, readErr)
}

// notBegun says why a run sent nothing and left no record.
func notBegun(summary engine.Summary, err error) error {
	if err == nil && summary.Interrupted {
		return fmt.Errorf("stopped before anything was sent: %w", context.Canceled)
	}
	if err == nil && summary.Stopped != "" {
		return fmt.Errorf("stopped before anything was sent by %s", summary.Stopped)
	}
	return err
}

// recording is the record of one run.
type recording struct {
	record
	screen  *progress
	dir     storeFlag
	journal *store.Journal // nil before the run begins
	// begun is the journal for those who do not wait for the run to begin.
	begun atomic.Pointer[store.Journal]
	// cancel ends the run with a cause.
	cancel context.CancelCauseFunc
}

func (r *recording) start(ctx context.Context, trials int) (engine.Journal, error) {
	journal, err := r.begin(ctx)
	if err != nil {
		return nil, r.failed(err)
	}
	r.journal = journal
	r.begun.Store(journal)
	go r.heedStop(ctx)
	r.screen.begin(journal.Run(), trials, r.done)
	return journal, nil
}

// finish closes the record. err is what the recording failed with, if it did.
func (r *recording) finish(ctx context.Context, env Env, s engine.Summary, err error) error {
	status, message := store.Finished, ""
	switch {
	case err != nil:
		status, message = store.Failed, err.Error()
	case s.Stopped != "":
		status, message = store.Interrupted, "stopped by "+s.Stopped
	case s.Interrupted:
		status = store.Interrupted
	}
	// Where the recording failed, this most likely fails for the same reason.
	if err = cmp.Or(err, r.journal.Finish(ctx, status, message, env.Now())); err != nil {
		return r.failed(fmt.Errorf("run %s: %w", r.journal.Run(), err))
	}
	return nil
}

func (r *recording) failed(err error) error {
	again := "run the campaign again"
	if r.journal != nil {
		again = fmt.Sprintf("orchestrator resume%s %s carries the run on", r.dir.flag(), r.journal.Run())
	}
	return core.Errorf(core.KindInternal, "%w", err).
		WithHint("see to it that %s can be written and has room; then %s", r.store.Dir(), again)
}
