package conformance

import "context"

// T receives the results of checks. It behaves as a testing.T: Fatalf and Skipf
// end the check that calls them.
type T interface {
	// Context ends when the check has to end.
	Context() context.Context
	// Group runs checks that belong together, under a name.
	Group(name string, checks func(T))
	// Run runs one check, and reports whether it has passed.
	Run(name string, check func(T)) bool
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}
