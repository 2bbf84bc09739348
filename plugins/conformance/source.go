package conformance

import (
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// Source finds and opens components: of this process, or of a plugin.
type Source interface {
	core.Opener
	Lookup(kind core.Kind, use string) (core.Info, *schema.Schema, bool)
	CheckConfig(ctx context.Context, kind core.Kind, use string, config []byte) (core.Checked, error)
	// Using returns the source with targets of a campaign, which converters and
	// scorers may use if their configuration names them.
	Using(targets core.Targets) Source
}

// Served is the source of a host's components.
func Served(h *host.Host, c *host.Catalog) Source { return served{h.Using(nil), c, h} }

type served struct {
	core.Opener
	*host.Catalog
	host *host.Host
}

// CheckConfig has a component check a configuration.
func (s served) CheckConfig(ctx context.Context, kind core.Kind, use string, config []byte) (core.Checked, error) {
	return s.host.CheckConfig(ctx, kind, use, config)
}

// Using returns the source with targets.
func (s served) Using(targets core.Targets) Source {
	return served{s.host.Using(targets), s.Catalog, s.host}
}

// InProcess is a source of components of this process. Their configuration is
// checked against their schema as in a plugin. It fails for a configuration
// without a schema.
func InProcess(components []core.Component) (Source, error) {
	for _, c := range components {
		if _, err := schema.Of(c.Config); err != nil {
			return nil, core.Errorf(core.ErrorInternal, "the configuration of %s %q has no schema: %w", c.Info.Kind, c.Info.Name, err)
		}
	}
	return inProcess(components), nil
}

type inProcess []core.Component

func (s inProcess) find(kind core.Kind, use string) (core.Component, error) {
	for _, c := range s {
		if c.Info.Kind == kind && c.Info.Name == use {
			return c, nil
		}
	}
	return core.Component{}, core.Errorf(core.ErrorConfig, "there is no %s %q", kind, use)
}

// checked returns a component for a configuration that its schema accepts.
func (s inProcess) checked(kind core.Kind, use string, config []byte) (core.Component, error) {
	c, err := s.find(kind, use)
	if err != nil {
		return core.Component{}, err
	}
	described, err := schema.Of(c.Config)
	if err != nil {
		return core.Component{}, err
	}
	var all core.Errors
	for _, violation := range described.Check(config) {
		all = append(all, &core.Error{Kind: core.ErrorConfig, Field: violation.Path, Hint: violation.Hint, Err: errors.New(violation.Message)})
	}
	return c, all.Err()
}

// Lookup returns a component's description.
func (s inProcess) Lookup(kind core.Kind, use string) (core.Info, *schema.Schema, bool) {
	c, err := s.find(kind, use)
	if err != nil {
		return core.Info{}, nil, false
	}
	config, err := schema.Of(c.Config)
	return c.Info, config, err == nil
}

// CheckConfig has a component check a configuration.
func (s inProcess) CheckConfig(_ context.Context, kind core.Kind, use string, config []byte) (core.Checked, error) {
	c, err := s.find(kind, use)
	if err != nil {
		return core.Checked{}, err
	}
	return c.CheckConfig(config)
}

// Using returns the source with targets.
func (s inProcess) Using(targets core.Targets) Source {
	using := make(inProcess, len(s))
	for i, c := range s {
		using[i] = c.Using(targets)
	}
	return using
}

// Open implements [core.Opener].
func (s inProcess) Open(ctx context.Context, kind core.Kind, use string, config []byte) (any, error) {
	c, err := s.checked(kind, use, config)
	if err != nil {
		return nil, err
	}
	return c.Open(ctx, config)
}
