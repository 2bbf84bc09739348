package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// Resolver opens components by the name that a campaign writes after use:,
// each with its configuration, a JSON object with its secrets filled in. What
// it returns is closed after the run if it implements [io.Closer].
type Resolver interface {
	OpenTarget(ctx context.Context, use string, config []byte) (core.Target, error)
	OpenConverter(ctx context.Context, use string, config []byte) (core.Converter, error)
	OpenScorer(ctx context.Context, use string, config []byte) (core.Scorer, error)
}

// Options are what a run needs from its surroundings.
type Options struct {
	// Resolver returns what opens the components. Converters and scorers may use
	// the targets, which are those of the campaign under their names there: in
	// the calls that are made to them, and with the context of those calls.
	Resolver func(targets core.Targets) Resolver
	// Begin begins the record. It is called once every component is open, and
	// before anything is sent: a run that cannot begin leaves no record.
	Begin func(ctx context.Context) (Journal, error)
	// Done are the outcomes, by trial ID, of trials that were held before: they
	// are not held again, and count in the Summary's Tally.
	Done map[string]core.Outcome
	// Record has each call of a component kept, with its answer.
	Record bool
	// Replayer, where not nil, is asked for what came of each call before it is made.
	Replayer Replayer
	// Observer may be nil.
	Observer Observer
	// Tracer may be nil.
	Tracer Tracer
	// Secrets finds the secrets that the campaign refers to.
	Secrets secret.Lookup
	// Redactor learns every secret before a component is opened, and removes
	// it from all that is recorded or observed. Nil redacts nothing.
	Redactor *secret.Redactor
	// Now is the clock; nil stands for [time.Now].
	Now func() time.Time
}

// Run holds the plan's trials, as many at a time as each target's limits
// allow, and returns when all of them are over and every component is closed.
//
// A trial that goes wrong is an outcome, not an error. Run fails where nothing
// could be sent, because a secret is missing or a component cannot be opened,
// and where the Journal fails: a run that cannot be recorded must not send. It fails
// with [Unexpected] where the Replayer does. The Summary says how far it came.
//
// Cancelling ctx interrupts the run: no trial starts any more, conversations
// are ended, and trials in flight get no outcome. That is not an error. So do the
// bounds of the campaign's scope, but for replies that are on their way when a
// bound other than one of time is reached: they are waited for and judged, and
// only who would have to send more gets no outcome. Outside of the scope's
// window, Run fails with an error of [core.ErrorConfig].
func Run(ctx context.Context, p *plan.Plan, o Options) (record.Summary, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	started := o.Now()
	budget, err := limit.NewBudget(p.Bounds, p.Prices)
	if err != nil {
		return record.Summary{Planned: len(p.Trials)}, err
	}
	r := &run{Options: o, plan: p, budget: budget, clients: map[string]*targetClient{}}
	for _, t := range p.Targets {
		r.clients[t.Name] = newTargetClient(r, t)
	}
	r.remember()
	bounded, cancel := budget.Within(ctx)
	defer cancel()
	tracked, end := r.step(bounded, record.Step{Kind: record.StepRun, Name: p.Name})
	err = r.carryOut(tracked)
	s := record.Summary{Planned: len(p.Trials), Tally: r.tally, Usage: r.usage, Duration: o.Now().Sub(started)}
	if s.Tally.Total() < s.Planned {
		s.Interrupted = ctx.Err() != nil
	}
	if s.Tally.Total() < s.Planned && !s.Interrupted {
		s.Stopped = budget.Conclude(bounded)
	}
	if (s.Interrupted || s.Stopped != "") && errors.Is(err, bounded.Err()) {
		err = nil
	}
	end(record.StepEnd{Kind: core.KindOf(err), Usage: r.usage})
	r.ended(s, err)
	return s, err
}

// ended says that the run is over, if it had begun.
func (r *run) ended(s record.Summary, err error) {
	for _, c := range r.clients {
		c.limits.Close()
	}
	if r.journal == nil {
		return
	}
	if s.Stopped != "" {
		r.observe(record.BoundReached{Why: s.Stopped})
	}
	e := record.RunEnded{Summary: s}
	if err != nil {
		e.Failure = r.failed(err)
	}
	r.observe(e)
}

// run is one execution of a plan.
type run struct {
	Options
	plan       *plan.Plan
	budget     *limit.Budget
	journal    Journal
	components components
	// clients are the targets, by name.
	clients map[string]*targetClient

	mu    sync.Mutex
	tally stats.Tally
	usage core.Usage
}

// remember takes in what is known of trials that were held before.
func (r *run) remember() {
	for i := range r.plan.Trials {
		t := &r.plan.Trials[i]
		outcome, done := r.Done[t.ID]
		if !done {
			continue
		}
		r.tally.Add(outcome)
		if c := r.clients[t.Target]; c != nil && outcome != core.Errored {
			c.limits.Answered()
		}
	}
}

func (r *run) carryOut(ctx context.Context) error {
	defer r.components.close(r)
	if err := r.components.open(ctx, r); err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	var err error
	if r.journal, err = r.Begin(ctx); err != nil {
		return err
	}
	r.observe(record.RunStarted{Campaign: r.plan.Name, Trials: len(r.plan.Trials), Done: len(r.Done)})
	return r.holdTrials(ctx)
}

// holdTrials gives each target as many workers as its limits allow. They share
// one queue of trials, so that a long attack does not run in a single lane.
func (r *run) holdTrials(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, target := range r.plan.Targets {
		queue := r.queue(target.Name)
		for range min(max(1, target.Limits.Concurrency), len(queue)) {
			group.Go(func() error {
				for ordinal := range queue {
					if ctx.Err() != nil || r.budget.Exhausted(target.Name) {
						return nil
					}
					if err := r.hold(ctx, ordinal); err != nil {
						return failedTrial(r.plan.Trials[ordinal].ID, err)
					}
				}
				return nil
			})
		}
	}
	return group.Wait()
}

// failedTrial names the trial in an error that ends the run.
func failedTrial(id string, err error) error {
	if _, ok := errors.AsType[Unexpected](err); ok {
		return fmt.Errorf("trial %s: %w", id, err)
	}
	return fmt.Errorf("trial %s: recording: %w", id, err)
}

// queue returns the places of one target's trials in the plan that are to be held,
// in their order.
func (r *run) queue(target string) <-chan int {
	var trials []int
	for i := range r.plan.Trials {
		t := &r.plan.Trials[i]
		if _, done := r.Done[t.ID]; t.Target == target && !done {
			trials = append(trials, i)
		}
	}
	queue := make(chan int, len(trials))
	for _, t := range trials {
		queue <- t
	}
	close(queue)
	return queue
}

// count adds a finished trial to the summary.
func (r *run) count(result record.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.Add(result.Outcome)
	r.usage = r.usage.Add(result.Usage)
}

func (r *run) observe(e record.Event) {
	if r.Observer != nil {
		r.Observer.Observe(e)
	}
}

// warn reports what changes no outcome; t is the zero value where no trial is
// concerned.
func (r *run) warn(t record.TrialInfo, format string, args ...any) {
	r.observe(record.Warning{Trial: t, Message: r.Redactor.String(fmt.Sprintf(format, args...))})
}
