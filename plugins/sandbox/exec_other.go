//go:build !linux

package sandbox

import "errors"

// Supported returns the zero Support: nothing can be enforced on this system.
func Supported() Support { return Support{} }

// Exec always returns an error: there is no sandbox on this system, and the program
// must not be run without one.
func Exec(_, _ []string) error {
	return errors.New("there is no sandbox on this system")
}
