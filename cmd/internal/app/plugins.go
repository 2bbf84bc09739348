package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// Plugins finds plugins and starts them.
type Plugins struct {
	// Folders are those of third-party plugins, in order of precedence.
	Folders []string
	// Attached are plugins that the user has started.
	Attached host.Attachments
	// Bundled is the command line of the program with the bundled components,
	// and Bundles reports whether it offers one.
	Bundled []string
	Bundles func(kind core.Kind, use string) bool
	// Companions are the plugins whose programs come with the orchestrator.
	Companions []Companion
	// Confinement are the restrictions of the plugins' processes. Its Egress is
	// set when they are started.
	Confinement host.Confinement
	// Log receives the logs of plugins.
	Log hclog.Logger
	// Warn receives warnings about the plugins.
	Warn func(message string)
}

// Discover lists the third-party plugins in the folders. It warns of those with the
// name of a plugin that comes with the orchestrator.
func (p *Plugins) Discover() []host.Program {
	return slices.DeleteFunc(host.Discover(p.Folders, p.Log), func(found host.Program) bool {
		if !requirement.IsReserved(found.Name) {
			return false
		}
		if !slices.ContainsFunc(p.Companions, func(c Companion) bool { return c.Path == found.Path }) {
			p.Warn(fmt.Sprintf("%s is not used: plugin %q is the one that comes with the orchestrator", found.Path, found.Name))
		}
		return true
	})
}

// Catalog starts the bundled plugin, the companions and the newest version of
// every other plugin, asks for their descriptions, and stops them again. Plugins
// that fail have an error in it.
func (p *Plugins) Catalog(ctx context.Context) (_ *host.Catalog, err error) {
	proxy := egress.New(egress.Options{})
	defer func() { err = errors.Join(err, proxy.Close()) }()
	programs := install.Newest(p.Discover())
	for _, c := range p.Companions {
		if p.startable(c) {
			programs = append(programs, c.Program())
		}
	}
	h, catalog, err := p.start(ctx, programs, proxy, nil)
	if err != nil {
		return nil, err
	}
	return catalog, h.Close()
}

// Describe starts one program and returns its description. It is called when a
// plugin is installed, so that the program runs for the first time; only its
// checksum was verified.
func (p *Plugins) Describe(ctx context.Context, program host.Program) (d host.Plugin, err error) {
	proxy := egress.New(egress.Options{})
	defer func() { err = errors.Join(err, proxy.Close()) }()
	h := host.New(host.Options{Programs: []host.Program{program}, Confinement: p.confinement(proxy)})
	defer func() { err = errors.Join(err, h.Close()) }()
	catalog, err := h.Describe(ctx)
	if err != nil {
		return host.Plugin{}, err
	}
	d = catalog.Plugins()[0]
	return d, d.Err
}

// start starts the bundled plugin and some programs, and asks for their
// descriptions. They reach the network through the proxy. f receives their
// events; it may be nil. The caller closes the host.
func (p *Plugins) start(ctx context.Context, programs []host.Program, proxy *egress.Proxy, f *followers) (*host.Host, *host.Catalog, error) {
	for _, name := range slices.Sorted(maps.Keys(p.Attached)) {
		// At any log level, because such a run must be recognisable as one of
		// programs that are not verified.
		p.Warn(fmt.Sprintf("plugin %s is attached from a process that you started: unverified, not sandboxed (%s)", name, host.EnvAttach))
	}
	h := host.New(host.Options{
		Bundled: p.Bundled, Programs: programs, Attach: p.Attached, Log: p.Log,
		Confinement: p.confinement(proxy), Observe: f.processes(), Spans: f.spans(),
	})
	catalog, err := h.Describe(ctx)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("asking the plugins what they offer: %w", err), h.Close())
	}
	if err := p.checkExempt(catalog); err != nil {
		return nil, nil, errors.Join(err, h.Close())
	}
	return h, catalog, nil
}

func (p *Plugins) confinement(proxy *egress.Proxy) host.Confinement {
	c := p.Confinement
	c.Egress = proxy
	return c
}

// checkExempt returns an error for a name in Confinement.Exempt that no plugin
// has: it is likely to be misspelt.
func (p *Plugins) checkExempt(catalog *host.Catalog) error {
	var names []string
	for _, plugin := range catalog.Plugins() {
		names = append(names, plugin.Name)
	}
	for _, c := range p.Companions { // perhaps one that was not needed
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	for _, name := range p.Confinement.Exempt {
		if !slices.Contains(names, name) {
			return UnknownPluginError{Name: name, Known: names}
		}
	}
	return nil
}

// UnknownPluginError is the error for a name in Confinement.Exempt that no plugin has.
type UnknownPluginError struct {
	Name string
	// Known are the names of the plugins.
	Known []string
}

// Error names the unknown plugin.
func (e UnknownPluginError) Error() string { return fmt.Sprintf("there is no plugin %q here", e.Name) }
