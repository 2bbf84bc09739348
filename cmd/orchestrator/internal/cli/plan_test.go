package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/cmd/orchestrator/internal/cli"
)

const nightly = `version: 1
name: nightly
scope: {window: {days: [sat], from: "22:00", to: "06:00", zone: Europe/Zurich}}
targets: {agent: {use: realtime, with: {endpoint: "ENDPOINT", model: practice, api_key: "KEY", output: text}}}
scorers: {leaked: {use: match/substring, with: {any: [no such words]}}}
attacks: [{name: a, target: agent, objective: x, turns: [{user: hello}], scorers: [leaked]}]
`

func TestAWindowIsPlannedAndKept(t *testing.T) {
	program, err := exec.LookPath("orchestrator")
	if err != nil {
		t.Fatal(err)
	}
	p := newPractice(t, nil)
	file := filepath.Join(t.TempDir(), "nightly.yaml")
	text := strings.NewReplacer("ENDPOINT", p.endpoint(), "KEY", "${PRACTICE_KEY}").Replace(nightly)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	friday, saturday := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), time.Date(2026, 11, 28, 22, 30, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		command string
		now     time.Time
		code    int
		out     string
	}{
		"planned while it is closed": {"plan", friday, 0, "window         sat 22:00-06:00 Europe/Zurich: closed; it opens on Sat 28 Nov 2026 at 22:00 CET\n"},
		"planned while it is open":   {"plan", saturday, 0, "window         sat 22:00-06:00 Europe/Zurich: open until Sun 29 Nov 2026 at 06:00 CET\n"},
		"run while it is closed": {
			"run", friday, 2, "error: scope.window: no run is allowed now: the window is sat 22:00-06:00 Europe/Zurich\norchestrator: hint: it opens on Sat 28 Nov 2026 at 22:00 CET\n",
		},
		"run while it is open": {"run", saturday, 0, "nothing found"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			env := cli.Env{
				Args: []string{test.command, file}, Stdout: &out, Stderr: &out, Executable: program, DataDir: t.TempDir(),
				LookupEnv: func(name string) (string, bool) {
					value, ok := map[string]string{"PRACTICE_KEY": apiKey}[name]
					return value, ok
				},
				Now: func() time.Time { return test.now },
			}
			if code := cli.Run(t.Context(), env); code != test.code || !strings.Contains(out.String(), test.out) {
				t.Errorf("exit code %d, want %d; output, want %q:\n%s", code, test.code, test.out, &out)
			}
		})
	}
}
