package sandbox

import (
	"fmt"
	"strings"
)

// The lowest Landlock ABI versions that restrict something.
const (
	abiFiles   = 3 // ABI 1 and 2 do not restrict truncating files
	abiNetwork = 4
	abiSignals = 6
	abiSockets = 9
)

// Support is what this system can enforce.
type Support struct {
	// Landlock is the version of Landlock's ABI; 0 if there is no Landlock.
	Landlock int `json:"landlock"`
	// Syscalls is set if system calls can be filtered with seccomp.
	Syscalls bool `json:"syscalls"`
}

// Files reports whether reading, writing and executing files is restricted.
func (s Support) Files() bool { return s.Landlock >= abiFiles }

// Network reports whether TCP connections are restricted.
func (s Support) Network() bool { return s.Landlock >= abiNetwork }

// Signals reports whether signals to processes outside the sandbox and connections
// to their abstract Unix sockets are restricted.
func (s Support) Signals() bool { return s.Landlock >= abiSignals }

// Sockets reports whether connections to Unix sockets with a path are restricted.
// Few kernels in use support this yet.
func (s Support) Sockets() bool { return s.Landlock >= abiSockets }

// Complete reports whether files, network, signals and system calls are all
// restricted. It does not require Sockets.
func (s Support) Complete() bool {
	return s.Files() && s.Network() && s.Signals() && s.Syscalls
}

// Any reports whether this system can restrict anything.
func (s Support) Any() bool { return s.Landlock > 0 || s.Syscalls }

// Missing returns descriptions of what is not restricted, in a fixed order.
func (s Support) Missing() []string {
	var missing []string
	for _, part := range []struct {
		restricted bool
		name       string
	}{
		{s.Landlock > 0, "files"},
		{s.Landlock == 0 || s.Files(), "truncating files that may not be written"},
		{s.Network(), "TCP connections"},
		{s.Signals(), "signals and abstract Unix sockets"},
		{s.Sockets(), "Unix sockets that have a path"},
		{s.Syscalls, "system calls"},
	} {
		if !part.restricted {
			missing = append(missing, part.name)
		}
	}
	return missing
}

// String returns one line with what enforces the sandbox and what is not restricted.
func (s Support) String() string {
	if !s.Any() {
		return "nothing is enforced on this system"
	}
	var by []string
	if s.Landlock > 0 {
		by = append(by, fmt.Sprintf("Landlock ABI %d", s.Landlock))
	}
	if s.Syscalls {
		by = append(by, "seccomp")
	}
	words := strings.Join(by, " and ")
	if missing := s.Missing(); len(missing) > 0 {
		words += "; not restricted: " + strings.Join(missing, ", ")
	}
	return words
}

// covers returns an error if s lacks something that a policy demands.
func (s Support) covers(demanded Support) error {
	if s.Landlock < demanded.Landlock || demanded.Syscalls && !s.Syscalls {
		return fmt.Errorf("the policy demands more than this system can enforce: %s", s)
	}
	return nil
}
