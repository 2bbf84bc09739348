package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"testing"
)

// broken is a writer whose reader has gone away, or whose disk is full.
type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestAReaderThatHasGoneAwayTakesNoVerdictWithIt(t *testing.T) {
	gone := &fs.PathError{Op: "write", Path: "stdout", Err: syscall.EPIPE}
	full := &fs.PathError{Op: "write", Path: "stdout", Err: syscall.ENOSPC}
	other := errors.New("no store")
	for name, test := range map[string]struct {
		write, err error
		code       int
		want       string
	}{
		"nothing went wrong":          {nil, nil, exitClean, ""},
		"the reader has gone":         {gone, gone, exitClean, ""},
		"wrapped":                     {gone, fmt.Errorf("listing: %w", gone), exitClean, ""},
		"a verdict":                   {gone, conclusion{exitFindings}, exitFindings, "exit code 1"},
		"a verdict and its own error": {gone, errors.Join(conclusion{exitFindings}, fmt.Errorf("listing: %w", gone)), exitFindings, "exit code 1"},
		"an error of another sort":    {gone, errors.Join(other, errors.Join(gone)), exitNoEvidence, "no store"},
		"a full disk":                 {full, full, exitNoEvidence, "writing the output: write stdout: no space left on device"},
	} {
		t.Run(name, func(t *testing.T) {
			o := &output{w: io.Discard}
			if test.write != nil {
				o.w = broken{test.write}
			}
			_, _ = o.Write([]byte("x"))
			err := o.explain(test.err)
			if got := exitCode(err); got != test.code {
				t.Errorf("exit code %d, want %d", got, test.code)
			}
			if test.want == "" && err != nil || test.want != "" && fmt.Sprint(err) != test.want {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
