package plugins

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// An author writes plugins.Converter, and what is bundled core.NewConverter:
// the bundled components live in packages that do not know how they are served,
// so that they cannot depend on it. The two names make one and the same value.

// Target describes a target as [core.NewTarget] does.
func Target[C any](info core.Info, defaults C, open func(ctx context.Context, config C) (core.Target, error)) core.Component {
	return core.NewTarget(info, defaults, open)
}

// Converter describes a converter as [core.NewConverter] does.
func Converter[C any](info core.Info, defaults C, open func(ctx context.Context, config C) (core.Converter, error)) core.Component {
	return core.NewConverter(info, defaults, open)
}

// Scorer describes a scorer as [core.NewScorer] does.
func Scorer[C any](info core.Info, defaults C, open func(ctx context.Context, config C) (core.Scorer, error)) core.Component {
	return core.NewScorer(info, defaults, open)
}

// Errorf returns an error of a kind as [core.Errorf] does.
func Errorf(kind core.ErrorKind, format string, args ...any) *core.Error {
	return core.Errorf(kind, format, args...)
}
