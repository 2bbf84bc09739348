package view

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// ByteBar returns a progress bar for the bytes written to it on a terminal;
// size is -1 if unknown. Without a terminal it shows nothing.
func ByteBar(w io.Writer, terminal bool, what string, size int64) io.WriteCloser {
	if !terminal {
		return silent{io.Discard}
	}
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetWidth(10),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)
}

// silent is a writer that need not be closed.
type silent struct{ io.Writer }

// Close does nothing.
func (silent) Close() error { return nil }

// CountBar returns a function that updates a progress bar on a terminal.
// Without a terminal it is nil.
func CountBar(w io.Writer, terminal bool, what string) func(done, total int) {
	if !terminal {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total,
				progressbar.OptionSetWriter(w),
				progressbar.OptionSetDescription(what),
				progressbar.OptionSetWidth(10),
				progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionClearOnFinish(),
			)
		}
		_ = bar.Set(done) // display only
	}
}
