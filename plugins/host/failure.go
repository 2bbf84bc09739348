package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// failure converts the gRPC error of a call. A component's own error is
// returned unchanged.
func (p *process) failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		if e := wire.DecodeError(err); e != nil && core.KindOf(e) != core.ErrorInternal && !errors.Is(ctx.Err(), context.Canceled) {
			return e // the component's own words came in time
		}
		if !errors.Is(err, ctx.Err()) { // otherwise the error says what the call waited for
			err = ctx.Err()
		}
		return fmt.Errorf("plugin %q: %w", p.name, err)
	}
	if e := wire.DecodeError(err); e != nil {
		return e
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch s.Code() {
	case codes.Unavailable, codes.Canceled:
		return p.connectionBroke(ctx, s)
	case codes.DeadlineExceeded: // the plugin's clock was a little ahead of the host's
		return fmt.Errorf("plugin %q: %w", p.name, context.DeadlineExceeded)
	case codes.ResourceExhausted:
		return core.Errorf(core.ErrorInput, "plugin %q: a message is larger than the %d MiB that fit: %s", p.name, wire.MaxMessage>>20, s.Message())
	case codes.Unimplemented:
		return core.Errorf(core.ErrorUnsupported, "plugin %q: %s", p.name, s.Message()).
			WithHint("the plugin may be built against another version of the plugin contract")
	case codes.Unknown, codes.Internal: // exceptions in other languages
		return core.Errorf(core.ErrorInternal, "plugin %q: %s", p.name, s.Message())
	default:
		return core.Errorf(core.ErrorProtocol, "plugin %q: %s: %s", p.name, s.Code(), s.Message())
	}
}

// connectionBroke returns the error of a call whose connection broke: how the
// process died, if it did. gRPC notices a death before the kernel reports it.
func (p *process) connectionBroke(ctx context.Context, s *status.Status) error {
	timer := time.NewTimer(deathGrace)
	defer timer.Stop()
	select {
	case <-p.run.over:
	case <-timer.C:
		return p.withLastLines(core.Errorf(core.ErrorUnavailable, "the connection to plugin %q broke: %s", p.name, s.Message()))
	case <-ctx.Done():
		return fmt.Errorf("plugin %q: %w", p.name, ctx.Err())
	}
	if p.stopping.Load() {
		return core.Errorf(core.ErrorUnavailable, "plugin %q was stopped", p.name)
	}
	return p.died()
}

// crash is the end of a process that was not asked to end.
type crash struct{ plugin, reason string }

// Error says how the process died.
func (c *crash) Error() string { return fmt.Sprintf("plugin %q %s", c.plugin, c.reason) }

// unlessDead ignores the death of the process, for calls that close something:
// it is closed then.
func unlessDead(err error) error {
	if _, dead := errors.AsType[*crash](err); dead {
		return nil
	}
	return err
}

// died is the error of the calls of a process that has died.
func (p *process) died() *core.Error {
	return p.withLastLines(core.Errorf(core.ErrorUnavailable, "%w", &crash{p.name, p.reason()}))
}

// reason says how the process died, as a phrase after its name.
func (p *process) reason() string {
	if reason := p.killedFor.Load(); reason != nil {
		return *reason
	}
	return fmt.Sprintf("died (%s)", p.run.status)
}

// ofComponent adds the component's name to an error about its result.
func (i *instance) ofComponent(err error) error {
	if _, ok := errors.AsType[*core.Error](err); !ok {
		return err
	}
	return fmt.Errorf("%s %q: %w", i.info.Kind, i.use, err)
}
