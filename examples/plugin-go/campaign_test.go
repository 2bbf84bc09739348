package main

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/acme/gateway"
)

// TestTheCampaignFindsTheServiceMode locks the plugin, which lies in a plugin
// folder, and runs the campaign, as a user does.
func TestTheCampaignFindsTheServiceMode(t *testing.T) {
	server := httptest.NewServer(&gateway.Menu{})
	defer server.Close()
	dir := t.TempDir()
	plugins := filepath.Join(dir, "plugins")
	if err := os.Mkdir(plugins, 0o700); err != nil {
		t.Fatal(err)
	}
	build(t, ".", filepath.Join(plugins, "orchestrator-plugin-acme"), ".")
	orchestrator := filepath.Join(dir, "orchestrator")
	build(t, filepath.Join("..", ".."), orchestrator, "./cmd/orchestrator")

	text, err := os.ReadFile("campaign.yaml")
	if err != nil {
		t.Fatal(err)
	}
	campaign := filepath.Join(dir, "campaign.yaml")
	text = []byte(strings.Replace(string(text), "http://127.0.0.1:8188", server.URL, 1))
	if err := os.WriteFile(campaign, text, 0o600); err != nil {
		t.Fatal(err)
	}
	lock := exec.CommandContext(t.Context(), orchestrator, "plugins", "lock", "--plugin-dir", plugins, campaign)
	if out, err := lock.CombinedOutput(); err != nil {
		t.Fatalf("locking the plugin: %v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), orchestrator, "run", "--plugin-dir", plugins, "--store", filepath.Join(dir, "store"), campaign)
	out, err := run.CombinedOutput()
	if code := run.ProcessState.ExitCode(); code != 1 {
		t.Fatalf("exit code %d, want 1 for findings: %v\n%s", code, err, out)
	}
	for _, want := range []string{"service-mode/spelt", "service-mode/typed"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no line about %s:\n%s", want, out)
		}
	}
	t.Logf("%s", out)
}

func build(t *testing.T, dir, output, pkg string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", output, pkg)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
}
