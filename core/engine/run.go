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
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// Run runs the plan's trials, as many at a time as each target's limits allow,
// and returns when all have ended and every component is closed.
//
// A trial that fails is an outcome, not an error. Run fails where a secret is
// missing or a component cannot be opened, before anything is sent, and where
// the Journal fails, because turns that cannot be recorded must not be sent. It
// fails with [Unexpected] where the Replayer does, and with [Lost] where a target or a
// plugin was lost, whose trials then get no outcome. The Summary counts the outcomes so
// far.
//
// Cancelling ctx interrupts the run: no more trials start, conversations are
// ended, and trials in flight get no outcome. That is not an error. Reaching a
// bound of the campaign's scope does the same, except that for bounds other
// than time, replies that are on their way are awaited and judged, and only
// trials that have more to send get no outcome. Outside of the scope's window,
// Run fails with an error of [core.ErrorConfig].
func Run(ctx context.Context, p *plan.Plan, o Options) (record.Summary, error) {
	started := time.Now()
	budget, err := limit.NewBudget(p.Bounds, p.Prices)
	if err != nil {
		return record.Summary{Planned: len(p.Trials)}, err
	}
	r := newRun(p, o, budget)
	bounded, cancel := budget.Within(ctx)
	defer cancel()
	tracked, end := r.trace.step(bounded, record.Step{Kind: record.StepRun, Name: p.Name})
	err = r.carryOut(tracked)
	s := record.Summary{Planned: len(p.Trials), Tally: r.tally, Usage: r.usage, Duration: time.Since(started)}
	if s.Tally.Total() < s.Planned {
		s.Interrupted = ctx.Err() != nil
	}
	if s.Tally.Total() < s.Planned && !s.Interrupted {
		s.Stopped = budget.Conclude(bounded)
	}
	if (s.Interrupted || s.Stopped != "") && errors.Is(err, bounded.Err()) {
		err = nil
	}
	end(record.StepEnd{Kind: core.KindOf(err)})
	r.conclude(s, err)
	return s, err
}

// run is one execution of a plan: a queue of trials for each target, workers,
// and the outcomes.
type run struct {
	plan       *plan.Plan
	options    Options
	budget     *limit.Budget
	clean      redaction
	events     reporter
	trace      tracing
	components *components
	// targets are the clients of the campaign's targets, by name.
	targets map[string]*targetClient
	// journal is nil until the record is begun.
	journal Journal

	mu    sync.Mutex
	tally stats.Tally
	usage core.Usage
	// doubted are trials that failed because of a target that may be lost.
	doubted []*trial
}

func newRun(p *plan.Plan, o Options, b *limit.Budget) *run {
	clean := redaction{o.Redactor}
	r := &run{
		plan: p, options: o, budget: b, clean: clean, events: reporter{o.Watchers.Observer, clean}, trace: tracing{o.Watchers.Tracer},
		components: newComponents(), targets: map[string]*targetClient{},
	}
	for _, t := range p.Targets {
		r.targets[t.Name] = newTargetClient(t, b, r.events, r.trace)
	}
	for i := range p.Trials {
		r.countDone(&p.Trials[i])
	}
	return r
}

// countDone counts a trial that already has an outcome.
func (r *run) countDone(t *plan.Trial) {
	outcome, isDone := r.options.Done[t.ID]
	if !isDone {
		return
	}
	r.tally.Add(outcome)
	if target := r.targets[t.Target]; target != nil && outcome != core.Errored {
		target.limits.MarkAnswered()
	}
}

// carryOut opens the components, begins the record, runs the trials and closes
// the components.
func (r *run) carryOut(ctx context.Context) error {
	defer r.components.close(r.events)
	if err := r.open(ctx); err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	var err error
	if r.journal, err = r.options.Recording.Begin(ctx); err != nil {
		return err
	}
	r.events.observe(record.RunStarted{Campaign: r.plan.Name, Trials: len(r.plan.Trials), Done: len(r.options.Done), Selection: r.plan.Selection})
	return r.holdTrials(ctx)
}

