package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// describing is how long a plugin may take to describe itself on the command
// line.
const describing = 10 * time.Second

// mostShown is the number of characters of a program's output that are shown.
const mostShown = 300

// Program is a plugin's program, with the settings of its test.
type Program struct {
	// Argv is the command line that starts the plugin.
	Argv []string
	// Host is a command line that calls [ServeHost]: the host that is killed
	// while the plugin runs has to be a process of its own.
	Host []string
	// Cases are those of the components that need one.
	Cases []Case
	// Log receives what the plugin logs; nil drops it.
	Log hclog.Logger
	// Confinement are the restrictions of the plugin, which reveal what it uses
	// without declaring it; the zero value has none. The hosts in the cases can
	// be reached.
	Confinement host.Confinement
}

// Check checks the program and all of its components.
func (p Program) Check(t T) {
	c := &check{Program: p}
	if !t.Run("describes itself without a handshake", func(t T) { c.describe(t) }) {
		return
	}
	t.Run("has valid schemas", func(t T) { schemasAreValid(t, c.describe(t)) })
	if !t.Run("starts, with nothing but the handshake on standard output", func(t T) { c.connect(t) }) {
		return
	}
	t.Run("describes itself over the connection as on the command line", func(t T) {
		sameDescription(t, c.describe(t), c.connect(t))
	})
	t.Run("offers what there are cases for", func(t T) { everyCaseIsKnown(t, infos(c.connect(t)), p.Cases) })
	t.Group("as a plugin", func(t T) {
		c.serve(t, func(s Source, connected host.Plugin) {
			c.findOpenable(t, s, connected)
			Components(t, s, infos(connected), p.Cases)
		})
	})
	t.Group("hostile input", c.survives)
	t.Group("process", c.checkEnds)
}

// check is one check of a program. Results that several checks need are kept,
// so that the program is not started again for them; each check may be the
// first that runs.
type check struct {
	Program
	described *wire.Description
	connected *host.Plugin
	// openable are the components that can be opened, with their cases; nil
	// before they are known.
	openable []Case
}

// describe returns the program's description on the command line.
func (c *check) describe(t T) wire.Description {
	if c.described == nil {
		described := c.Program.describe(t)
		c.described = &described
	}
	return *c.described
}

// connect returns the program's description over a connection.
func (c *check) connect(t T) host.Plugin {
	if c.connected == nil {
		c.serve(t, func(Source, host.Plugin) {})
	}
	return *c.connected
}

// findOpenable finds the components that can be opened.
func (c *check) findOpenable(t T, s Source, connected host.Plugin) {
	c.openable = []Case{}
	for _, info := range infos(connected) {
		if found, err := find(t.Context(), s, info.Kind, info.Name, c.Cases); err == nil {
			c.openable = append(c.openable, Case{Kind: found.Kind, Use: found.Use, Config: found.Config})
		}
	}
}

// describe runs the program with the argument "describe".
func (p Program) describe(t T) wire.Description {
	ctx, cancel := context.WithTimeout(t.Context(), describing)
	defer cancel()
	argv := append(slices.Clone(p.Argv), "describe")
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &stdout, &stderr, time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v, want its description as JSON and exit code 0; it printed %q and %q", strings.Join(argv, " "), err, phrase.Shorten(stdout.String(), mostShown), phrase.Shorten(stderr.String(), mostShown))
	}
	var d wire.Description
	decoder := json.NewDecoder(&stdout)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		t.Fatalf("%s: its output is not a description: %v", strings.Join(argv, " "), err)
	}
	if decoder.More() {
		t.Fatalf("%s: something follows the description", strings.Join(argv, " "))
	}
	if len(d.Components) == 0 {
		t.Fatalf("%s: it offers no component", strings.Join(argv, " "))
	}
	return d
}

func schemasAreValid(t T, d wire.Description) {
	for _, c := range d.Components {
		if _, err := schema.Parse(c.Config); err != nil {
			t.Errorf("%s %q: %v", c.Kind, c.Name, err)
		}
	}
}

// serve starts the plugin and stops it again after use.
func (c *check) serve(t T, use func(Source, host.Plugin)) {
	c.serveTo(t, nil, use)
}

// serveTo is serve with a callback for events of the process.
func (c *check) serveTo(t T, observe func(host.Event), use func(Source, host.Plugin)) {
	confinement := c.Confinement
	if len(confinement.Launcher) > 0 {
		confinement.Bundled = c.describe(t).Permissions
	}
	h := host.New(host.Options{Bundled: c.Argv, Log: c.Log, Observe: observe, Confinement: confinement})
	defer func() { _ = h.Close() }() // the end of the process has checks of its own
	catalog, err := h.Describe(t.Context())
	if err != nil {
		t.Fatalf("%v\n%s", err, core.HintOf(err))
	}
	if confinement.Egress != nil {
		confinement.Egress.Allow(c.contacts(catalog))
	}
	connected := catalog.Plugins()[0]
	c.connected = &connected
	use(Served(h, catalog), connected)
}

