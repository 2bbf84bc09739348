package schedule

import (
	"fmt"
	"slices"
	"time"
)

// Heartbeat is the longest time between two updates of a scheduler's Alive.
const Heartbeat = time.Minute

// clockSlack is how far into the future a decided time may be, as after a small
// correction of the clock. One that is farther was decided while the clock was wrong.
const clockSlack = 5 * time.Minute

// DecidedAhead reports whether due times in the future are marked as decided, because the
// clock was ahead once. They are due again.
func (s State) DecidedAhead(now time.Time) bool { return s.LastEvaluated.After(now.Add(clockSlack)) }

// Undecided returns the time after which due times are not decided.
func (s State) Undecided(now time.Time) time.Time {
	if s.LastEvaluated.IsZero() || s.DecidedAhead(now) {
		return now
	}
	return s.LastEvaluated
}

// Step is the decision about a schedule at a time.
type Step struct {
	// LastEvaluated is the last due time that was decided.
	LastEvaluated time.Time
	// Ahead is the time in the future up to which due times were decided, because the
	// clock was ahead; zero where none were.
	Ahead time.Time
	// Fires are those whose status changes. They have to be saved before the
	// rest is done.
	Fires []Fire
	// Start are the fires whose run is to begin, Resume those whose run is to
	// be resumed, and Cancel those whose run is to be cancelled.
	Start, Resume, Cancel []Fire
	// Wake is when the next run is due, with jitter; zero where none is.
	Wake time.Time
}

// Decide returns the decision about a schedule at a time. newID generates the
// ID of a run. It depends on nothing else, so that a scheduler that replaces
// another one decides the same.
func Decide(s State, now time.Time, newID func(time.Time) string) Step {
	d := decision{State: s, now: now, newID: newID, step: Step{LastEvaluated: s.LastEvaluated}}
	if s.DecidedAhead(now) {
		d.step.Ahead, d.step.LastEvaluated = s.LastEvaluated, s.Undecided(now)
	}
	if !s.Alive.IsZero() {
		d.late = now.Sub(s.Alive) > s.Spec.Catchup+Heartbeat
	}
	for _, f := range s.Open {
		d.restore(f)
	}
	d.promote()
	for _, f := range s.Open {
		if f.Status == Requested {
			d.acceptRequest(f)
		}
	}
	d.evaluate()
	d.promote()
	if next := s.Spec.Next(d.step.LastEvaluated); !next.IsZero() {
		d.step.Wake = s.Spec.Begins(s.Name, next)
	}
	return d.step
}

// decision is the state while a Step is made.
type decision struct {
	State
	now   time.Time
	newID func(time.Time) string
	// late: no scheduler was alive for longer than the catch-up window.
	late bool
	step Step
	// running and waiting are the started and the buffered fires.
	running, waiting []Fire
}

// restore takes over a fire that was decided earlier.
func (d *decision) restore(f Fire) {
	switch {
	case f.Status == Buffered && d.late:
		d.end(f, Missed, d.downtime())
	case f.Status == Buffered:
		d.waiting = append(d.waiting, f)
	case f.Status == Started && f.Live:
		d.running = append(d.running, f)
	case f.Status == Started:
		d.recoverRun(f)
	}
}

// recoverRun resumes or begins a run of an earlier process.
func (d *decision) recoverRun(f Fire) {
	begun := !f.Begun.IsZero()
	closed, isClosed := d.windowClosed()
	over := d.Spec.MaxDuration > 0 && begun && d.now.Sub(f.Begun) >= d.Spec.MaxDuration
	switch {
	case f.Finished: // only its outcome is missing
		d.adopt(f, &d.step.Resume)
	case f.Stopped != "": // a run that was stopped on purpose is not resumed
		f.Outcome = Interrupted
		d.end(f, Done, f.Stopped)
	case d.Spec.Overlap == CancelOther && d.waitsAfter(f):
		f.Outcome = Cancelled
		d.end(f, Done, cancelled)
	case d.late && begun:
		d.end(f, Abandoned, d.downtime())
	case d.late:
		d.end(f, Missed, d.downtime())
	case isClosed && begun:
		d.end(f, Abandoned, closed)
	case isClosed:
		d.end(f, Skipped, closed)
	case over:
		d.end(f, Abandoned, fmt.Sprintf("scope.max_duration: %s are over since it began", d.Spec.MaxDuration))
	case begun:
		d.adopt(f, &d.step.Resume)
	default:
		d.adopt(f, &d.step.Start)
	}
}

// adopt makes a run one of this process.
func (d *decision) adopt(f Fire, todo *[]Fire) {
	f.Live = true
	d.running = append(d.running, f)
	*todo = append(*todo, f)
}

// waitsAfter reports whether a fire waits that was due after another one.
func (d *decision) waitsAfter(f Fire) bool {
	return slices.ContainsFunc(d.Open, func(o Fire) bool { return o.Status == Buffered && o.Due.After(f.Due) })
}

func (d *decision) downtime() string {
	return fmt.Sprintf("no scheduler was running from %s to %s, and catchup_window is %s", stamp(d.Alive), stamp(d.now), d.Spec.Catchup)
}

