package app

import (
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/telemetry"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// followers are the event log of a run and, if the environment names a
// collector, its trace. nil has neither.
type followers struct {
	log    *eventlog.Log
	traces *telemetry.Traces // nil without a collector
}

// begin sets the run's ID, once it has a record.
func (f *followers) begin(store, run string) {
	f.log.Open(store, run)
	if f.traces != nil {
		f.traces.Name(run)
	}
}

// close closes the log and the trace, after everything else has ended.
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

// observer returns the observer of the log and all others.
func (f *followers) observer(others ...engine.Observer) engine.Observer {
	return append(observers{f.log}, others...)
}

// observers are called one after the other.
type observers []engine.Observer

// Observe passes the event to each of them.
func (o observers) Observe(e record.Event) {
	for _, one := range o {
		one.Observe(e)
	}
}

// processes returns the callback for events of plugins' processes.
func (f *followers) processes() func(host.Event) {
	if f == nil {
		return nil
	}
	return func(e host.Event) {
		f.log.Process(eventlog.Process{Plugin: e.Plugin, What: string(e.Kind), PID: e.PID, Deaths: e.Deaths, Reason: e.Reason})
	}
}

// spans returns the callback for plugins' spans; nil without a collector.
func (f *followers) spans() func(plugin string, otlp []byte) {
	if f == nil || f.traces == nil {
		return nil
	}
	return f.traces.Take
}
