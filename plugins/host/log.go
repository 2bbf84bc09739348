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
	// maxLine is the length, in bytes, at which a line is split.
	maxLine = 60 << 10
	// maxShown is the largest number of characters of a line in an error.
	maxShown = 500
	// maxLast is the number of lines that are kept for the error of a death.
	maxLast = 8
	// linesPerSecond and linesAtOnce bound the rate of a process's lines in the
	// log. Further lines are counted.
	linesPerSecond, linesAtOnce = 200, 2000
	// lineSize is the number of bytes that count as one line: a longer line
	// counts as several.
	lineSize = 512
)

// pluginLog passes the log and output of one process to the host's log, within
// a rate limit.
type pluginLog struct {
	log  hclog.Logger
	rate *rate.Limiter

	mu        sync.Mutex
	last      []string // oldest first
	panicking bool
	dropped   int
	summary   *time.Timer // set while lines are being dropped
}

func newPluginLog(log hclog.Logger) *pluginLog {
	return &pluginLog{log: log, rate: rate.NewLimiter(linesPerSecond, linesAtOnce)}
}

// structured handles a line of standard error: one of hclog's JSON lines, or
// plain text.
func (l *pluginLog) structured(line string) { l.take(line, true) }

// plain handles a line without a level. The stack trace of a Go program that
// crashes consists of such lines.
func (l *pluginLog) plain(line string) { l.take(line, false) }

// take does little work for a line that is dropped: a plugin that floods its
// log must not slow the host down.
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

// drop counts a line above the rate limit. The count is logged every second.
func (l *pluginLog) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped++
	if l.summary == nil {
		l.summary = time.AfterFunc(time.Second, l.flush)
	}
}

// flush logs the number of dropped lines. It does not hold the lock while it
// logs: a log that blocks must not hold up the reader of the plugin's output.
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
// reports whether it is crashing. It keeps the first lines of a crash trace,
// otherwise the last lines.
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

// lastLines returns the kept lines.
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

// parseEntry parses one of hclog's lines. It validates every field, because the
// line comes from another program.
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

// printable removes escape sequences, so that a plugin cannot write them to a
// terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' && r != '\n' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// eachLine calls f with each line until the reader ends or fails. Lines longer
// than maxLine are split.
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

// lineWriter is a writer that calls f with each line. It holds no lock
// meanwhile: f may block. The lines are in order if one goroutine writes.
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

// lines returns the lines that end in p, and keeps the rest.
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

// flush calls f with a last line without a line end.
func (w *lineWriter) flush() {
	w.mu.Lock()
	last := w.partial
	w.partial = nil
	w.mu.Unlock()
	if len(last) > 0 {
		w.f(string(last))
	}
}
