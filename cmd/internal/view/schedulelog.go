package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// ScheduleLog writes the log of concurrent scheduled runs, each line with the
// time and the schedule's name. It is safe for concurrent use.
type ScheduleLog struct {
	now func() time.Time

	mu sync.Mutex
	w  io.Writer
}

// NewScheduleLog returns a ScheduleLog that writes to w.
func NewScheduleLog(w io.Writer, now func() time.Time) *ScheduleLog {
	return &ScheduleLog{now: now, w: printable{w}}
}

// Line writes one or more lines. schedule is "" for lines that concern all
// schedules.
func (l *ScheduleLog) Line(schedule, text string) {
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

// Writer returns a writer of lines about a schedule.
func (l *ScheduleLog) Writer(schedule string) io.Writer {
	return &lineWriter{log: l, schedule: schedule}
}

// lineWriter writes whole lines to a ScheduleLog.
type lineWriter struct {
	log      *ScheduleLog
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
			w.log.Line(w.schedule, string(line))
		}
	}
}
