package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Lost is the error of a run whose target or plugin was lost. The trials that need it
// have no outcome, so that the run can be resumed.
type Lost struct{ error }

// Unwrap returns the error of the target or the plugin.
func (l Lost) Unwrap() error { return l.error }

// noteGone ends the trial without an outcome, and the run, where the plugin of a
// component is gone.
func (r *recorder) noteGone(err error) {
	if errors.Is(err, core.ErrGone) {
		r.fail(Lost{r.clean.error(err)})
	}
}

// lost returns why no trial of a target can be held any more: the target is lost, or
// one that helps and has no trials of its own. nil while they can.
func (r *run) lost(target string) error {
	for name, client := range r.targets {
		if name != target && r.isAttacked(name) {
			continue
		}
		if err := client.limits.Lost(); err != nil {
			return err
		}
	}
	return nil
}

// isAttacked reports whether trials of the plan have a target.
func (r *run) isAttacked(target string) bool {
	for i := range r.plan.Trials {
		if r.plan.Trials[i].Target == target {
			return true
		}
	}
	return false
}

// lostTrials returns the error of a run with trials that a lost target left without an
// outcome; nil for none.
func (r *run) lostTrials() error {
	r.mu.Lock()
	open := len(r.plan.Trials) - r.tally.Total()
	r.mu.Unlock()
	if open == 0 {
		return nil
	}
	for _, t := range r.plan.Targets {
		if err := r.targets[t.Name].limits.Lost(); err != nil {
			return Lost{fmt.Errorf("stopped with %d of %d trials left: %w", open, len(r.plan.Trials), r.clean.error(err))}
		}
	}
	return nil
}

// isOfTarget reports whether a failure says that nothing can be asked of the target, by
// anybody: it cannot be reached, or refuses the credentials or the configuration.
func isOfTarget(f *record.Failure) bool {
	return f.Kind == core.ErrorAuth || f.Kind == core.ErrorConfig || cmp.Or(f.Subject, core.ImpliedSubject(f.Kind, 0)) == core.SubjectReachability
}

// isDoubted reports whether the outcome of a trial has to wait in which nothing was
// answered: its target has never answered anybody, and may be lost.
func (r *run) isDoubted(t *trial) bool {
	f := t.failure
	if f == nil || len(t.said) > 0 || t.rec.turns > 0 && !isOfTarget(f) || !r.targets[t.plan.Target].limits.Doubted() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doubted = append(r.doubted, t)
	return true
}

// settle concludes the trials whose outcome had to wait. Those of a target that is lost,
// and of a run that failed or is interrupted, get none.
func (r *run) settle(ctx context.Context, hasFailed bool) error {
	for _, t := range r.doubted {
		if hasFailed || ctx.Err() != nil || r.targets[t.plan.Target].limits.Lost() != nil {
			t.interrupt()
			continue
		}
		if err := r.count(t); err != nil {
			return err
		}
	}
	return nil
}
