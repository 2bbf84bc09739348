package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// Overlap says what happens to a run that is due while another one of the same
// schedule is in progress.
type Overlap string

// The overlap policies, named as Temporal names them.
const (
	// Skip skips the run. It is the default.
	Skip Overlap = "skip"
	// BufferOne begins the run when the other one has ended; further ones are
	// skipped.
	BufferOne Overlap = "buffer_one"
	// BufferAll begins the run when the others have ended, one after the other.
	BufferAll Overlap = "buffer_all"
	// CancelOther cancels the other run, and begins this one when that has
	// ended.
	CancelOther Overlap = "cancel_other"
	// AllowAll begins the run beside the other one.
	AllowAll Overlap = "allow_all"
)

// Overlaps lists the policies.
func Overlaps() []Overlap { return []Overlap{Skip, BufferOne, BufferAll, CancelOther, AllowAll} }

// DefaultCatchup is the default of Spec.Catchup.
const DefaultCatchup = 10 * time.Minute

// Window is the hours in which runs are allowed.
type Window interface {
	// Closes reports whether it is open at a time, and when it closes.
	Closes(t time.Time) (end time.Time, open bool)
	// Opens returns when it opens next, if it is closed at a time.
	Opens(t time.Time) time.Time
	String() string
}

// Spec is a campaign's schedule.
type Spec struct {
	Cron Cron
	Zone *time.Location
	// Overlap is one of [Overlaps].
	Overlap Overlap
	// Catchup is how late a run may begin or be resumed after the scheduler was
	// down: at least a minute.
	Catchup time.Duration
	// Jitter is the longest delay of a run after its due time.
	Jitter time.Duration
	// PauseOnFailure pauses the schedule after a run without evidence.
	PauseOnFailure bool

	// Window and MaxDuration bound the campaign's runs; nil and zero mean no
	// bound.
	Window      Window
	MaxDuration time.Duration
}

// Next returns the first due time after t; the zero time where there is none.
func (s Spec) Next(t time.Time) time.Time { return s.Cron.Next(t, s.Zone) }

// Begins returns when the run for a due time begins. The jitter is derived from
// the name and the time, so that every process gets the same result.
func (s Spec) Begins(name string, due time.Time) time.Time {
	if s.Jitter <= 0 {
		return due
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", name, due.Unix()))
	share := binary.BigEndian.Uint64(sum[:]) % uint64(s.Jitter)
	return due.Add(time.Duration(share).Truncate(time.Second))
}

// String returns the expression and the zone.
func (s Spec) String() string { return s.Cron.String() + " " + s.Zone.String() }

// Feasible reports whether any run of the schedule can begin within its window.
func (s Spec) Feasible() bool {
	const years, most = 40, 20_000 // the calendar repeats after 28 years
	if s.Window == nil {
		return true
	}
	due := s.Next(epoch())
	for range most {
		for _, begins := range []time.Time{due, due.Add(s.Jitter)} {
			if _, open := s.Window.Closes(begins); open {
				return true
			}
		}
		from := s.Window.Opens(due).Add(-s.Jitter - time.Nanosecond)
		if from.Before(due) {
			from = due
		}
		if due = s.Next(from); due.IsZero() || due.Year() > epoch().Year()+years {
			return false
		}
	}
	return false
}
