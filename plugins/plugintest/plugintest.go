package plugintest

import (
	"context"
	"os"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
	"github.com/redteam-orchestrator/orchestrator/plugins/conformance"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// What makes a test binary a plugin that serves its components, and a host.
const (
	serveArgument = "plugintest-serve"
	hostArgument  = "plugintest-host"
)

// Case is what it takes to test a component, where that cannot be guessed.
type Case = conformance.Case

// Source is where components are opened: this process, or a plugin.
type Source = conformance.Source

// Main is the body of a TestMain. It lets the test binary be started again as
// a plugin that serves components, and as a host that can be killed.
func Main(m *testing.M, components ...core.Component) {
	if len(os.Args) > 1 { //nolint:forbidigo // this is a main function
		switch os.Args[1] { //nolint:forbidigo // this is a main function
		case serveArgument:
			plugins.Serve(plugins.Info{Name: "plugintest", Version: "0"}, components...)
			return
		case hostArgument:
			if err := conformance.ServeHost(context.Background(), os.Stdin, os.Stdout); err != nil { //nolint:forbidigo // this is a main function
				panic(err)
			}
			return
		}
	}
	os.Exit(m.Run()) //nolint:forbidigo // this is a main function
}

// Test checks components in this process, and as a plugin. TestMain has to
// call [Main] with them.
func Test(t *testing.T, components []core.Component, cases ...Case) {
	t.Helper()
	infos := make([]core.Info, len(components))
	for i, c := range components {
		infos[i] = c.Info
	}
	t.Run("in process", func(t *testing.T) { conformance.Components(reporter{t}, inProcess(t, components), infos, cases) })
	t.Run("as a program", func(t *testing.T) { Program(t, []string{self(t), serveArgument}, cases...) })
}

// Program checks a plugin's program, given by the command line that starts it.
// TestMain has to call [Main].
func Program(t *testing.T, argv []string, cases ...Case) {
	t.Helper()
	conformance.Program{Argv: argv, Host: []string{self(t), hostArgument}, Cases: cases, Log: log(t)}.Check(reporter{t})
}

// Each runs a test of an author's own with the components in this process, and
// with the same components in a plugin. TestMain has to call [Main] with them.
func Each(t *testing.T, components []core.Component, test func(t *testing.T, s Source)) {
	t.Helper()
	t.Run("in process", func(t *testing.T) { test(t, inProcess(t, components)) })
	t.Run("as a plugin", func(t *testing.T) { test(t, served(t)) })
}

func inProcess(t *testing.T, components []core.Component) Source {
	t.Helper()
	s, err := conformance.InProcess(components)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// served offers what [Main] serves, in a plugin that ends with the test.
func served(t *testing.T) Source {
	t.Helper()
	h := host.New(host.Options{Bundled: []string{self(t), serveArgument}, Log: log(t)})
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("stopping the plugin: %v", err)
		}
	})
	catalog, err := h.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conformance.Served(h, catalog)
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func log(t *testing.T) hclog.Logger {
	t.Helper()
	return hclog.New(&hclog.LoggerOptions{Output: t.Output(), Level: hclog.Info})
}

// reporter makes checks tests.
type reporter struct{ *testing.T }

var _ conformance.T = reporter{}

// Group runs checks as a test with tests in it.
func (r reporter) Group(name string, checks func(conformance.T)) { r.Run(name, checks) }

// Run runs a check as a test.
func (r reporter) Run(name string, check func(conformance.T)) bool {
	return r.T.Run(name, func(t *testing.T) { check(reporter{t}) })
}
