package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// Plugin is the description of a plugin.
type Plugin struct {
	// Name is what campaigns write before the slash, except for components that
	// come with the orchestrator. A bundled plugin has the name that it declares.
	Name string
	// OwnName is the name that the plugin declares; a third party's should
	// equal Name.
	OwnName string
	Version string
	// Protocol is the contract version that it implements, such as
	// "redteam.plugin.v1".
	Protocol string
	// SDKVersion is the version of this project that it was built with.
	SDKVersion string
	// Path is the program, and SHA256 its checksum in hexadecimal.
	Path    string
	SHA256  string
	Bundled bool
	// Companion says that the program comes with the orchestrator.
	Companion bool
	// Verified says that the program had to have a known checksum, and has it.
	Verified bool
	// Attached says that the user started it: it is not verified and not
	// sandboxed. Path is its socket, and SHA256 empty.
	Attached bool
	// Components are empty if Err is set.
	Components []Component
	// Permissions are those that it declares, and Sandbox describes what is
	// enforced.
	Permissions core.Permissions
	Sandbox     string
	// Err says why a companion or a third-party plugin could not be described.
	Err error
}

// Component is a plugin's component. Info.Name is what campaigns write after
// use:, including the name of a third-party plugin.
type Component struct {
	Info   core.Info
	Schema *schema.Schema
}

// Catalog describes the components of all plugins. It implements plan.Catalog.
type Catalog struct {
	plugins []Plugin
	byUse   map[componentKey]Component
}

type componentKey struct {
	kind core.Kind
	use  string
}

// Lookup returns a component and the schema of its configuration.
func (c *Catalog) Lookup(kind core.Kind, use string) (core.Info, *schema.Schema, bool) {
	found, ok := c.byUse[componentKey{kind, use}]
	return found.Info, found.Schema, ok
}

// Names lists the components of a kind in alphabetical order.
func (c *Catalog) Names(kind core.Kind) []string {
	var names []string
	for key := range c.byUse {
		if key.kind == kind {
			names = append(names, key.use)
		}
	}
	slices.Sort(names)
	return names
}

// Plugins lists the plugins: the bundled one, companions, and those of third
// parties, each by name. It includes those that could not be described.
func (c *Catalog) Plugins() []Plugin { return c.plugins }

// Describe starts all plugins, in parallel, and asks for their descriptions. A
// companion or a third-party plugin that fails is in the catalog with its error;
// for a bundled or attached one, Describe returns the error.
func (h *Host) Describe(ctx context.Context) (*Catalog, error) {
	all := h.findPlugins().all()
	described := make([]Plugin, len(all))
	var asking sync.WaitGroup
	for i, p := range all {
		asking.Go(func() { described[i] = p.describe(ctx) })
	}
	asking.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("asking the plugins what they offer: %w", context.Cause(ctx))
	}
	for _, p := range described {
		if p.Err != nil && (p.Bundled || p.Attached) {
			return nil, p.Err
		}
	}
	return h.newCatalog(described), nil
}

func (p Plugin) origin() origin {
	switch {
	case p.Bundled:
		return bundled
	case p.Companion:
		return companion
	default:
		return third
	}
}

func (h *Host) newCatalog(plugins []Plugin) *Catalog {
	slices.SortStableFunc(plugins, func(a, b Plugin) int {
		return cmp.Or(cmp.Compare(a.origin(), b.origin()), cmp.Compare(a.Name, b.Name))
	})
	c := &Catalog{plugins: plugins, byUse: map[componentKey]Component{}}
	for _, p := range plugins {
		for _, component := range p.Components {
			key := componentKey{component.Info.Kind, component.Info.Name}
			if _, taken := c.byUse[key]; taken {
				h.options.Log.Warn("a component of the orchestrator hides another one", "use", key.use, "plugin", p.Name)
				continue
			}
			c.byUse[key] = component
		}
	}
	return c
}

// describe starts the plugin if necessary. The checksum of a program is that of
// its verification; that of the bundled one, which is not verified, is computed
// while it starts.
func (p *plugin) describe(ctx context.Context) Plugin {
	var sum string
	var sumErr error
	var hashing sync.WaitGroup
	if p.bundled() && p.attach == nil {
		hashing.Go(func() { sum, sumErr = HashFile(p.path()) })
	}
	process, err := p.connect(ctx)
	hashing.Wait()
	switch {
	case p.bundled() || p.attach != nil:
	case err == nil:
		sum = process.run.sum // of the program that was started, even if the file has changed
	default:
		sum, sumErr = HashFile(p.path())
	}
	d := Plugin{
		Name: p.name, Path: p.path(), SHA256: sum, Bundled: p.bundled(), Companion: p.origin == companion, Attached: p.attach != nil,
		Err: errors.Join(err, sumErr),
	}
	if d.Err != nil {
		return d
	}
	d.Version, d.SDKVersion = process.description.Version, process.description.SDKVersion
	d.Permissions, d.Sandbox = process.description.Permissions, process.how.words
	d.Verified = p.hash != ""
	d.OwnName, d.Protocol = process.description.Name, wire.PluginSet
	if p.bundled() {
		d.Name = d.OwnName
	} else if d.Name != d.OwnName {
		p.log.Warn("plugin calls itself differently; its file name counts", "file", p.name, "itself", d.OwnName)
	}
	for _, c := range process.components {
		if !p.own() {
			c.Info.Name = p.name + "/" + c.Info.Name
			// A third party's plugin must not choose what it gets of the user's environment.
			c.Schema = c.Schema.WithoutVariables()
		}
		d.Components = append(d.Components, c)
	}
	return d
}
