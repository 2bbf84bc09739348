package wstarget

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
)

// outputs returns the outputs of a program on an event that are not null: what an event
// does not have is no output. There are none of a program that is nil.
func outputs(ctx context.Context, p *extract.Program, input any, values []any) ([]any, error) {
	if p == nil {
		return nil, nil
	}
	var all []any
	err := p.Run(ctx, input, values, func(v any) bool {
		if v != nil {
			all = append(all, v)
		}
		return true
	})
	return all, err
}

// found returns the outputs of a program that is run on every event, and may fail on
// those of another shape: it has none then.
func found(ctx context.Context, p *extract.Program, input any, values []any) ([]any, error) {
	all, err := outputs(ctx, p, input, values)
	if extract.IsFailure(err) {
		return nil, nil
	}
	return all, err
}

// holds reports whether the first output is neither null nor false. A program that fails
// on an event, such as one of another shape, does not hold, and neither does one that is
// nil. One whose time is over is an error: what it would say is not known.
func holds(ctx context.Context, p *extract.Program, input any, values []any) (bool, error) {
	if p == nil {
		return false, nil
	}
	does, err := p.Holds(ctx, input, values)
	if extract.IsFailure(err) {
		return false, nil
	}
	return does && err == nil, err
}
