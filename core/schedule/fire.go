package schedule

import "time"

// Fire is one due time of a schedule, or one time that somebody asked for a run.
type Fire struct {
	// Due tells the fires of a schedule apart.
	Due time.Time
	// Manual: somebody asked for it.
	Manual bool
	Status Status
	// Why explains the status; it may be empty.
	Why string
	// Run is the ID of its run, which it has before the run begins.
	Run string
	// Decided is when it got to its status.
	Decided time.Time
	// Outcome is that of the run, once it has ended.
	Outcome Outcome

	// Begun is when the record of the run began, and zero where there is none. It
	// is set by reading.
	Begun time.Time
	// Finished: the record of the run is whole. It is set by reading, too.
	Finished bool
	// Stopped says by whom or what the run was stopped on purpose, "" where it was not.
	// It is set by reading.
	Stopped string
	// Live: this process carries the run out. It is never kept.
	Live bool
}

// String says when it was due, or asked for.
func (f Fire) String() string {
	if f.Manual {
		return "triggered " + stamp(f.Due)
	}
	return "due " + stamp(f.Due)
}

// Status says what became of a fire.
type Status string

// The statuses of a fire.
const (
	// Requested: somebody asked for a run, and no scheduler has seen it yet.
	Requested Status = "requested"
	// Buffered: it waits for another run to end.
	Buffered Status = "buffered"
	// Started: its run is going, or was when the scheduler died.
	Started Status = "started"
	// Done: its run was carried out as far as it may be; Outcome says what came of it.
	Done Status = "done"
	// Failed: no run could be begun, or carried on.
	Failed Status = "failed"
	// Skipped: it was left out by a policy.
	Skipped Status = "skipped"
	// Missed: no scheduler was there in time.
	Missed Status = "missed"
	// Abandoned: its run was cut off with the scheduler, and is not carried on.
	Abandoned Status = "abandoned"
)

// Open reports whether something is still to become of a fire.
func (s Status) Open() bool { return s == Requested || s == Buffered || s == Started }

// Outcome says what came of a run.
type Outcome string

// The outcomes of a run.
const (
	Clean      Outcome = "nothing found"
	Findings   Outcome = "findings"
	NoEvidence Outcome = "no evidence"
	// Wrong: its campaign is wrong, and nothing was sent.
	Wrong Outcome = "wrong campaign"
	// Interrupted: somebody stopped it.
	Interrupted Outcome = "interrupted"
	// Cancelled: it was stopped for the sake of a later one.
	Cancelled Outcome = "cancelled"
)

// failure reports whether a run gave nothing to go by.
func (o Outcome) failure() bool { return o == NoEvidence || o == Wrong }

// Pause says since when a schedule is paused, and why.
type Pause struct {
	Since time.Time
	Why   string
}

// State is what is known of a schedule.
type State struct {
	Name string
	// File is the campaign's, from the root.
	File string
	Spec Spec
	// LastEvaluated is the last due time that has been decided.
	LastEvaluated time.Time
	// Served: it is one of the scheduler that ran last. It is set by reading.
	Served bool
	// Alive is when a scheduler last looked at it; zero where none ever has.
	Alive time.Time
	// Pause is nil where it is not paused.
	Pause *Pause
	// Open are the fires of which something is still to become, in the order in which
	// they were due.
	Open []Fire
}
