package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// eventLog writes what happens in several runs at a time, each line with the time
// and the schedule that it is about.
type eventLog struct {
	now func() time.Time

	mu sync.Mutex
	w  io.Writer
}

// line writes a line, or several. schedule is "" for what concerns all.
func (l *eventLog) line(schedule, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.now().UTC().Format(time.RFC3339)
	if schedule == "" {
		schedule = "serve"
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintf(l.w, "%s %s: %s\n", at, schedule, line)
	}
}

// writer returns a writer of lines about a schedule.
func (l *eventLog) writer(schedule string) io.Writer { return &lineWriter{log: l, schedule: schedule} }

// lineWriter writes whole lines to an eventLog.
type lineWriter struct {
	log      *eventLog
	schedule string

	mu   sync.Mutex
	rest []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, whole := bytes.Cut(w.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		w.rest = rest
		if len(bytes.TrimSpace(line)) > 0 {
			w.log.line(w.schedule, string(line))
		}
	}
}
