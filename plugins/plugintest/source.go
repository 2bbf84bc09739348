package plugintest

import (
	"context"
	"os"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/plugins"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// serveArgument makes a test binary serve its components.
const serveArgument = "plugintest-serve"

// Source is where components are opened: this process, or a plugin.
type Source interface {
	Lookup(kind core.Kind, use string) (core.Info, *schema.Schema, bool)
	CheckConfig(ctx context.Context, kind core.Kind, use string, config []byte) error
	OpenTarget(ctx context.Context, use string, config []byte) (core.Target, error)
	OpenConverter(ctx context.Context, use string, config []byte) (core.Converter, error)
	OpenScorer(ctx context.Context, use string, config []byte) (core.Scorer, error)
	// Using returns the source with targets of a campaign, which converters and
	// scorers may use whose configuration names them.
	Using(targets core.Targets) Source
}

var (
	_ Source = inProcess(nil)
	_ Source = (*served)(nil)
)

// Main is the body of a TestMain. It lets the test binary be started again as
// a plugin that serves components.
func Main(m *testing.M, components ...core.Component) {
	if len(os.Args) == 2 && os.Args[1] == serveArgument { //nolint:forbidigo // this is a main function
		plugins.Serve(plugins.Info{Name: "plugintest", Version: "0"}, components...)
		return
	}
	os.Exit(m.Run()) //nolint:forbidigo // this is a main function
}

// Each runs a test with the components in-process, and with the same
// components in a plugin. TestMain has to call [Main].
func Each(t *testing.T, components []core.Component, test func(t *testing.T, s Source)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) { test(t, InProcess(t, components...)) })
	t.Run("as a plugin", func(t *testing.T) { test(t, Served(t)) })
}

// InProcess offers components of this process.
func InProcess(t testing.TB, components ...core.Component) Source {
	t.Helper()
	for _, c := range components {
		if _, err := schema.Of(c.Config); err != nil {
			t.Fatalf("the configuration of %s %q has no schema: %v", c.Info.Kind, c.Info.Name, err)
		}
	}
	return inProcess(components)
}

// Served offers what [Main] serves, in a plugin that ends with the test.
func Served(t testing.TB) Source {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Program(t, self, serveArgument)
}

// Program offers what a plugin program serves, by the components' bare names.
// The plugin ends with the test.
func Program(t testing.TB, argv ...string) Source {
	t.Helper()
	log := hclog.New(&hclog.LoggerOptions{Output: t.Output(), Level: hclog.Info})
	h := host.New(host.Options{Bundled: argv, Log: log})
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("stopping the plugin: %v", err)
		}
	})
	catalog, err := h.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &served{Opener: h.Using(nil), Catalog: catalog, host: h}
}

type served struct {
	*host.Opener
	*host.Catalog
	host *host.Host
}

// CheckConfig asks a component about a configuration.
func (s *served) CheckConfig(ctx context.Context, kind core.Kind, use string, config []byte) error {
	return s.host.CheckConfig(ctx, kind, use, config)
}

// Using returns the source with targets.
func (s *served) Using(targets core.Targets) Source {
	return &served{Opener: s.host.Using(targets), Catalog: s.Catalog, host: s.host}
}

type inProcess []core.Component

func (s inProcess) find(kind core.Kind, use string) (core.Component, error) {
	for _, c := range s {
		if c.Info.Kind == kind && c.Info.Name == use {
			return c, nil
		}
	}
	return core.Component{}, core.Errorf(core.KindConfig, "there is no %s %q", kind, use)
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

// CheckConfig asks a component about a configuration.
func (s inProcess) CheckConfig(_ context.Context, kind core.Kind, use string, config []byte) error {
	c, err := s.find(kind, use)
	if err != nil {
		return err
	}
	return c.Check(config)
}

// Using returns the source with targets.
func (s inProcess) Using(targets core.Targets) Source {
	using := make(inProcess, len(s))
	for i, c := range s {
		using[i] = c.Using(targets)
	}
	return using
}

// OpenTarget opens a target.
func (s inProcess) OpenTarget(ctx context.Context, use string, config []byte) (core.Target, error) {
	c, err := s.find(core.KindTarget, use)
	if err != nil {
		return nil, err
	}
	return c.OpenTarget(ctx, config)
}

// OpenConverter opens a converter.
func (s inProcess) OpenConverter(ctx context.Context, use string, config []byte) (core.Converter, error) {
	c, err := s.find(core.KindConverter, use)
	if err != nil {
		return nil, err
	}
	return c.OpenConverter(ctx, config)
}

// OpenScorer opens a scorer.
func (s inProcess) OpenScorer(ctx context.Context, use string, config []byte) (core.Scorer, error) {
	c, err := s.find(core.KindScorer, use)
	if err != nil {
		return nil, err
	}
	return c.OpenScorer(ctx, config)
}
