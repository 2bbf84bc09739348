package schedule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Store stores schedules and their fires. One scheduler at a time writes to it;
// other processes pause schedules and request runs.
type Store interface {
	// Schedule returns the state of a schedule; only its name is set if the
	// schedule is unknown. Its Spec is zero: that is in the campaign's file.
	Schedule(ctx context.Context, name string) (State, error)
	// SaveSchedule stores a change atomically.
	SaveSchedule(ctx context.Context, c Change) error
	// PreviousRun returns the ID of the last finished run of a schedule before
	// one of its runs; "" where there is none.
	PreviousRun(ctx context.Context, schedule, run string) (string, error)
}

// Change is a change to a schedule.
type Change struct {
	Name, File    string
	Spec          Spec
	LastEvaluated time.Time
	Alive         time.Time
	Fires         []Fire
	// Pause, where not nil, pauses it.
	Pause *Pause
}

// Runner carries out runs.
type Runner interface {
	// Run carries out the run of a job, and returns when it has ended. When ctx
	// is cancelled, the run ends with the outcome Interrupted.
	Run(ctx context.Context, job Job) Result
}

// Job is a run to be carried out.
type Job struct {
	Schedule string
	// File is the campaign's.
	File string
	Fire Fire
	// Resume says that the run was begun before and is to be resumed.
	Resume bool
}

// Result is the result of a job. Why explains it in a line.
type Result struct {
	Outcome Outcome
	Why     string
}

// String returns the outcome and why.
func (r Result) String() string {
	if r.Why == "" || strings.HasPrefix(r.Why, string(r.Outcome)) {
		return cmp.Or(r.Why, string(r.Outcome))
	}
	return string(r.Outcome) + ": " + r.Why
}

// Ended is a run that has ended and whose result is stored.
type Ended struct {
	Job
	Result
	// Previous is the ID of the schedule's last finished run before it; ""
	// where there is none.
	Previous string
}

// Options are the dependencies of a scheduler.
type Options struct {
	Store  Store
	Runner Runner
	// Read reads a campaign's file again, and returns the campaign's name.
	Read func(file string) (name string, spec Spec, err error)
	// Log is called with a line for each event; schedule is "" for events that
	// concern all schedules.
	Log func(schedule, line string)
	// Ended is called after the end of each run, concurrently.
	Ended func(ctx context.Context, e Ended)
	// NewID generates the ID of a run.
	NewID func(time.Time) string
	// Now is the clock.
	Now func() time.Time
	// Poll is the interval at which the store is read for requests of other
	// processes.
	Poll time.Duration
}

// Scheduler runs campaigns when they are due.
type Scheduler struct {
	options   Options
	campaigns []*scheduled
	// running are the jobs of this process, by run ID.
	running map[string]*job
	// ended receives the jobs that are over; unrecorded are those whose result
	// could not be stored yet.
	ended      chan *job
	unrecorded []*job
	// workers are the goroutines of jobs and of Ended.
	workers sync.WaitGroup
}

// scheduled is a campaign with a schedule.
type scheduled struct {
	name, file string
	spec       Spec
	read       time.Time
	// storeError is the error of its record, and fileError that of its file, as
	// last logged; "" for none.
	storeError, fileError string
	wake                  time.Time
}

// job is a run that this process carries out.
type job struct {
	Job
	campaign  *scheduled
	cancel    context.CancelFunc
	cancelled bool
	result    Result
}

// New returns a scheduler of campaigns, and reads them. It fails where one
// cannot be read, or two have the same name.
func New(files []string, o Options) (*Scheduler, error) {
	s := &Scheduler{options: o, running: map[string]*job{}, ended: make(chan *job)}
	var errs []error
	from := map[string]string{}
	for _, file := range files {
		name, spec, err := o.Read(file)
		if err == nil && from[name] != "" {
			err = core.Errorf(core.ErrorConfig, "%s and %s are both campaigns named %q", from[name], file, name).
				WithHint("a schedule has the name of its campaign: give one of them another name")
		}
		errs = append(errs, err)
		from[name] = file
		s.campaigns = append(s.campaigns, &scheduled{name: name, file: file, spec: spec, read: o.Now()})
	}
	return s, errors.Join(errs...)
}

// Names are the names of the schedules.
func (s *Scheduler) Names() []string {
	var names []string
	for _, c := range s.campaigns {
		names = append(names, c.name)
	}
	return names
}

