package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// openTimeout is the time limit for opening one component. It is long because a
// plugin may load a model.
const openTimeout = 2 * time.Minute

// components are the opened components by their names in the campaign. Each is
// written once, while it is opened, and read afterwards.
type components struct {
	targets    map[string]core.Target
	converters map[string]core.Converter
	scorers    map[string]core.Scorer

	mu      sync.Mutex
	closers []namedCloser
}

type namedCloser struct {
	name   string
	closer io.Closer
}

func newComponents() *components {
	return &components{targets: map[string]core.Target{}, converters: map[string]core.Converter{}, scorers: map[string]core.Scorer{}}
}

// open opens everything that a plan uses, in parallel; targets come first,
// because converters and scorers may use them. It fails where any component
// cannot be opened, with the errors of all, in the order of the plan; nothing has been
// sent by then. The errors hold no secrets.
func (c *components) open(ctx context.Context, p *plan.Plan, configs configs, opener core.Opener, clean redaction) error {
	failures := make([]error, len(p.Targets)+len(p.Converters)+len(p.Scorers))
	var opening sync.WaitGroup
	for i, d := range p.Targets {
		opening.Go(func() {
			failures[i] = openInto(ctx, c, c.targets, core.KindTarget, d.Component, configs, opener, clean)
		})
	}
	opening.Wait()
	for i, d := range p.Converters {
		opening.Go(func() {
			failures[len(p.Targets)+i] = openInto(ctx, c, c.converters, core.KindConverter, d.Component, configs, opener, clean)
		})
	}
	for i, d := range p.Scorers {
		opening.Go(func() {
			failures[len(p.Targets)+len(p.Converters)+i] = openInto(ctx, c, c.scorers, core.KindScorer, d.Component, configs, opener, clean)
		})
	}
	opening.Wait()
	return errors.Join(failures...)
}

// openInto opens one component.
func openInto[T any](
	ctx context.Context, c *components, into map[string]T, kind core.Kind, used plan.Component, configs configs,
	opener core.Opener, clean redaction,
) error {
	d := plan.Definition{Kind: kind, Name: used.Name}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	component, err := core.OpenAs[T](ctx, opener, used.Use, configs[d])
	if err != nil {
		return clean.error(fmt.Errorf("%s (%s): %w", d, used.Use, err))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	into[used.Name] = component
	if closer, ok := any(component).(io.Closer); ok {
		c.closers = append(c.closers, namedCloser{d.String(), closer})
	}
	return nil
}

// close closes the opened components.
func (c *components) close(events reporter) {
	for _, opened := range c.closers {
		if err := opened.closer.Close(); err != nil {
			events.warn(record.TrialInfo{}, "closing %s: %v", opened.name, err)
		}
	}
}
