package host

// Event is something that happened to the process of a plugin.
type Event struct {
	Plugin string
	Kind   EventKind
	// PID is the process's; 0 where that is not known.
	PID int
	// Deaths counts the processes of the plugin that have died, where one is
	// started again.
	Deaths int
	// Reason says how a process died, in words that go on after the plugin's name.
	Reason string
}

// EventKind says what happened to the process of a plugin.
type EventKind string

// The kinds of events.
const (
	// Started: it is running, and has said what it offers.
	Started EventKind = "started"
	// Restarting: it has died and is started again, after a pause.
	Restarting EventKind = "restarting"
	// Died: the process ended without being asked to.
	Died EventKind = "died"
	// Stopped: it was stopped, because it is not needed any more.
	Stopped EventKind = "stopped"
)

func (o Options) observe(e Event) {
	if o.Observe != nil {
		o.Observe(e)
	}
}
