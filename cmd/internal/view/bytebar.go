package cli

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// byteBar shows on a terminal how many of so many bytes have been written to it;
// size is -1 where that is not known. Elsewhere it shows nothing.
func byteBar(env Env, what string, size int64) io.WriteCloser {
	if !env.Terminal {
		return silent{io.Discard}
	}
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(env.Stderr),
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
