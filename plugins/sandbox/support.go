package sandbox

import (
	"fmt"
	"strings"
)

// The versions of Landlock from which something can be restricted.
const (
	abiFiles   = 3 // with ABI 1 and 2, any file can be truncated
	abiNetwork = 4
	abiSignals = 6
	abiSockets = 9
)

// Support is what this system can enforce.
type Support struct {
	// Landlock is the version of Landlock's ABI; 0 for none.
	Landlock int `json:"landlock"`
	// Syscalls can be filtered.
	Syscalls bool `json:"syscalls"`
}

// Files reports whether reading, writing and executing files is restricted.
func (s Support) Files() bool { return s.Landlock >= abiFiles }

// Network reports whether TCP connections are restricted.
func (s Support) Network() bool { return s.Landlock >= abiNetwork }

// Signals reports whether signals to, and abstract sockets of, processes
// outside are restricted.
func (s Support) Signals() bool { return s.Landlock >= abiSignals }

// Sockets reports whether Unix sockets that have a path are restricted. Hardly
// any kernel in use can do that yet.
func (s Support) Sockets() bool { return s.Landlock >= abiSockets }

// Complete reports whether files, network, signals and system calls are all
// restricted. Sockets are not asked for.
func (s Support) Complete() bool {
	return s.Files() && s.Network() && s.Signals() && s.Syscalls
}

// Any reports whether anything can be restricted.
func (s Support) Any() bool { return s.Landlock > 0 || s.Syscalls }

// Missing says, a sentence each, what is not restricted.
func (s Support) Missing() []string {
	var missing []string
	landlock := fmt.Sprintf("Landlock ABI %d", s.Landlock)
	if s.Landlock == 0 {
		landlock = "no Landlock"
	}
	for _, part := range []struct {
		restricted bool
		sentence   string
	}{
		{s.Landlock > 0, landlock + ": files are not restricted"},
		{s.Landlock == 0 || s.Files(), landlock + ": files that may not be written can be truncated"},
		{s.Network(), landlock + ": TCP connections are not restricted"},
		{s.Signals(), landlock + ": signals and abstract Unix sockets are not restricted"},
		{s.Sockets(), landlock + ": Unix sockets that have a path are not restricted"},
		{s.Syscalls, "no seccomp filter: system calls are not restricted"},
	} {
		if !part.restricted {
			missing = append(missing, part.sentence)
		}
	}
	return missing
}

// String says in a line what is enforced and what is not.
func (s Support) String() string {
	if !s.Any() {
		return "nothing is enforced on this system"
	}
	words := fmt.Sprintf("Landlock ABI %d", s.Landlock)
	if s.Syscalls {
		words += " and seccomp"
	}
	if missing := s.Missing(); len(missing) > 0 {
		words += "; " + strings.Join(missing, "; ")
	}
	return words
}

// covers returns an error if s lacks something that is demanded.
func (s Support) covers(demanded Support) error {
	if s.Landlock < demanded.Landlock || demanded.Syscalls && !s.Syscalls {
		return fmt.Errorf("the policy demands more than this system can enforce: %s", s)
	}
	return nil
}
