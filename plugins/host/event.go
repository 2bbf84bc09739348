package host

// Event is an event of a plugin's process.
type Event struct {
	Plugin string
	Kind   EventKind
	// PID is the process's id; 0 where that is not known.
	PID int
	// Deaths counts the plugin's processes that have died; set for Restarting.
	Deaths int
	// Reason says how a process died, as a phrase after the plugin's name.
	Reason string
}

// EventKind is the kind of an event of a plugin's process.
type EventKind string

// The kinds of events.
const (
	// Started: the process runs, and has described its components.
	Started EventKind = "started"
	// Restarting: the process has died and is started again, after a pause.
	Restarting EventKind = "restarting"
	// Died: the process ended without a request.
	Died EventKind = "died"
	// Stopped: the host stopped the process, because it is not needed any more.
	Stopped EventKind = "stopped"
)

func (o Options) observe(e Event) {
	if o.Observe != nil {
		o.Observe(e)
	}
}
