package host

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/hashicorp/go-hclog"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"golang.org/x/time/rate"
)

const (
	// maxLine is where an endless line is cut.
	maxLine = 60 << 10
	// maxShown is how many characters of a line are shown in an error.
	maxShown = 500
	// maxLast is how many lines are kept to tell how a process died.
	maxLast = 8
	// linesPerSecond and linesAtOnce are how many lines of one process come to
	// the log. The rest is counted.
	linesPerSecond, linesAtOnce = 200, 2000
	// lineSize is how many bytes count as a line: a longer one is several.
	lineSize = 512
)

// pluginLog takes what one process logs and prints to the host's log, as far as
// it is not too much.
type pluginLog struct {
	log  hclog.Logger
	rate *rate.Limiter

	mu        sync.Mutex
	last      []string // as they came
	panicking bool
	dropped   int
	summary   *time.Timer // set while lines are being dropped
}

func newPluginLog(log hclog.Logger) *pluginLog {
	return &pluginLog{log: log, rate: rate.NewLimiter(linesPerSecond, linesAtOnce)}
}

// structured takes a line of standard error: one of hclog's JSON lines, or
// anything.
func (l *pluginLog) structured(line string) { l.take(line, true) }

// plain takes a line that says nothing about its level. The trace of a Go
// program that crashes comes as such lines.
func (l *pluginLog) plain(line string) { l.take(line, false) }

// take does little with a line that is dropped: a plugin that floods its log
// must not keep the host busy.
func (l *pluginLog) take(line string, structured bool) {
	crashing := l.remember(line)
	if !l.rate.AllowN(time.Now(), 1+len(line)/lineSize) {
		l.drop()
		return
	}
	if entry, ok := parseEntry(line); ok && structured {
		l.log.Log(entry.level, entry.message, entry.pairs...)
		return
	}
	level := hclog.Info
	if crashing {
		level = hclog.Error
	}
	l.log.Log(level, printable(line))
}

// drop counts a line that is too much. They are summed up every second.
func (l *pluginLog) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped++
	if l.summary == nil {
		l.summary = time.AfterFunc(time.Second, l.flush)
	}
}

// flush sums up the lines that were dropped. It logs without the lock: a log that
// hangs must not hold up whoever reads the plugin's output.
func (l *pluginLog) flush() {
	l.mu.Lock()
	summary, dropped := l.summary, l.dropped
	l.summary, l.dropped = nil, 0
	l.mu.Unlock()
	if summary == nil {
		return
	}
	summary.Stop()
	l.log.Warn(fmt.Sprintf("dropped %d lines of log", dropped), "lines_per_second", linesPerSecond)
}

// remember keeps the line for the error that says how the process died, and
// reports whether it is crashing. Of a crash the first lines tell most, else the last.
func (l *pluginLog) remember(line string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.panicking && (strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")) {
		l.panicking, l.last = true, nil
	}
	if strings.TrimSpace(line) == "" {
		return l.panicking
	}
	if len(l.last) == maxLast {
		if l.panicking {
			return true
		}
		l.last = slices.Delete(l.last, 0, 1)
	}
	l.last = append(l.last, line)
	return l.panicking
}

// lastLines returns the lines that tell most about a death.
func (l *pluginLog) lastLines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []string
	for _, line := range l.last {
		if e, ok := parseEntry(line); ok {
			line = e.message + formatPairs(e.pairs)
		}
		lines = append(lines, phrase.Shorten(printable(line), maxShown))
	}
	return lines
}

type entry struct {
	level   hclog.Level
	message string
	pairs   []any
}

// parseEntry parses a line of hclog's. It takes nothing for granted: the line
// comes from another program.
func parseEntry(line string) (entry, bool) {
	var raw map[string]any
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &raw) != nil {
		return entry{}, false
	}
	message, isText := raw["@message"].(string)
	levelName, hasLevel := raw["@level"].(string)
	level := hclog.LevelFromString(levelName)
	if !isText || !hasLevel || level == hclog.NoLevel || level == hclog.Off {
		return entry{}, false
	}
	e := entry{level: level, message: printable(message)}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if key == "@message" || key == "@level" || key == "@timestamp" {
			continue
		}
		e.pairs = append(e.pairs, strings.TrimPrefix(printable(key), "@"), raw[key])
	}
	return e, true
}

func formatPairs(pairs []any) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, " %v=%v", pairs[i], pairs[i+1])
	}
	return printable(b.String())
}

// printable keeps a plugin from writing escape sequences to a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' && r != '\n' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// eachLine calls f with each line until the reader ends or fails. Lines longer
// than maxLine come in pieces.
func eachLine(r io.Reader, f func(line string)) {
	lines := bufio.NewReaderSize(r, maxLine)
	for {
		line, _, err := lines.ReadLine()
		if err != nil {
			return
		}
		f(string(line))
	}
}

// lineWriter is a writer that calls f with each line, without a lock: f may block.
// The lines are in order where one goroutine writes.
type lineWriter struct {
	f func(line string)

	mu      sync.Mutex
	partial []byte
}

// Write never fails.
func (w *lineWriter) Write(p []byte) (int, error) {
	for _, line := range w.lines(p) {
		w.f(line)
	}
	return len(p), nil
}

// lines returns the lines that p ends, and keeps the rest.
func (w *lineWriter) lines(p []byte) (lines []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.partial = append(w.partial, p...)
	for {
		line, rest, found := bytes.Cut(w.partial, []byte("\n"))
		if !found && len(w.partial) < maxLine {
			return lines
		}
		lines = append(lines, string(line))
		w.partial = rest
	}
}

// flush calls f with a last line that has no end.
func (w *lineWriter) flush() {
	w.mu.Lock()
	last := w.partial
	w.partial = nil
	w.mu.Unlock()
	if len(last) > 0 {
		w.f(string(last))
	}
}
