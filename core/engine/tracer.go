package engine

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Tracer follows a run step by step. Other than an [Observer], it is told when a
// step begins, and what is done in the step gets the context that it returns: so
// the processes of plugins can be told which step they work for.
type Tracer interface {
	// Begin begins a step within the one of the context. end is called once, when
	// the step is over. Both are called from many goroutines and have to be quick.
	// What they are given is not to be modified, and may hold secrets.
	Begin(ctx context.Context, s record.Step) (within context.Context, end func(record.StepEnd))
}

// tracing begins steps, where anybody follows the run.
type tracing struct{ tracer Tracer } // which may be nil

func (t tracing) step(ctx context.Context, s record.Step) (context.Context, func(record.StepEnd)) {
	if t.tracer == nil {
		return ctx, func(record.StepEnd) {}
	}
	return t.tracer.Begin(ctx, s)
}
