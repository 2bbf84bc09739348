package view

import (
	"fmt"
	"maps"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

const (
	// shownPause is the length of a pause above which the bar shows it.
	shownPause = time.Second
	// longestName is the length at which a target's name is cut in the bar,
	// which has to fit into one line.
	longestName = 14
)

// pauses are the targets that are paused now.
type pauses map[string]targetPause

type targetPause struct {
	until time.Time
	why   string
}

// observe handles an event that begins or ends a pause, and reports whether it
// is one.
func (p pauses) observe(e record.Event) bool {
	switch e := e.(type) {
	case record.TargetPaused:
		if e.For >= shownPause {
			p[e.Target] = targetPause{time.Now().Add(e.For), pauseWords(e.Reason)}
		}
	case record.TargetResumed:
		delete(p, e.Target)
	case record.TargetUp:
		delete(p, e.Target)
	default:
		return false
	}
	return true
}

// String names the paused target, the time and the reason, or the number of
// paused targets; "" where none is.
func (p pauses) String() string {
	now := time.Now()
	maps.DeleteFunc(p, func(_ string, t targetPause) bool { return !t.until.After(now) })
	var last targetPause
	var name string
	for target, pause := range p {
		if pause.until.After(last.until) {
			name, last = target, pause
		}
	}
	left := max(last.until.Sub(now).Round(time.Second), time.Second)
	switch len(p) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%s paused %s: %s", phrase.Shorten(name, longestName), left, last.why)
	default:
		return fmt.Sprintf("%d targets paused %s", len(p), left)
	}
}

func pauseWords(r record.PauseReason) string {
	switch r {
	case record.PauseDown:
		return "down"
	case record.PauseUsedUp:
		return "limit used up"
	default:
		return "rate limited"
	}
}
