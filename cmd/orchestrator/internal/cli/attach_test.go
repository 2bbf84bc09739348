package cli_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestARunWithAnAttachedPluginSaysSoEverywhere runs the bundled plugin as one
// runs in a debugger.
func TestARunWithAnAttachedPluginSaysSoEverywhere(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("orchestrator")
	if err != nil {
		t.Fatal(err)
	}
	plugin := exec.Command(program, "plugin-serve", "--debug")
	out, err := plugin.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := plugin.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plugin.Process.Signal(os.Interrupt); err != nil {
			t.Errorf("the plugin ended with the run: %v", err)
		}
		if err := plugin.Wait(); err != nil {
			t.Errorf("the plugin ends with %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	campaign := filepath.Join(dir, "campaign.yaml")
	text := strings.Replace(`version: 1
name: attached
targets: {agent: {use: realtime, with: {endpoint: "ENDPOINT", model: practice, output: text, api_key: "${PRACTICE_KEY}"}}}
scorers: {leaked: {use: match/substring, with: {any: [zebra]}}}
attacks: [{name: a, target: agent, objective: none, turns: [{user: hello}], scorers: [leaked]}]
`, "ENDPOINT", newPractice(t, nil).endpoint(), 1)
	if err := os.WriteFile(campaign, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const warning = "orchestrator: warning: plugin orchestrator is attached from a process that you started: unverified, not sandboxed"
	for _, test := range []struct{ arguments, want string }{
		{"plugins list", warning},
		{"plugins list", "(attached, unverified)"},
		{"run --log-level error --store " + dir + "/store " + campaign, warning},
		{"show --store " + dir + "/store", ", attached"},
	} {
		cmd := exec.Command("sh", "-c", line+program+" "+test.arguments)
		cmd.Env = append(os.Environ(), "PRACTICE_KEY="+apiKey)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %v\n%swant %q", test.arguments, err, out, test.want)
		}
	}
}
