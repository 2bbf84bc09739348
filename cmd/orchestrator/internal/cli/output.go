package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// output keeps the first error of its writer, so that callers need not check
// each line.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	var n int
	n, o.err = o.w.Write(p)
	return n, o.err
}

// explain adds the first write error to the command's error. An error that the
// command returned because of it is not reported twice. A reader that has gone away wants
// no more: that is no error.
func (o *output) explain(err error) error {
	switch {
	case o.err == nil, errors.Is(o.err, syscall.EPIPE) && !errors.Is(err, o.err):
		return err
	case errors.Is(o.err, syscall.EPIPE):
		return leftOf(err, o.err)
	}
	lost := fmt.Errorf("writing the output: %w", o.err)
	if errors.Is(err, o.err) {
		return lost
	}
	return errors.Join(err, lost)
}

// leftOf returns an error without those of its joined ones that are a certain one.
func leftOf(err, certain error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var rest []error
		for _, one := range joined.Unwrap() {
			rest = append(rest, leftOf(one, certain))
		}
		return errors.Join(rest...)
	}
	if errors.Is(err, certain) {
		return nil
	}
	return err
}

// writeJSON writes a value as indented JSON.
func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
