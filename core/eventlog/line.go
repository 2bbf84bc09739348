package eventlog

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// version is the format's version: it changes when a field changes its meaning.
const version = 1

// line is one event. Fields that do not apply are left out.
type line struct {
	Version int       `json:"v"`
	Time    time.Time `json:"time"`
	Run     string    `json:"run"`
	Event   string    `json:"event"`

	Campaign string `json:"campaign,omitempty"`
	// Part is the part of the campaign that the run holds; nil for all of it.
	Part   *record.Selection `json:"part,omitempty"`
	Trial  string            `json:"trial,omitempty"`
	Attack string            `json:"attack,omitempty"`
	// Attempt is the number of the attempt at the trial, from 1.
	Attempt int `json:"attempt,omitempty"`
	// Turn counts from 1.
	Turn   int    `json:"turn,omitempty"`
	Target string `json:"target,omitempty"`
	// Component is a converter's or scorer's name in the campaign.
	Component string `json:"component,omitempty"`
	Plugin    string `json:"plugin,omitempty"`
	PID       int    `json:"pid,omitempty"`
	Host      string `json:"host,omitempty"`

	// Seconds is its duration.
	Seconds *float64    `json:"seconds,omitempty"`
	Usage   *core.Usage `json:"usage,omitempty"`
	Outcome string      `json:"outcome,omitempty"`
	Status  string      `json:"status,omitempty"`
	Finish  string      `json:"finish,omitempty"`
	// Score is a number from 0 to 1; nil where the scorer gave none.
	Score     *float64 `json:"score,omitempty"`
	ErrorKind string   `json:"error_kind,omitempty"`
	Reason    string   `json:"reason,omitempty"`
	Request   string   `json:"request,omitempty"`
	Try       int      `json:"try,omitempty"`
	Deaths    int      `json:"deaths,omitempty"`
	Turns     int      `json:"turns,omitempty"`
	Lost      int      `json:"lost,omitempty"`
	Trials    *trials  `json:"trials,omitempty"`
	// Detail is a text of the orchestrator, and quotes nothing of the
	// conversation.
	Detail string `json:"detail,omitempty"`

	// The following hold contents.
	Message string `json:"message,omitempty"`
	Sent    []said `json:"sent,omitempty"`
	Reply   []said `json:"reply,omitempty"`
}

// trials counts a run's trials. Before is the number that had an outcome before
// this process began.
type trials struct {
	Planned      int `json:"planned"`
	Before       int `json:"before,omitempty"`
	Succeeded    int `json:"succeeded,omitempty"`
	Defended     int `json:"defended,omitempty"`
	Undetermined int `json:"undetermined,omitempty"`
	Errored      int `json:"errored,omitempty"`
}

// said is a part of a message: its text, or its size in bytes.
type said struct {
	Role     string `json:"role"`
	Modality string `json:"modality"`
	Text     string `json:"text,omitempty"`
	Bytes    int    `json:"bytes,omitempty"`
}

func seconds(d time.Duration) *float64 {
	s := d.Seconds()
	return &s
}

func usage(u core.Usage) *core.Usage {
	if u == (core.Usage{}) {
		return nil
	}
	return &u
}
