package host

import "cmp"

// Limits bound what one plugin may use. A field that is 0 means its default.
// The defaults leave room for a thousand voice conversations at a time through
// one plugin.
type Limits struct {
	// Memory is how many bytes may be resident in the plugin's process and all
	// that it has started, together; memory that they share counts for each. A
	// plugin that uses more is killed, and has died. The default is 4 GiB: room
	// for a speech model. It is watched on Linux only.
	Memory int64
	// Calls is how many calls may be in progress at a time; the default is
	// 4096. Others wait for their turn, as long as their contexts let them.
	// Targets have their own turns, beside converters and scorers, because
	// these may use targets: there may be twice as many in all.
	Calls int64
	// InFlight is how many bytes the requests of these calls may have together
	// until they are answered, and how many the replies that are on their way;
	// the default is 1 GiB. A call whose request does not fit waits for its
	// turn; one that is larger than InFlight passes alone. A reply's size is
	// not known before, so that 64 MiB are set aside for each while it comes.
	InFlight int64
}

func (l Limits) withDefaults() Limits {
	return l.or(Limits{Memory: 4 << 30, Calls: 4096, InFlight: 1 << 30})
}

// or returns the limits with those of m in place of what is 0.
func (l Limits) or(m Limits) Limits {
	return Limits{
		Memory:   cmp.Or(l.Memory, m.Memory),
		Calls:    cmp.Or(l.Calls, m.Calls),
		InFlight: cmp.Or(l.InFlight, m.InFlight),
	}
}
