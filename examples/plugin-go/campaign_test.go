package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/acme/gateway"

	"github.com/redteam-orchestrator/orchestrator/examples/programs"
)

// setting is a practice menu, an orchestrator, the plugin in a plugin folder,
// and the campaign.
type setting struct{ dir, plugins, orchestrator, campaign string }

func newSetting(t *testing.T) setting {
	t.Helper()
	server := httptest.NewServer(&gateway.Menu{})
	t.Cleanup(server.Close)
	dir := t.TempDir()
	s := setting{dir, filepath.Join(dir, "plugins"), filepath.Join(programs.Build(t), "orchestrator"), filepath.Join(dir, "campaign.yaml")}
	if err := os.Mkdir(s.plugins, 0o700); err != nil {
		t.Fatal(err)
	}
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.program(), program, 0o700); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("campaign.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "http://127.0.0.1:8188", server.URL, 1))
	if err := os.WriteFile(s.campaign, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s setting) program() string { return filepath.Join(s.plugins, "orchestrator-plugin-acme") }

// orchestrate runs a command, which has to end with an exit code, and returns
// what it prints.
func (s setting) orchestrate(t *testing.T, code int, env string, arguments ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.orchestrator, arguments...)
	cmd.Env = append(cmd.Environ(), "XDG_DATA_HOME="+filepath.Join(s.dir, "data"), env)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("%q: exit code %d, want %d: %v\n%s", arguments, got, code, err, out)
	}
	return string(out)
}

// The campaign is run as a user does, with the plugin locked.
func TestTheCampaignFindsTheServiceMode(t *testing.T) {
	s := newSetting(t)
	s.orchestrate(t, 0, "", "plugins", "lock", "--plugin-dir", s.plugins, s.campaign)
	out := s.orchestrate(t, 1, "", "run", "--plugin-dir", s.plugins, s.campaign)
	for _, want := range []string{"succeeded     service-mode/spelt", "defended      service-mode/typed"} {
		if !strings.Contains(out, want) {
			t.Errorf("no line with %q:\n%s", want, out)
		}
	}
}

// The plugin is run as its author does in a debugger. Nothing is installed then.
func TestTheCampaignRunsWithThePluginInADebugger(t *testing.T) {
	s := newSetting(t)
	plugin := exec.Command(s.program(), "--debug")
	stdout, err := plugin.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := plugin.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(plugin.Process.Signal(os.Interrupt), plugin.Wait()); err != nil {
			t.Errorf("the plugin ends with %v", err)
		}
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	attach := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(line), "export "), "'", "")
	for range 2 {
		out := s.orchestrate(t, 1, attach, "run", s.campaign)
		if !strings.Contains(out, "plugin acme is attached from a process that you started: unverified") {
			t.Errorf("there is no warning:\n%s", out)
		}
	}
	if out := s.orchestrate(t, 0, "", "show"); !strings.Contains(out, "acme 0.1.0, attached\n") {
		t.Errorf("the record does not say it:\n%s", out)
	}
	s.orchestrate(t, 2, attach, "run", "--require-sandbox", s.campaign)
}

// build builds the plugin once for all tests, with the cache of the orchestrator's
// own programs, and returns it.
var build = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "acme")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	output := filepath.Join(dir, "orchestrator-plugin-acme")
	cmd := exec.Command("go", "build", "-trimpath", "-o", output, ".")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the plugin: %w\n%s", err, out)
	}
	return os.ReadFile(output)
})
