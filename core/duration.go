package core

import (
	"fmt"
	"time"
)

// Duration is a [time.Duration] that configuration writes as "1m30s".
type Duration time.Duration

// Std returns the duration as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String formats the duration as [time.Duration] does.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText encodes the duration as "1m30s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses what [time.ParseDuration] parses.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 500ms, 30s or 2m", text)
	}
	*d = Duration(parsed)
	return nil
}
