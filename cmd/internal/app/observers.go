package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/telemetry"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// watch follows a run for those who are not at the screen: its event log and, where
// the environment names a collector, its trace. A nil one follows nothing.
type watch struct {
	log    *eventlog.Log
	traces *telemetry.Traces // nil where there are none
}

// watch begins to follow what is carried out.
func (c *conduct) watch(ctx context.Context) (*watch, error) {
	traces, err := telemetry.Start(ctx, telemetry.Options{LookupEnv: c.env.LookupEnv, Version: version(), Redactor: c.redactor, Warn: c.warn})
	if err != nil {
		return nil, err
	}
	w := c.watchAlone()
	w.traces = traces
	return w, nil
}

// watchAlone is watch for what opens no connection.
func (c *conduct) watchAlone() *watch {
	return &watch{log: eventlog.New(eventlog.Options{Contents: c.flags.logContents, Redactor: c.redactor, Now: c.env.Now, Warn: c.warn})}
}

func (c *conduct) warn(message string) { fmt.Fprintf(c.log, "orchestrator: warning: %s\n", message) }

// begin names the run, once it has a record.
func (w *watch) begin(store, run string) {
	w.log.Open(store, run)
	if w.traces != nil {
		w.traces.Name(run)
	}
}

// close ends the log and the trace. Everything else is over.
func (w *watch) close() error {
	w.log.Close()
	if w.traces == nil {
		return nil
	}
	return w.traces.Close()
}

// tracer is nil where there are no traces.
func (w *watch) tracer() engine.Tracer {
	if w.traces == nil {
		return nil
	}
	return w.traces
}

// observing returns who is told of a run: the log, and others, of which each may be
// nil.
func (w *watch) observing(others ...engine.Observer) engine.Observer {
	all := observers{w.log}
	for _, o := range others {
		if o != nil {
			all = append(all, o)
		}
	}
	return all
}

// observers are told one after the other.
type observers []engine.Observer

// Observe tells each of them.
func (o observers) Observe(e record.Event) {
	for _, one := range o {
		one.Observe(e)
	}
}

// processes returns who is told what happens to plugins' processes.
func (w *watch) processes() func(host.Event) {
	if w == nil {
		return nil
	}
	return func(e host.Event) {
		w.log.Process(eventlog.Process{Plugin: e.Plugin, What: string(e.What), PID: e.PID, Deaths: e.Deaths, Reason: e.Reason})
	}
}

// spans returns who gets the spans that plugins make; nil where nobody does.
func (w *watch) spans() func(plugin string, otlp []byte) {
	if w == nil || w.traces == nil {
		return nil
	}
	return w.traces.Take
}

// eventFile returns the file of a run's events, "" where there is none.
func eventFile(store, run string) string {
	file := eventlog.File(store, run)
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}
