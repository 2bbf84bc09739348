//go:build !linux

package sandbox

import "errors"

// Supported returns what this system can enforce: nothing.
func Supported() Support { return Support{} }

// Exec returns an error: there is no sandbox on this system, and a program that
// is meant to be in one is not run without it.
func Exec(_, _ []string) error {
	return errors.New("there is no sandbox on this system")
}