func (d *decision) windowClosed() (why string, closed bool) {
	w := d.Spec.Window
	if w == nil {
		return "", false
	}
	if _, open := w.Closes(d.now); open {
		return "", false
	}
	return fmt.Sprintf("scope.window is closed (%s)", w), true
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// acceptRequest decides a requested run.
func (d *decision) acceptRequest(f Fire) {
	if d.now.Sub(f.Due) > d.Spec.Catchup {
		d.end(f, Missed, fmt.Sprintf("no scheduler took it within catchup_window, %s", d.Spec.Catchup))
		return
	}
	d.admit(f)
}

// evaluate decides the due times since the last evaluation. Due times that were
// skipped or missed for the same reason are recorded as one fire.
func (d *decision) evaluate() {
	var missed, paused uneventful
	for {
		due := d.Spec.Next(d.step.LastEvaluated)
		begins := d.Spec.Begins(d.Name, due)
		if due.IsZero() || begins.After(d.now) {
			break
		}
		d.step.LastEvaluated = due
		switch {
		case slices.ContainsFunc(d.Open, func(f Fire) bool { return f.Due.Equal(due) }):
			// It was decided while the clock was ahead, and is not over yet.
		case d.now.Sub(begins) > d.Spec.Catchup:
			missed.add(due)
		case d.Pause != nil:
			paused.add(due)
		default:
			d.admit(Fire{Due: due})
		}
	}
	if missed.count > 0 {
		d.end(Fire{Due: missed.last}, Missed, fmt.Sprintf("no scheduler was there within catchup_window, %s%s", d.Spec.Catchup, missed))
	}
	if paused.count > 0 {
		d.end(Fire{Due: paused.last}, Skipped, fmt.Sprintf("the schedule is paused since %s%s%s", stamp(d.Pause.Since), note(d.Pause.Why), paused))
	}
}

func note(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

// uneventful are consecutive due times without a run.
type uneventful struct {
	count       int
	first, last time.Time
}

func (p *uneventful) add(due time.Time) {
	if p.count == 0 {
		p.first = due
	}
	p.count++
	p.last = due
}

// String counts those before the last.
func (p uneventful) String() string {
	if p.count == 1 {
		return ""
	}
	return fmt.Sprintf("; so it was with %d due before it, from %s on", p.count-1, stamp(p.first))
}

// admit starts a fire that is due now, as far as the overlap policy allows.
func (d *decision) admit(f Fire) {
	d.promote()
	if len(d.running) == 0 || d.Spec.Overlap == AllowAll {
		d.start(f)
		return
	}
	if closed, is := d.windowClosed(); is {
		d.end(f, Skipped, closed)
		return
	}
	going := fmt.Sprintf("the run of %s is still going", stamp(d.running[0].Due))
	switch d.Spec.Overlap {
	case BufferOne:
		if len(d.waiting) > 0 {
			d.end(f, Skipped, going+", and another one waits for it")
			return
		}
		d.buffer(f, going)
	case BufferAll:
		d.buffer(f, going)
	case CancelOther:
		for _, w := range d.waiting {
			d.end(w, Skipped, "the next one was due before it could begin")
		}
		d.waiting = nil
		d.cancel(f)
	case Skip, AllowAll:
		d.end(f, Skipped, going)
	}
}

// cancel cancels the runs in progress because of a fire. Those that this step
// would have begun or resumed have ended already.
func (d *decision) cancel(f Fire) {
	var live []Fire
	for _, r := range d.running {
		same := func(o Fire) bool { return o.Due.Equal(r.Due) }
		switch {
		case slices.ContainsFunc(d.step.Start, same):
			d.step.Start = slices.DeleteFunc(d.step.Start, same)
			d.end(r, Skipped, "the next one was due before it could begin")
		case slices.ContainsFunc(d.step.Resume, same):
			d.step.Resume = slices.DeleteFunc(d.step.Resume, same)
			r.Outcome = Cancelled
			d.end(r, Done, cancelled)
		default:
			live = append(live, r)
		}
	}
	d.step.Cancel = append(d.step.Cancel, live...)
	if d.running = live; len(live) == 0 {
		d.start(f)
		return
	}
	d.buffer(f, fmt.Sprintf("the run of %s is being stopped for it", stamp(live[0].Due)))
}

// cancelled is the reason for a cancelled run.
const cancelled = "cancelled for the one that was due after it"

// promote starts waiting fires once no run is in progress.
func (d *decision) promote() {
	for len(d.running) == 0 && len(d.waiting) > 0 {
		next := d.waiting[0]
		d.waiting = d.waiting[1:]
		if d.Pause != nil && !next.Manual {
			d.end(next, Skipped, "the schedule was paused while it waited")
			continue
		}
		d.start(next)
	}
}

func (d *decision) start(f Fire) {
	if closed, is := d.windowClosed(); is {
		d.end(f, Skipped, closed)
		return
	}
	f.Run, f.Live = d.newID(d.now), true
	f = d.set(f, Started, "")
	d.running = append(d.running, f)
	d.step.Start = append(d.step.Start, f)
}

func (d *decision) buffer(f Fire, why string) {
	d.waiting = append(d.waiting, d.set(f, Buffered, why))
}

// end sets the final status of a fire.
func (d *decision) end(f Fire, status Status, why string) {
	f.Live = false
	d.set(f, status, why)
}

// set sets the status of a fire in this step; the last one counts.
func (d *decision) set(f Fire, status Status, why string) Fire {
	f.Status, f.Why, f.Decided = status, why, d.now
	d.step.Fires = slices.DeleteFunc(d.step.Fires, func(o Fire) bool { return o.Due.Equal(f.Due) })
	d.step.Fires = append(d.step.Fires, f)
	return f
}