// Register stores the schedules that the store does not have yet. From then on
// they can be paused and triggered.
func (s *Scheduler) Register(ctx context.Context) error {
	for _, c := range s.campaigns {
		state, err := s.options.Store.Schedule(ctx, c.name)
		if err == nil && state.LastEvaluated.IsZero() {
			now := s.options.Now()
			err = s.options.Store.SaveSchedule(ctx, Change{Name: c.name, File: c.file, Spec: c.spec, LastEvaluated: now, Alive: now})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Run runs campaigns when they are due, until ctx is cancelled; it then
// interrupts the runs in progress, which the next scheduler resumes, and
// returns when they have ended. A decision that cannot be stored is not carried
// out, and tried again.
func (s *Scheduler) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		for _, c := range s.campaigns {
			s.evaluate(ctx, c)
		}
		timer.Reset(s.untilNext())
		select {
		case <-ctx.Done():
		case <-timer.C:
		case j := <-s.ended:
			s.unrecorded = append(s.unrecorded, j)
		}
		s.recordEnded(ctx)
	}
	for len(s.running) > len(s.unrecorded) {
		s.unrecorded = append(s.unrecorded, <-s.ended)
	}
	s.recordEnded(ctx)
	s.workers.Wait()
}

// untilNext returns the time until the next evaluation: at most Poll, at least
// a millisecond.
func (s *Scheduler) untilNext() time.Duration {
	wait, now := s.options.Poll, s.options.Now()
	for _, c := range s.campaigns {
		if !c.wake.IsZero() {
			wait = min(wait, c.wake.Sub(now))
		}
	}
	return max(wait, time.Millisecond)
}

// evaluate decides about a campaign, stores the decision, and carries it out.
func (s *Scheduler) evaluate(ctx context.Context, c *scheduled) {
	state, err := s.options.Store.Schedule(ctx, c.name)
	if err != nil {
		s.logError(c.name, &c.storeError, err)
		return
	}
	now := s.options.Now()
	var broken error
	if apart(now, c.read) || s.decide(c, state, now).beginsRun() {
		broken = s.readAgain(c, now)
	}
	step := s.decide(c, state, now)
	if broken != nil {
		step = step.failed(broken, now)
	}
	c.wake = step.Wake
	if len(step.Fires) > 0 || !step.Ahead.IsZero() || apart(now, state.Alive) || state.Spec.String() != c.spec.String() {
		err = s.options.Store.SaveSchedule(ctx, Change{
			Name: c.name, File: c.file, Spec: c.spec, LastEvaluated: step.LastEvaluated, Alive: now, Fires: step.Fires,
			Pause: c.pauseFor(step.Fires, now),
		})
		s.logError(c.name, &c.storeError, err)
	}
	if err == nil {
		s.apply(ctx, c, step)
	}
}

// apart reports whether a time is a heartbeat or more ago, or ahead, as where the clock
// was put back.
func apart(now, t time.Time) bool { return now.Sub(t).Abs() >= Heartbeat }

// decide applies the policy to the stored state. For a schedule that is new or
// whose due times have changed, earlier due times are ignored.
func (s *Scheduler) decide(c *scheduled, state State, now time.Time) Step {
	if state.LastEvaluated.IsZero() || state.Spec.String() != c.spec.String() {
		state.LastEvaluated = now
	}
	state.Spec = c.spec
	for i, f := range state.Open {
		state.Open[i].Live = s.running[f.Run] != nil && f.Status == Started
	}
	return Decide(state, now, s.options.NewID)
}

// beginsRun reports whether a step begins a run.
func (t Step) beginsRun() bool { return len(t.Start)+len(t.Resume) > 0 }

// failed is the step of a campaign whose file cannot be read: runs that would
// begin have failed.
func (t Step) failed(why error, now time.Time) Step {
	for _, f := range t.Start {
		for i := range t.Fires {
			if t.Fires[i].Due.Equal(f.Due) {
				f.Status, f.Why, f.Outcome, f.Decided, f.Run = Failed, why.Error(), Wrong, now, ""
				t.Fires[i] = f
			}
		}
	}
	t.Start = nil
	return t
}

// readAgain reads a campaign's file again. If that fails, the earlier schedule
// remains in effect.
func (s *Scheduler) readAgain(c *scheduled, now time.Time) error {
	c.read = now
	name, spec, err := s.options.Read(c.file)
	if err == nil && name != c.name {
		err = fmt.Errorf("%s is now the campaign %q: start serve again", c.file, name)
	}
	if s.logError(c.name, &c.fileError, err); err != nil {
		return err
	}
	if spec.String() != c.spec.String() {
		s.options.Log(c.name, "the schedule is now "+spec.String())
	}
	c.spec = spec
	return nil
}

// logError logs an error once until it changes.
func (s *Scheduler) logError(name string, last *string, err error) {
	switch {
	case err == nil:
		*last = ""
	case err.Error() != *last && !errors.Is(err, context.Canceled):
		*last = err.Error()
		s.options.Log(name, "error: "+*last)
	}
}
