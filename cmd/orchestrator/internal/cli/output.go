package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// output remembers the first error of its writer, so that those who print need
// not ask after each line.
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

// explain adds the first error of the output to that of the command. An error that
// the command returned because of it is not reported twice.
func (o *output) explain(err error) error {
	if o.err == nil {
		return err
	}
	lost := fmt.Errorf("writing the output: %w", o.err)
	if errors.Is(err, o.err) {
		return lost
	}
	return errors.Join(err, lost)
}

// writeJSON writes a value for programs, and for people who look at it.
func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
