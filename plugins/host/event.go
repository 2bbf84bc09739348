package host

// Event is something that happened to the process of a plugin.
type Event struct {
	Plugin string
	What   Happening
	// PID is the process's; 0 where that is not known.
	PID int
	// Deaths counts the processes of the plugin that have died, where one is
	// started again.
	Deaths int
	// Reason says how a process died, in words that go on after the plugin's name.
	Reason string
}

// Happening is what can happen to the process of a plugin.
type Happening string

// What happens to the process of a plugin.
const (
	// Started: it is running, and has said what it offers.
	Started Happening = "started"
	// Restarting: it has died and is started again, after a pause.
	Restarting Happening = "restarting"
	// Died: the process ended without being asked to.
	Died Happening = "died"
	// Stopped: it was stopped, because it is not needed any more.
	Stopped Happening = "stopped"
)

func (o Options) observe(e Event) {
	if o.Observe != nil {
		o.Observe(e)
	}
}
