package eventlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// mostEarly is the number of events that are kept before Open.
const mostEarly = 1000

// Options are the dependencies and settings of a log.
type Options struct {
	// Contents has the messages written, and all texts that may quote them.
	Contents bool
	// Redactor removes secrets.
	Redactor *secret.Redactor
	// Warn is called once when the log cannot be written, and at the end with
	// the number of missing events.
	Warn func(message string)
}

// Log is the log of one run. Its methods may be called concurrently.
type Log struct {
	options Options

	mu   sync.Mutex
	run  string
	file *os.File // nil before Open, and where the file could not be opened
	// early are the lines before Open.
	early []line
	// torn says that the file ends with an incomplete line; lost is the number
	// of events missing since the last one that was written, and missing the
	// total.
	torn          bool
	lost, missing int
	warned        bool
	// warnings are to be passed on after the lock is released.
	warnings []string
}

// New returns a log that keeps events in memory until it is opened.
func New(o Options) *Log { return &Log{options: o} }

// File returns the path of a run's log, within the folder of its store.
func File(store, run string) string { return filepath.Join(store, "events", run+".jsonl") }

// Open opens the log of a run, within the folder of its store. An existing log,
// of a run that is resumed, is continued.
func (l *Log) Open(store, run string) {
	l.change(func() { l.open(store, run) })
}

// change changes the log under its lock, and passes its warnings on after the
// lock is released, so that Warn may call Observe.
func (l *Log) change(f func()) {
	for _, message := range l.locked(f) {
		l.options.Warn(message)
	}
}

func (l *Log) locked(f func()) (warnings []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	warnings, l.warnings = l.warnings, nil
	return warnings
}

func (l *Log) open(store, run string) {
	l.closeFile()
	l.run = run
	path := File(store, run)
	var err error
	if l.file, l.torn, err = openEnd(path); err != nil {
		l.file = nil
		l.warn(fmt.Errorf("opening it: %w", err))
	}
	early := l.early
	l.early = nil
	for _, e := range early {
		l.put(e)
	}
}

// openEnd opens a file for appending. torn says that it ends with an incomplete
// line.
func openEnd(path string) (file *os.File, torn bool, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, false, err
	}
	file, err = os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, false, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, false, errors.Join(err, file.Close())
	}
	if info.Size() == 0 {
		return file, false, nil
	}
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, info.Size()-1); err != nil && !errors.Is(err, io.EOF) {
		return nil, false, errors.Join(err, file.Close())
	}
	return file, last[0] != '\n', nil
}

// Close closes the log, and warns if events are missing. Later events are dropped.
func (l *Log) Close() { l.change(l.close) }

func (l *Log) close() {
	if l.missing > 0 {
		l.warnings = append(l.warnings, fmt.Sprintf("the event log of run %s lacks %d events; the record in the store is whole", l.run, l.missing))
	}
	l.closeFile()
}

func (l *Log) closeFile() {
	if l.file == nil {
		return
	}
	if err := errors.Join(l.file.Sync(), l.file.Close()); err != nil {
		l.warn(err)
	}
	l.file = nil
}

// write adds a line.
func (l *Log) write(e line) { l.change(func() { l.add(e) }) }

func (l *Log) add(e line) {
	e.Time = time.Now().UTC()
	if l.run == "" {
		if len(l.early) < mostEarly {
			l.early = append(l.early, e)
		}
		return
	}
	l.put(e)
}

// put writes a line to the file. If lines were lost before, it first writes
// their number.
func (l *Log) put(e line) {
	if l.lost > 0 {
		if !l.putOne(line{Time: e.Time, Event: "events_lost", Lost: l.lost}) {
			l.lose()
			return
		}
		l.lost = 0
	}
	if !l.putOne(e) {
		l.lose()
	}
}

func (l *Log) lose() {
	l.lost++
	l.missing++
}

// putOne reports whether the line was written completely.
func (l *Log) putOne(e line) bool {
	if l.file == nil {
		return false
	}
	e.Version, e.Run = version, l.run
	encoded, err := json.Marshal(e)
	if err != nil {
		l.warn(err)
		return false
	}
	encoded = append(encoded, '\n')
	if l.torn {
		encoded = append([]byte{'\n'}, encoded...)
	}
	n, err := l.file.Write(encoded)
	l.torn = l.torn && n == 0 || n > 0 && n < len(encoded)
	if err != nil {
		l.warn(err)
	}
	return err == nil
}

// warn says once that the log cannot be written.
func (l *Log) warn(err error) {
	if !l.warned {
		l.warned = true
		l.warnings = append(l.warnings, fmt.Sprintf("the event log cannot be written; the run goes on, and its record is in the store: %v", err))
	}
}
