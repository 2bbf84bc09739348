package schedule

import "time"

// Fire is one due time of a schedule, or one requested run.
type Fire struct {
	// Due identifies a fire within its schedule.
	Due time.Time
	// Manual says that the run was requested.
	Manual bool
	Status Status
	// Why explains the status; it may be empty.
	Why string
	// Run is the ID of its run, which is set before the run begins.
	Run string
	// Decided is when it got its status.
	Decided time.Time
	// Outcome is that of the run, once it has ended.
	Outcome Outcome

	// Begun is when the record of the run began; zero where there is none. It
	// is set by reading.
	Begun time.Time
	// Finished says that the record of the run is complete. It is set by
	// reading, too.
	Finished bool
	// Stopped says by whom or what the run was stopped on purpose; "" where it
	// was not. It is set by reading.
	Stopped string
	// Live says that this process carries the run out. It is never stored.
	Live bool
}

// String describes the due time or the request.
func (f Fire) String() string {
	if f.Manual {
		return "triggered " + stamp(f.Due)
	}
	return "due " + stamp(f.Due)
}

// Status is the state of a fire.
type Status string

// The statuses of a fire.
const (
	// Requested: a run was requested, and no scheduler has decided about it
	// yet.
	Requested Status = "requested"
	// Buffered: it waits for another run to end.
	Buffered Status = "buffered"
	// Started: its run is in progress, or was when the scheduler died.
	Started Status = "started"
	// Done: its run has ended; Outcome is the result.
	Done Status = "done"
	// Failed: no run could be begun or resumed.
	Failed Status = "failed"
	// Skipped: a policy excluded it.
	Skipped Status = "skipped"
	// Missed: no scheduler was alive in time.
	Missed Status = "missed"
	// Abandoned: its run was interrupted with the scheduler, and is not
	// resumed.
	Abandoned Status = "abandoned"
)

// Open reports whether the status will change.
func (s Status) Open() bool { return s == Requested || s == Buffered || s == Started }

// Outcome is the result of a run.
type Outcome string

// The outcomes of a run.
const (
	Clean      Outcome = "nothing found"
	Findings   Outcome = "findings"
	NoEvidence Outcome = "no evidence"
	// Wrong: its campaign is invalid, and nothing was sent.
	Wrong Outcome = "wrong campaign"
	// Interrupted: it was stopped by a request or a signal.
	Interrupted Outcome = "interrupted"
	// Cancelled: it was stopped because of a later one.
	Cancelled Outcome = "cancelled"
)

// failure reports whether a run gave no evidence.
func (o Outcome) failure() bool { return o == NoEvidence || o == Wrong }

// Pause is when and why a schedule was paused.
type Pause struct {
	Since time.Time
	Why   string
}

// State is the stored state of a schedule.
type State struct {
	Name string
	// File is the campaign's, from the root.
	File string
	Spec Spec
	// LastEvaluated is the last due time that was decided.
	LastEvaluated time.Time
	// Served says that the last scheduler serves it. It is set by reading.
	Served bool
	// Lacks is what its runs lack on the machine of the last scheduler, a line each; ""
	// where nothing is known to be missing.
	Lacks string
	// Alive is when a scheduler last evaluated it; zero if none has.
	Alive time.Time
	// Pause is nil where it is not paused.
	Pause *Pause
	// Open are the fires whose status will change, in the order of their due
	// times.
	Open []Fire
}
