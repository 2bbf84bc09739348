package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
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
	// baseline is what runs are compared with; "" leaves that to their campaigns.
	baseline string
	// fallback is what they are compared with where neither baseline nor the campaign
	// says it; "" where they are not.
	fallback string
	// runID is the ID of a run that is begun; "" leaves it to the store.
	runID string
	// observer is told of the run, too; it may be nil.
	observer engine.Observer
	// verdict says in a line what came of the run, once it has ended.
	verdict string
}

func newConduct(env Env, flags campaignFlags, dir storeFlag) *conduct {
	redactor := secret.NewRedactor()
	screen := newProgress(env)
	return &conduct{env: env, flags: flags, dir: dir, redactor: redactor, screen: screen, log: redactor.Writer(screen)}
}

// comparedWith has runs compared with a baseline; "" leaves it to their campaigns.
func (c *conduct) comparedWith(baseline string) *conduct {
	c.baseline = baseline
	return c
}

// runRecord is where what is carried out is recorded.
type runRecord struct {
	store *store.Store
	// done are the outcomes of trials that were held before, by their ID.
	done map[string]core.Outcome
	// begin begins the record once every component is open.
	begin func(context.Context) (*store.Journal, error)
	// calls says that each call of a component is recorded.
	calls bool
	// judging, where not nil, has conversations judged that were held before.
	judging *cassette.Rescoring
	// again is the command that goes on with the run where it is stopped; "" stands
	// for resume.
	again string
}

// carryOut starts the plugins that were chosen, plans the campaign, has open
// choose the record, and holds the trials.
func (c *conduct) carryOut(ctx context.Context, r *reading, open func(p *plan.Plan, catalog *host.Catalog, hold func(runRecord) error) error) (err error) {
	if err := c.flags.hold(c.env, r); err != nil {
		return err
	}
	w, err := c.watch(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	rec := &recording{screen: c.screen, dir: c.dir, watch: w}
	way := egress.New(egress.Options{Record: rec.recordConnection})
	return c.flags.withEgress(ctx, c.env, c.log, r.choice.Programs, surroundings{way, w}, func(h *host.Host, catalog *host.Catalog) error {
		p, err := c.flags.plans(ctx, r, h, catalog)
		if err != nil {
			return err
		}
		if err := permit(ctx, h, p, r.campaign.Scope.Hosts, way); err != nil {
			return err
		}
		return open(p, catalog, func(to runRecord) error {
			rec.runRecord = to
			return c.holdTrials(ctx, h, r.campaign, p, way, rec)
		})
	})
}

func (c *conduct) holdTrials(ctx context.Context, h *host.Host, of *campaign.Campaign, p *plan.Plan, way *egress.Proxy, rec *recording) error {
	o := engine.Options{
		Resolver: func(targets core.Targets) engine.Resolver { return h.Using(targets) },
		Record:   rec.calls,
		Tracer:   rec.watch.tracer(),
		Secrets:  c.flags.secrets.lookup(c.env, of.File),
	}
	if j := rec.judging; j != nil {
		p, o.Replayer = j.Plan, j
		o.Resolver = func(targets core.Targets) engine.Resolver { return j.Resolver(h.Using(targets)) }
	} else {
		var err error
		if rec.after, err = c.prepareAftermath(ctx, rec.store, of); err != nil {
			return err
		}
	}
	// A connection that a plugin keeps open is recorded when it ends.
	return c.hold(ctx, p, o, rec, way.Close)
}

// hold carries a plan out, records it, and says what came of it. stop is called
// when all trials are over.
func (c *conduct) hold(ctx context.Context, p *plan.Plan, o engine.Options, rec *recording, stop func() error) error {
	o.Begin = func(ctx context.Context) (engine.Journal, error) { return rec.start(ctx, len(p.Trials)) }
	o.Done, o.Observer, o.Redactor = rec.done, rec.watch.observing(c.screen, c.observer), c.redactor
	ctx, rec.cancel = context.WithCancelCause(ctx)
	defer rec.cancel(nil)
	summary, err := engine.Run(ctx, p, o)
	c.screen.finish()
	if stop, ok := errors.AsType[stopRequest](context.Cause(ctx)); ok && summary.Interrupted {
		summary.Stopped = stop.Error()
	}
	err = cmp.Or(err, stop())
	if rec.journal == nil {
		return notBegun(summary, err)
	}
	// Whatever happened, the record is closed and read.
	reading := context.WithoutCancel(ctx)
	err = rec.finish(reading, c.env, summary, err)
	if _, ok := errors.AsType[engine.Unexpected](err); ok {
		return err // what there is of the run says nothing
	}
	counts, readErr := rec.store.Counts(reading, rec.journal.Run())
	var conclusion error
	c.verdict, conclusion = concludeRun(c.env, p.Name, p.Evidence, summary, rec.journal.Run(), counts, c.dir, rec.goOn(), err)
	if rec.after != nil && err == nil && !summary.Interrupted { // or it will be resumed
		if headline := rec.after.follow(ctx, rec.journal.Run()); headline != "" {
			c.verdict += "; compared with the baseline: " + headline
		}
	}
	return errors.Join(conclusion, err, readErr)
}

// prepareAftermath returns what comes after a run, or nil where nothing does.
func (c *conduct) prepareAftermath(ctx context.Context, s *store.Store, of *campaign.Campaign) (*aftermath, error) {
	baseline := cmp.Or(c.baseline, of.Baseline, c.fallback)
	if baseline == "" {
		return nil, nil
	}
	return prepareAftermath(ctx, c.env, c.log, s, of, c.flags.secrets.lookup(c.env, of.File), c.redactor, baseline)
}

// notBegun says why a run sent nothing and left no record.
func notBegun(summary record.Summary, err error) error {
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
	runRecord
	screen  *progress
	dir     storeFlag
	watch   *watch
	journal *store.Journal // nil before the run begins
	// after is what comes after the run; nil where nothing does.
	after *aftermath
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
	r.watch.begin(r.store.Dir(), journal.Run())
	go r.heedStop(ctx)
	r.screen.begin(journal.Run(), trials, r.done)
	return journal, nil
}

// finish closes the record. err is what the recording failed with, if it did.
func (r *recording) finish(ctx context.Context, env Env, s record.Summary, err error) error {
	status, message := store.Finished, ""
	switch {
	case err != nil:
		status, message = store.Failed, err.Error()
	case s.Stopped != "":
		status, message = store.Interrupted, "stopped by "+s.Stopped
	case s.Interrupted:
		status = store.Interrupted
	}
	if _, ok := errors.AsType[engine.Unexpected](err); ok {
		return errors.Join(fmt.Errorf("run %s: %w", r.journal.Run(), err), r.journal.Finish(status, message, env.Now()))
	}
	// Where the recording failed, this most likely fails for the same reason.
	if err = cmp.Or(err, r.journal.Finish(status, message, env.Now())); err != nil {
		return r.failed(fmt.Errorf("run %s: %w", r.journal.Run(), err))
	}
	return nil
}

// goOn is the command that goes on with the run.
func (r *recording) goOn() string {
	return cmp.Or(r.again, fmt.Sprintf("orchestrator resume%s %s", r.dir.flag(), r.journal.Run()))
}

func (r *recording) failed(err error) error {
	again := "run the campaign again"
	if r.journal != nil {
		again = r.goOn() + " carries the run on"
	}
	return core.Errorf(core.ErrorInternal, "%w", err).
		WithHint("see to it that %s can be written and has room; then %s", r.store.Dir(), again)
}
