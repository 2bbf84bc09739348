package host_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// cage is a host with the hostile plugin, in a sandbox, and the record of where
// the plugin has connected to.
type cage struct {
	*host.Host
	log *logBuffer
	way *egress.Proxy

	mu          sync.Mutex
	connections []egress.Connection
}

// hostilePlugins builds the hostile plugin, under each of its names, once for all
// tests.
var hostilePlugins = sync.OnceValues(func() (dir string, err error) {
	if dir, err = sharedFolder(); err != nil {
		return "", err
	}
	return dir, buildInto(dir, "hostile", "hostile", "networked", "hoarder")
})

// newCage prepares a host for the hostile plugin.
func newCage(t *testing.T, change func(*host.Options)) *cage {
	t.Helper()
	if !sandbox.Supported().Complete() {
		t.Skipf("this system cannot hold plugins: %s", sandbox.Supported())
	}
	dir, err := hostilePlugins()
	must(t, err)
	c := &cage{}
	c.way = egress.New(egress.Options{Record: func(connection egress.Connection) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.connections = append(c.connections, connection)
	}})
	t.Cleanup(func() {
		if err := c.way.Close(); err != nil {
			t.Error(err)
		}
	})
	c.Host, c.log = newHost(t, func(o *host.Options) {
		o.Bundled, o.Programs = nil, host.Discover([]string{dir}, o.Log)
		o.Confinement = host.Confinement{Launcher: []string{self(t), "launch"}, Egress: c.way, Required: true}
		o.RestartPause = time.Millisecond
		if change != nil {
			change(o)
		}
	})
	return c
}

// try has the plugin try something.
func (c *cage) try(t *testing.T, use, on string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := openConverter(t, c.Host, use, "").Convert(ctx, core.TextValue(on))
	return out.Text(), err
}

// refused returns what is recorded of the connections that were not made.
func (c *cage) refused() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, connection := range c.connections {
		if !connection.Allowed {
			all = append(all, connection.Plugin+" to "+connection.Address+": "+connection.Reason)
		}
	}
	return all
}

func TestAHostilePluginIsRefusedWhatItHasNotDeclaredAndTheErrorSaysWhat(t *testing.T) {
	t.Parallel()
	c := newCage(t, nil)
	home := t.TempDir()
	key := filepath.Join(home, ".ssh", "id_ed25519")
	must(t, os.Mkdir(filepath.Dir(key), 0o700), os.WriteFile(key, []byte("a private key"), 0o600))
	listener := listen(t)
	for _, test := range []struct{ name, use, on, want string }{
		{"read a key in ~/.ssh", "read", key, "open " + key},
		{"read the user's files", "read", "/etc/shadow", "open /etc/shadow"},
		{"read the host's environment", "read", fmt.Sprintf("/proc/%d/environ", os.Getpid()), "permission denied"},
		{"read its own command line", "read", "/proc/self/cmdline", "permission denied"},
		{"write beside the key", "write", filepath.Join(home, "authorized_keys"), "authorized_keys"},
		{"leave a file in the system", "write", "/usr/local/bin/hostile", "/usr/local/bin/hostile"},
		{"look into the host", "spy", fmt.Sprint(os.Getpid()), "ptrace"},
		{"connect to a host", "dial", listener, listener},
		{"send a datagram", "datagram", listener, listener},
		{"run a shell", "run", "/bin/sh -c id", "/bin/sh"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := c.try(t, "hostile/"+test.use, test.on)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %q, %v; want an error with %q", got, err, test.want)
			}
			if !strings.Contains(core.HintOf(err), "sandbox") {
				t.Errorf("the hint %q does not say that it was the sandbox", core.HintOf(err))
			}
		})
	}
}

