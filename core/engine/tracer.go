package engine

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Tracer traces the steps of a run. Unlike an [Observer], it is called when a
// step begins, and the step gets the context that it returns, so that plugins'
// processes know the step too.
type Tracer interface {
	// Begin begins a step within that of the context. end is called once, at
	// the end of the step. Both are called from many goroutines and have to be
	// quick. Their arguments must not be modified, and may hold secrets.
	Begin(ctx context.Context, s record.Step) (within context.Context, end func(record.StepEnd))
}

// tracing begins steps if there is a Tracer.
type tracing struct{ tracer Tracer } // which may be nil

func (t tracing) step(ctx context.Context, s record.Step) (context.Context, func(record.StepEnd)) {
	if t.tracer == nil {
		return ctx, func(record.StepEnd) {}
	}
	return t.tracer.Begin(ctx, s)
}
