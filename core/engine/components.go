package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// openTimeout bounds the opening of one component. A plugin that has to load
// a model is slow; one that takes longer than this hangs.
const openTimeout = 2 * time.Minute

// components are the opened components under their names in the campaign. A
// component is written once, while opening, and read afterwards.
type components struct {
	targets    map[string]core.Target
	converters map[string]core.Converter
	scorers    map[string]core.Scorer

	mu      sync.Mutex
	closers []namedCloser
}

type namedCloser struct {
	name string
	io.Closer
}

// open opens everything that the plan uses, in parallel: the targets first, so
// that they are there for whoever uses them. It fails where a
// secret is missing or any component cannot be opened: somebody has to mend
// that, and nothing has been sent yet.
func (c *components) open(ctx context.Context, r *run) error {
	c.targets = map[string]core.Target{}
	c.converters = map[string]core.Converter{}
	c.scorers = map[string]core.Scorer{}
	configs, err := r.expand()
	if err != nil {
		return err
	}
	resolver := r.Resolver(r.helpers())
	targets, opening := errgroup.WithContext(ctx)
	for _, d := range r.plan.Targets {
		openInto(opening, targets, r, c.targets, core.KindTarget, d.Component, configs, resolver.OpenTarget)
	}
	if err := targets.Wait(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, d := range r.plan.Converters {
		openInto(ctx, group, r, c.converters, core.KindConverter, d.Component, configs, resolver.OpenConverter)
	}
	for _, d := range r.plan.Scorers {
		openInto(ctx, group, r, c.scorers, core.KindScorer, d.Component, configs, resolver.OpenScorer)
	}
	return group.Wait()
}

// expand fills the secrets in. It handles all of them before any component is
// opened, so that nothing is recorded while the Redactor does not know them.
func (r *run) expand() (map[plan.Definition][]byte, error) {
	configs := map[plan.Definition][]byte{}
	var wrong []error
	missing := absences{}
	one := func(kind core.Kind, c plan.Component) {
		d := plan.Definition{Kind: kind, Name: c.Name}
		absent := false
		config, values, err := secret.Expand(c.Config, func(ref secret.Reference) (string, error) {
			value, err := r.Secrets(ref)
			if err != nil {
				absent = true
				missing.add(ref.Raw, err, fmt.Sprintf("%s: %s", d, ref.Path))
			}
			return value, err
		})
		if err != nil && !absent {
			wrong = append(wrong, fmt.Errorf("%s: %w", d, err))
		}
		r.Redactor.Add(values...)
		configs[d] = config
	}
	for _, t := range r.plan.Targets {
		one(core.KindTarget, t.Component)
	}
	for _, c := range r.plan.Converters {
		one(core.KindConverter, c.Component)
	}
	for _, s := range r.plan.Scorers {
		one(core.KindScorer, s.Component)
	}
	return configs, errors.Join(append(missing.errors(), wrong...)...)
}

// absences are the secrets that were not found, by reference. One that several
// components need is reported once.
type absences map[string]*absence

type absence struct {
	err   error
	needs []string
}

func (a absences) add(ref string, err error, need string) {
	if a[ref] == nil {
		a[ref] = &absence{err: err}
	}
	a[ref].needs = append(a[ref].needs, need)
}

func (a absences) errors() []error {
	var errs []error
	for _, ref := range slices.Sorted(maps.Keys(a)) {
		err := a[ref].err
		errs = append(errs, &core.Error{
			Kind: core.ErrorConfig, Hint: core.HintOf(err),
			Err: fmt.Errorf("%w (%s)", err, strings.Join(a[ref].needs, ", ")),
		})
	}
	return errs
}

// openInto opens one component in the background.
func openInto[T any](
	ctx context.Context, group *errgroup.Group, r *run, into map[string]T,
	kind core.Kind, used plan.Component, configs map[plan.Definition][]byte,
	open func(ctx context.Context, use string, config []byte) (T, error),
) {
	c, d := &r.components, plan.Definition{Kind: kind, Name: used.Name}
	group.Go(func() error {
		ctx, cancel := context.WithTimeout(ctx, openTimeout)
		defer cancel()
		component, err := open(ctx, used.Use, configs[d])
		if err != nil {
			return r.cleanError(fmt.Errorf("%s (%s): %w", d, used.Use, err))
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		into[used.Name] = component
		if closer, ok := any(component).(io.Closer); ok {
			c.closers = append(c.closers, namedCloser{d.String(), closer})
		}
		return nil
	})
}

// close closes what was opened.
func (c *components) close(r *run) {
	for _, closer := range c.closers {
		if err := closer.Close(); err != nil {
			r.warn(record.TrialInfo{}, "closing %s: %v", closer.name, err)
		}
	}
}