// contacts are the addresses that the cases name: hosts, and those of them on
// this machine.
func (p Program) contacts(catalog *host.Catalog) (hosts, local []string) {
	for _, c := range p.Cases {
		_, described, ok := catalog.Lookup(c.Kind, c.Use)
		if !ok {
			continue // another check reports it
		}
		for _, field := range described.Strings([]byte(c.Config), "uri") {
			u, err := url.Parse(field.Value)
			if err != nil {
				continue // the component has to refuse it
			}
			name, port := scope.HostOf(u)
			address := net.JoinHostPort(name, port)
			hosts = append(hosts, address)
			if scope.Loopback(name) {
				local = append(local, address)
			}
		}
	}
	return hosts, local
}

// infos lists the components of the plugin.
func infos(p host.Plugin) []core.Info {
	all := make([]core.Info, len(p.Components))
	for i, c := range p.Components {
		all[i] = c.Info
	}
	return all
}

// sameDescription compares the two descriptions of a plugin.
func sameDescription(t T, alone wire.Description, connected host.Plugin) {
	for _, field := range [][3]string{
		{"name", alone.Name, connected.Name},
		{"version", alone.Version, connected.Version},
		{"SDK version", alone.SDKVersion, connected.SDKVersion},
		{"permissions", alone.Permissions.String(), connected.Permissions.String()},
	} {
		if field[1] != field[2] {
			t.Errorf("%s: %q on the command line, %q over the connection", field[0], field[1], field[2])
		}
	}
	on, over := map[string]string{}, map[string]string{}
	for _, c := range alone.Components {
		config, err := schema.Parse(c.Config)
		if err != nil {
			continue // another check reports it
		}
		on[string(c.Kind)+" "+c.Name] = component(c.Info(), config)
	}
	for _, c := range connected.Components {
		over[string(c.Info.Kind)+" "+c.Info.Name] = component(c.Info, c.Schema)
	}
	names := map[string]bool{}
	for name := range on {
		names[name] = true
	}
	for name := range over {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if on[name] != over[name] {
			t.Errorf("%s: on the command line\n%s\nover the connection\n%s", name, on[name], over[name])
		}
	}
}

// component encodes the description of a component.
func component(i core.Info, config *schema.Schema) string {
	encoded, err := json.Marshal(struct {
		core.Info
		Config *schema.Schema
	}{i, config})
	if err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(string(encoded), "null", "[]") // no list equals an empty list
}

// everyCaseIsKnown reports cases of unknown components.
func everyCaseIsKnown(t T, infos []core.Info, cases []Case) {
	for _, c := range cases {
		known := slices.ContainsFunc(infos, func(i core.Info) bool { return i.Kind == c.Kind && i.Name == c.Use })
		if !known {
			t.Errorf("there is a case for %s %q, which the plugin does not offer", c.Kind, c.Use)
		}
	}
}

// survives calls each component, in a process of its own, with hostile values.
// A call may fail; the process must not end.
func (c *check) survives(t T) {
	for _, info := range infos(c.connect(t)) {
		t.Run(fmt.Sprintf("%s %s survives it", info.Kind, info.Name), func(t T) {
			var launched launches
			c.serveTo(t, launched.add, func(s Source, _ host.Plugin) {
				found, err := find(t.Context(), s, info.Kind, info.Name, c.Cases)
				if err != nil {
					t.Skipf("the component is not tested: the reason is above")
				}
				found.attack(t, s, launched.one)
			})
		})
	}
}

// launches are the processes that a host has started.
type launches struct {
	mu   sync.Mutex
	pids []int
}

func (l *launches) add(e host.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Kind == host.Started {
		l.pids = append(l.pids, e.PID)
	}
}

// one reports whether the first process still runs, and is the only one.
func (l *launches) one() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pids) == 1 && alive(l.pids[0])
}

// attack calls the component with hostile values.
func (s subject) attack(t T, from Source, lives func() bool) {
	o, err := s.open(t.Context(), from, s.Config)
	if err != nil {
		t.Fatalf("the component cannot be opened with %s: %v", orDefaults(s.Config), err)
	}
	values := hostile()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := o.call(ctx, values[name])
		cancel()
		if !lives() {
			t.Fatalf("%s ended the process (%v), want an answer or an error", name, err)
		}
	}
	if err := o.call(t.Context(), s.Input); err != nil {
		t.Errorf("after all of it, a proper call: %v", err)
	}
}
