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
func (c *conduct) carryOut(ctx context.Context, r *reading, open func(p *plan.Plan, catalog *host.Catalog, hold func(record) error) error) (err error) {
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
	summary, err := engine.Run(ctx, p, engine.Options{
		Resolver: func(targets core.Targets) engine.Resolver { return h.Using(targets) },
		Begin:    func(ctx context.Context) (engine.Journal, error) { return rec.start(ctx, len(p.Trials)) },
		Done:     rec.done,
		Observer: rec.watch.observing(c.screen, c.observer),
		Tracer:   rec.watch.tracer(),
		Secrets:  c.flags.secrets.lookup(c.env, p.Campaign.File),
		Redactor: c.redactor,
		Now:      c.env.Now,
	})
	c.screen.finish()
	// A connection that a plugin keeps open is recorded when it ends.
	err = cmp.Or(err, way.Close())
	if rec.journal == nil {
		return notBegun(summary, err)
	}
	// Whatever happened, the record is closed and read.
	ctx = context.WithoutCancel(ctx)
	err = rec.finish(ctx, c.env, summary, err)
	trials, readErr := rec.store.Trials(ctx, rec.journal.Run())
	var conclusion error
	c.verdict, conclusion = concludeRun(c.env, p.Campaign, summary, rec.journal.Run(), trials, c.dir, err)
	return errors.Join(conclusion, err, readErr)
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
	watch   *watch
	journal *store.Journal // nil before the run begins
	// begun is the journal for those who do not wait for the run to begin.
	begun atomic.Pointer[store.Journal]
}

func (r *recording) start(ctx context.Context, trials int) (engine.Journal, error) {
	journal, err := r.begin(ctx)
	if err != nil {
		return nil, r.failed(err)
	}
	r.journal = journal
	r.begun.Store(journal)
	r.watch.begin(r.store.Dir(), journal.Run())
	r.screen.begin(journal.Run(), trials, r.done)
	return journal, nil
}

// finish closes the record. err is what the recording failed with, if it did.
func (r *recording) finish(ctx context.Context, env Env, s engine.Summary, err error) error {
	status, message := store.Finished, ""
	switch {
	case err != nil:
		status, message = store.Failed, err.Error()
	case s.Interrupted:
		status = store.Interrupted
	case s.Stopped != "":
		status, message = store.Interrupted, "stopped by "+s.Stopped
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
