package host

import "cmp"

// Limits bound the resources of one plugin. 0 means the default. The defaults
// allow a thousand concurrent voice conversations through one plugin.
type Limits struct {
	// Memory is the largest resident memory, in bytes, of the plugin's process
	// and all processes that it has started; shared memory counts for each. A
	// plugin above it is killed, and counts as dead. The default is 4 GiB,
	// which is enough for a speech model. It is enforced on Linux only.
	Memory int64
	// Calls is the largest number of concurrent calls; the default is 4096.
	// Further calls wait, as long as their contexts allow. Calls of targets are
	// counted separately from those of converters and scorers, because these
	// may use targets: there may be twice as many in all.
	Calls int64
	// InFlight is the largest total size, in bytes, of the requests of these
	// calls, and of the replies that are being received; the default is 1 GiB
	// each. A call whose request does not fit waits; one that is larger than
	// InFlight is made alone. A reply's size is not known in advance, so that
	// 64 MiB are reserved for each.
	InFlight int64
}

func (l Limits) withDefaults() Limits {
	return l.or(Limits{Memory: 4 << 30, Calls: 4096, InFlight: 1 << 30})
}

// or returns the limits, with those of m for 0.
func (l Limits) or(m Limits) Limits {
	return Limits{
		Memory:   cmp.Or(l.Memory, m.Memory),
		Calls:    cmp.Or(l.Calls, m.Calls),
		InFlight: cmp.Or(l.InFlight, m.InFlight),
	}
}
