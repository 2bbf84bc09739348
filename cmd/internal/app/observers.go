package app

import (
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/telemetry"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// followers follow a run for those who are not at the screen: its event log and, where
// the environment names a collector, its trace. A nil one follows nothing.
type followers struct {
	log    *eventlog.Log
	traces *telemetry.Traces // nil where there are none
}

// begin names the run, once it has a record.
func (f *followers) begin(store, run string) {
	f.log.Open(store, run)
	if f.traces != nil {
		f.traces.Name(run)
	}
}

// close ends the log and the trace. Everything else is over.
func (f *followers) close() error {
	f.log.Close()
	if f.traces == nil {
		return nil
	}
	return f.traces.Close()
}

// tracer is nil where there are no traces.
func (f *followers) tracer() engine.Tracer {
	if f.traces == nil {
		return nil
	}
	return f.traces
}

// observer returns what tells the log and all others of a run.
func (f *followers) observer(others ...engine.Observer) engine.Observer {
	return append(observers{f.log}, others...)
}

// observers are told one after the other.
type observers []engine.Observer

// Observe tells each of them.
func (o observers) Observe(e record.Event) {
	for _, one := range o {
		one.Observe(e)
	}
}

// processes returns what is told of the processes of plugins.
func (f *followers) processes() func(host.Event) {
	if f == nil {
		return nil
	}
	return func(e host.Event) {
		f.log.Process(eventlog.Process{Plugin: e.Plugin, What: string(e.Kind), PID: e.PID, Deaths: e.Deaths, Reason: e.Reason})
	}
}

// spans returns what gets the spans that plugins make; nil where there are no traces.
func (f *followers) spans() func(plugin string, otlp []byte) {
	if f == nil || f.traces == nil {
		return nil
	}
	return f.traces.Take
}