// must fails the test with the first error.
func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// listen returns the address of a server on this machine that no campaign
// names.
func listen(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestAHostilePluginFindsNoKeyOfAnotherComponent(t *testing.T) {
	const secret = "sk-of-another-component"
	t.Setenv("OPENAI_API_KEY", secret)
	c := newCage(t, nil)
	environ, err := c.try(t, "hostile/environ", "")
	must(t, err)
	for _, leak := range []string{secret, "OPENAI", os.Getenv("HOME") + "\n", "POLICY"} {
		if strings.Contains(environ, leak) {
			t.Errorf("its environment has %q:\n%s", leak, environ)
		}
	}
}

func TestANetworkedPluginReachesWhatTheCampaignAllowsAndNothingElse(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	defer server.Close()
	allowed := strings.TrimPrefix(server.URL, "http://")
	other := listen(t)
	c := newCage(t, nil)

	if got, err := c.try(t, "networked/fetch", server.URL); err == nil {
		t.Errorf("before there is a campaign it gets %q", got)
	}
	c.way.Allow([]string{"api.example.com"}, []string{allowed})
	if got, err := c.try(t, "networked/fetch", server.URL); err != nil || got != "hello" {
		t.Errorf("what the campaign names: %q, %v", got, err)
	}
	for _, test := range []struct{ name, use, on string }{
		{"another service of this machine", "fetch", "http://" + other},
		{"a host outside the scope", "fetch", "https://evil.example/collect"},
		{"the metadata service of a cloud", "fetch", "http://169.254.169.254/latest"},
		{"around the proxy", "dial", allowed},
		{"around the proxy, by datagram", "datagram", other},
	} {
		if got, err := c.try(t, "networked/"+test.use, test.on); err == nil {
			t.Errorf("%s: it gets %q", test.name, got)
		}
	}
	for _, want := range []string{other, "evil.example:443", "169.254.169.254:80"} {
		if !slices.ContainsFunc(c.refused(), func(s string) bool { return strings.HasPrefix(s, "networked to "+want+": ") }) {
			t.Errorf("there is no record of the connection to %s:\n%s", want, strings.Join(c.refused(), "\n"))
		}
	}
}

func TestAChildOfAHostilePluginDoesNotOutliveIt(t *testing.T) {
	t.Parallel()
	c := newCage(t, nil)
	started, err := c.try(t, "hostile/outlive", "")
	must(t, err)
	pids := strings.Fields(started)
	if len(pids) != 3 || pids[0] != "refused" || pids[1] != "refused" {
		t.Fatalf("it started %q; want those in a session and in a group of their own refused, and another", started)
	}
	if _, err := c.try(t, "hostile/give-up", ""); core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "I have had enough") {
		t.Errorf("its death: %v, want an error of kind unavailable with its last words", err)
	}
	for _, pid := range pids[2:] {
		var id int
		if _, err := fmt.Sscan(pid, &id); err != nil {
			t.Fatal(err)
		}
		eventually(t, 10*time.Second, "the process "+pid+" is gone", func() bool { return !running(id) })
	}
}

func TestAHostilePluginThatFillsMemoryIsKilledAndTheErrorSaysWhy(t *testing.T) {
	t.Parallel()
	c := newCage(t, func(o *host.Options) {
		for i := range o.Programs {
			o.Programs[i].Limits.Memory = 256 << 20
		}
	})
	for _, use := range []string{"hostile/fill", "hostile/headless"} {
		_, err := c.try(t, use, "")
		if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "of memory; its limit is 256 MiB: it was killed") {
			t.Errorf("%s: error %v, want one that says how much memory it used", use, err)
		}
	}
}

func TestAHostilePluginThatFillsMemoryInsteadOfSayingWhatItIsIsKilled(t *testing.T) {
	t.Parallel()
	c := newCage(t, func(o *host.Options) { o.Limits.Memory = 256 << 20 })
	_, err := core.OpenAs[core.Converter](t.Context(), c.Using(nil), "hoarder/read", nil)
	if err == nil || !strings.Contains(err.Error(), "of memory; its limit is 256 MiB: it was killed") {
		t.Errorf("error %v, want one that says how much memory it used", err)
	}
}

func TestALockedPluginThatAsksForMoreThanItWasLockedWithIsRefused(t *testing.T) {
	t.Parallel()
	c := newCage(t, func(o *host.Options) {
		for i := range o.Programs {
			o.Programs[i].Permissions = &core.Permissions{}
		}
	})
	_, err := core.OpenAs[core.Converter](t.Context(), c.Using(nil), "networked/read", nil)
	if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "the plugin asks for other permissions (network) than are locked (nothing)") {
		t.Errorf("error %v, want one that shows both", err)
	}
	if _, err := c.try(t, "hostile/environ", ""); err != nil {
		t.Errorf("one that asks for what is locked: %v", err)
	}
}

func TestAHostilePluginThatFreezesIsKilledAndTheErrorSaysWhy(t *testing.T) {
	t.Parallel()
	c := newCage(t, func(o *host.Options) {
		o.HeartbeatEvery, o.HeartbeatTimeout = 100*time.Millisecond, 5*time.Second
	})
	_, err := c.try(t, "hostile/freeze", "")
	if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "did not answer for 5s and was killed") {
		t.Errorf("error %v, want one that says that it did not answer", err)
	}
}

func TestAHostilePluginThatFloodsItsLogIsCutShort(t *testing.T) {
	t.Parallel()
	c := newCage(t, nil)
	if got, err := c.try(t, "hostile/flood", ""); err != nil || got != "done" {
		t.Fatalf("got %q, %v", got, err)
	}
	c.log.waitFor(t, "dropped", "lines of log")
	if n := len(c.log.String()); n > 1600<<10 {
		t.Errorf("the log has %d bytes of the 10 MB that it was flooded with", n)
	}
}
