package host_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// companion returns the program of a companion in a folder of [installed].
func companion(dir, name string) host.Program {
	return host.Program{Name: name, Companion: true, Path: filepath.Join(dir, host.FilePrefix+name)}
}

// started has the processes of plugins by name.
type started struct {
	mu   sync.Mutex
	pids map[string]int
}

func (s *started) observe(e host.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Kind == host.Started {
		if s.pids == nil {
			s.pids = map[string]int{}
		}
		s.pids[e.Plugin] = e.PID
	}
}

func (s *started) all() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.pids)
}

func TestACompanionsComponentsHaveNoPrefixAndOthersDo(t *testing.T) {
	t.Parallel()
	dir := installed(t, "acme", "providers")
	h, _ := newHost(t, func(o *host.Options) {
		o.Bundled = nil
		o.Programs = []host.Program{host.Discover([]string{dir}, o.Log)[0], companion(dir, "providers")}
	})
	c := catalogOf(t, h)
	names := c.Names(core.KindTarget)
	for name, want := range map[string]bool{"acme/parrot": true, "parrot": true, "providers/parrot": false} {
		if slices.Contains(names, name) != want {
			t.Errorf("targets %q: that %s is among them is %t", names, name, !want)
		}
	}
	plugins := c.Plugins()
	if len(plugins) != 2 || plugins[0].Name != "providers" || !plugins[0].Companion || plugins[0].Bundled || plugins[0].Verified || plugins[0].SHA256 != selfSum(t) || plugins[1].Companion {
		t.Errorf("plugins %+v, want the companion, and then acme", plugins)
	}
	if got := ask(t, h, "echo", "hello"); got != "hello" {
		t.Errorf("the companion's converter says %q", got)
	}
	if got := ask(t, h, "acme/echo", "hello"); got != "hello" {
		t.Errorf("the third party's converter says %q", got)
	}
	if own, foreign := ask(t, h, "pid", ""), ask(t, h, "acme/pid", ""); own == foreign {
		t.Error("the companion and the third party are one process")
	}
	if _, err := h.Using(nil).Open(t.Context(), core.KindConverter, "providers/echo", nil); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("providers/echo: %v, want an error of kind config", err)
	}
}

func TestTheEnvironmentIsForTheOrchestratorsOwnComponents(t *testing.T) {
	t.Parallel()
	dir := installed(t, "acme", "providers")
	h, _ := newHost(t, func(o *host.Options) {
		o.Bundled = nil
		o.Programs = []host.Program{host.Discover([]string{dir}, o.Log)[0], companion(dir, "providers")}
	})
	c := catalogOf(t, h)
	for use, want := range map[string][]schema.Variable{
		"echo":      {{Path: "key", Name: "ECHO_KEY", Secret: true}},
		"acme/echo": nil,
	} {
		_, config, ok := c.Lookup(core.KindConverter, use)
		if got := config.Variables(nil); !ok || !slices.Equal(got, want) {
			t.Errorf("the variables of %s are %v, want %v", use, got, want)
		}
	}
}

func TestAThirdPartyOfTheSameNameDoesNotTakeTheCompanionsPlace(t *testing.T) {
	t.Parallel()
	own, foreign := installed(t, "providers"), installed(t, "providers")
	h, _ := newHost(t, func(o *host.Options) {
		o.Bundled = nil
		o.Programs = append(host.Discover([]string{foreign}, o.Log), companion(own, "providers"))
	})
	c := catalogOf(t, h)
	plugins := c.Plugins()
	if len(plugins) != 1 || plugins[0].Path != filepath.Join(own, "orchestrator-plugin-providers") {
		t.Errorf("plugins %+v, want the companion alone", plugins)
	}
	if names := c.Names(core.KindConverter); !slices.Contains(names, "echo") || slices.Contains(names, "providers/echo") {
		t.Errorf("converters %q", names)
	}
}

func TestABundledComponentHidesTheCompanions(t *testing.T) {
	t.Parallel()
	dir := installed(t, "providers")
	var pids started
	h, log := newHost(t, func(o *host.Options) {
		o.Programs, o.Observe = []host.Program{companion(dir, "providers")}, pids.observe
	})
	plugins := catalogOf(t, h).Plugins()
	if len(plugins) != 2 || !plugins[0].Bundled || !plugins[1].Companion {
		t.Fatalf("plugins %+v", plugins)
	}
	log.waitFor(t, "a component of the orchestrator hides another one", "use=echo", "plugin=providers")
	if got, all := pidOf(t, h), pids.all(); len(all) != 2 || got != all["orchestrator"] {
		t.Errorf("the converter is in process %d of %v, want the bundled one", got, all)
	}
}

func TestACompanionThatIsAnotherProgramIsNotStarted(t *testing.T) {
	t.Parallel()
	dir := installed(t, "providers")
	var pids started
	h, _ := newHost(t, func(o *host.Options) {
		p := companion(dir, "providers")
		p.SHA256 = strings.Repeat("0", 64)
		o.Programs, o.Observe = []host.Program{p}, pids.observe
	})
	plugins := catalogOf(t, h).Plugins() // the bundled plugin can be used
	if len(plugins) != 2 || plugins[1].Err == nil {
		t.Fatalf("plugins %+v, want one with an error", plugins)
	}
	err := plugins[1].Err
	if want := "the program is not the one that this orchestrator was built with: its SHA-256 is " + selfSum(t) + ", not " + strings.Repeat("0", 64); !strings.Contains(err.Error(), want) ||
		core.KindOf(err) != core.ErrorConfig || !strings.Contains(core.HintOf(err), "make build builds both") {
		t.Errorf("error %v (%s, hint %q), want %q", err, core.KindOf(err), core.HintOf(err), want)
	}
	if plugins[1].SHA256 != selfSum(t) || len(plugins[1].Components) != 0 {
		t.Errorf("it has the checksum %s and %d components", plugins[1].SHA256, len(plugins[1].Components))
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if all := pids.all(); len(all) != 1 || all["orchestrator"] == 0 {
		t.Errorf("processes %v, want that of the bundled plugin alone", all)
	}
}

func TestAnAttachedPluginStandsForTheCompanion(t *testing.T) {
	t.Parallel()
	_, attach := debugged(t)
	dir := installed(t, "acme")
	h, _ := newHost(t, func(o *host.Options) {
		o.Bundled, o.Attach, o.Programs = nil, attach, []host.Program{companion(dir, "acme")}
	})
	c := catalogOf(t, h)
	if got := c.Plugins(); len(got) != 1 || !got[0].Attached || !got[0].Companion {
		t.Errorf("plugins %+v, want the attached one in the companion's place", got)
	}
	if got := ask(t, h, "echo", "hello"); got != "hello" {
		t.Errorf("its converter says %q", got)
	}
}