// open opens every component. It fails where a secret is missing or a component
// cannot be opened.
func (r *run) open(ctx context.Context) error {
	configs, err := expand(r.plan, r.options.Components.Secrets, r.options.Redactor)
	if err != nil {
		return err
	}
	if err := r.components.open(ctx, r.plan, configs, r.options.Components.Opener(helperTargets(r.targets)), r.clean); err != nil {
		return err
	}
	for name, target := range r.targets {
		target.opened = r.components.targets[name]
	}
	return nil
}

// holdTrials starts as many workers for each target as its limits allow. They
// share one queue, so that a long attack is spread over all workers.
func (r *run) holdTrials(ctx context.Context) error {
	group, working := errgroup.WithContext(ctx)
	for _, target := range r.plan.Targets {
		queue := r.queue(target.Name)
		for range min(max(1, target.Limits.Concurrency), len(queue)) {
			group.Go(func() error {
				for ordinal := range queue {
					if working.Err() != nil || r.lost(target.Name) != nil || r.budget.Exhausted(target.Name) {
						return nil
					}
					if err := r.hold(working, ordinal); err != nil {
						return failedTrial(r.plan.Trials[ordinal].ID, err)
					}
				}
				return nil
			})
		}
	}
	err := group.Wait()
	return cmp.Or(err, r.settle(ctx, err != nil), r.lostTrials())
}

// failedTrial names the trial in an error that ends the run.
func failedTrial(id string, err error) error {
	if _, ok := errors.AsType[Lost](err); ok {
		return err
	}
	if _, ok := errors.AsType[Unexpected](err); ok {
		return fmt.Errorf("trial %s: %w", id, err)
	}
	return fmt.Errorf("trial %s: recording: %w", id, err)
}

// queue returns the indexes in the plan of one target's trials that have no
// outcome, in the order of the plan.
func (r *run) queue(target string) <-chan int {
	var trials []int
	for i := range r.plan.Trials {
		t := &r.plan.Trials[i]
		if _, isDone := r.options.Done[t.ID]; t.Target == target && !isDone {
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

// count concludes a trial, and counts its outcome.
func (r *run) count(t *trial) error {
	result, err := t.conclude()
	if err == nil {
		r.add(result.Outcome, result.Usage)
	}
	return err
}

// add counts the outcome of a trial.
func (r *run) add(outcome core.Outcome, usage core.Usage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tally.Add(outcome)
	r.usage = r.usage.Add(usage)
}

// newTrial builds the n-th attempt at a trial of this run, from 0.
func (r *run) newTrial(ordinal, n int) *trial {
	p := r.planned(&r.plan.Trials[ordinal], n)
	t := &trial{plan: p, ordinal: ordinal, scorers: r.plan.Scorers, trace: r.trace, replayer: r.options.Replayer}
	t.attempt = r.attemptAt(p, n)
	t.rec = recorder{
		journal: r.journal, events: r.events, clean: r.clean, trial: infoOf(p, t.attempt.before.Begun+1), recordsCalls: r.options.Recording.Calls,
	}
	calls := caller{r.options.Replayer, &t.rec}
	t.components = componentRunner{seeds: seeds{trial: p.Seed}, calls: calls}
	t.attacker = attacker{strategy: p.Strategy(), cut: p.Cut, components: &t.components, targets: r.targets}
	t.converter = converterRunner{
		definitions: r.plan.Converters, opened: r.components.converters, components: &t.components,
		events: r.events, trace: r.trace, trial: t.rec.trial,
	}
	t.target = conversation{client: r.targets[p.Target], calls: calls, rec: &t.rec}
	t.scorer = scorerRunner{
		trial: p, definitions: r.plan.Scorers, opened: r.components.scorers, converters: &t.converter,
		components: &t.components, rec: &t.rec, trace: r.trace,
	}
	return t
}

// conclude reports the end of the run, if it had begun.
func (r *run) conclude(s record.Summary, err error) {
	for _, target := range r.targets {
		target.limits.Close()
	}
	if r.journal == nil {
		return
	}
	if s.Stopped != "" {
		r.events.observe(record.BoundReached{Why: s.Stopped})
	}
	e := record.RunEnded{Summary: s}
	if err != nil {
		e.Failure = r.clean.failure(err)
	}
	r.events.observe(e)
}
