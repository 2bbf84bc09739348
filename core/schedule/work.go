package schedule

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// apply carries out a stored decision.
func (s *Scheduler) apply(ctx context.Context, c *scheduled, t Step) {
	if !t.Ahead.IsZero() {
		s.options.Log(c.name, fmt.Sprintf("warning: what is due until %s is marked as decided, which is in the future: the clock was ahead. All that is due from now on is decided by the clock as it is now", stamp(t.Ahead)))
	}
	for _, f := range t.Fires {
		if f.Status == Started {
			s.options.Log(c.name, fmt.Sprintf("%s: run %s begins", f, f.Run))
		} else {
			s.options.Log(c.name, fmt.Sprintf("%s: %s: %s", f, f.Status, f.Why))
		}
	}
	for _, f := range t.Cancel {
		if j := s.running[f.Run]; j != nil {
			j.cancelled = true
			j.cancel()
		}
	}
	for _, f := range t.Start {
		s.begin(ctx, c, Job{Schedule: c.name, File: c.file, Fire: f})
	}
	for _, f := range t.Resume {
		s.options.Log(c.name, fmt.Sprintf("%s: run %s is carried on", f, f.Run))
		s.begin(ctx, c, Job{Schedule: c.name, File: c.file, Fire: f, Resume: true})
	}
}

// begin starts a job in a goroutine.
func (s *Scheduler) begin(ctx context.Context, c *scheduled, work Job) {
	ctx, cancel := context.WithCancel(ctx)
	j := &job{Job: work, campaign: c, cancel: cancel}
	s.running[work.Fire.Run] = j
	s.workers.Go(func() {
		defer cancel()
		j.result = s.run(ctx, work)
		s.ended <- j
	})
}

// run carries out a job. A panic is the failure of that job.
func (s *Scheduler) run(ctx context.Context, work Job) (r Result) {
	defer func() {
		if p := recover(); p != nil {
			r = Result{NoEvidence, fmt.Sprintf("panic: %v", p)}
			s.options.Log(work.Schedule, fmt.Sprintf("run %s: %s\n%s", work.Fire.Run, r.Why, debug.Stack()))
		}
	}()
	return s.options.Runner.Run(ctx, work)
}

// recordEnded stores the results of the jobs that have ended. A result that
// cannot be stored is tried again.
func (s *Scheduler) recordEnded(ctx context.Context) {
	jobs := s.unrecorded
	s.unrecorded = nil
	for _, j := range jobs {
		if ctx.Err() != nil && j.result.Outcome == Interrupted && !j.cancelled {
			// Its status remains Started.
			s.options.Log(j.Schedule, fmt.Sprintf("run %s is interrupted; serve carries it on when it is started again", j.Fire.Run))
		} else if err := s.recordResult(context.WithoutCancel(ctx), j); err != nil {
			s.logError(j.Schedule, &j.campaign.storeError, err)
			s.unrecorded = append(s.unrecorded, j)
			continue
		}
		delete(s.running, j.Fire.Run)
	}
}

// recordResult stores the result of a job, logs it, and calls Ended.
func (s *Scheduler) recordResult(ctx context.Context, j *job) error {
	state, err := s.options.Store.Schedule(ctx, j.Schedule)
	if err != nil {
		return err
	}
	now := s.options.Now()
	f := j.Fire
	f.Status, f.Outcome, f.Why, f.Decided = Done, j.result.Outcome, j.result.Why, now
	switch {
	case f.Outcome == Wrong:
		f.Status = Failed
	case f.Outcome == Interrupted && j.cancelled:
		f.Outcome, f.Why = Cancelled, cancelled
	}
	pause := j.campaign.pauseFor([]Fire{f}, now)
	err = s.options.Store.SaveSchedule(ctx, Change{
		Name: j.Schedule, File: j.File, Spec: j.campaign.spec, LastEvaluated: state.LastEvaluated, Alive: now, Fires: []Fire{f}, Pause: pause,
	})
	if err != nil {
		return err
	}
	s.options.Log(j.Schedule, fmt.Sprintf("run %s ended: %s", f.Run, Result{f.Outcome, f.Why}))
	if pause != nil {
		s.options.Log(j.Schedule, "paused: "+pause.Why)
	}
	previous, err := s.options.Store.PreviousRun(ctx, j.Schedule, f.Run)
	s.logError(j.Schedule, &j.campaign.storeError, err)
	ended := Ended{Job: j.Job, Result: Result{f.Outcome, f.Why}, Previous: previous}
	s.workers.Go(func() { s.options.Ended(ctx, ended) })
	return nil
}

// pauseFor returns the pause that fires lead to, or nil.
func (c *scheduled) pauseFor(fires []Fire, now time.Time) *Pause {
	if !c.spec.PauseOnFailure {
		return nil
	}
	for _, f := range fires {
		if (f.Status == Done || f.Status == Failed) && f.Outcome.failure() {
			return &Pause{Since: now, Why: fmt.Sprintf("pause_on_failure: what was due %s came to: %s", stamp(f.Due), f.Outcome)}
		}
	}
	return nil
}
