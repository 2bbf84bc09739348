package cli_test

import (
	"fmt"
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
scope: {window: {WINDOW, zone: Europe/Zurich}}
targets: {agent: {use: realtime, with: {endpoint: "ENDPOINT", model: practice, api_key: "KEY", output: text}}}
scorers: {leaked: {use: match/substring, with: {any: [no such words]}}}
attacks: [{name: a, target: agent, objective: x, turns: [{user: hello}], scorers: [leaked]}]
`

func TestAWindowIsPlannedAndKept(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("orchestrator")
	if err != nil {
		t.Fatal(err)
	}
	p := newPractice(t, nil)
	text := strings.NewReplacer("ENDPOINT", p.endpoint(), "KEY", "${PRACTICE_KEY}").Replace(nightly)
	const atNight = `days: [sat], from: "22:00", to: "06:00"`
	friday, saturday := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), time.Date(2026, 11, 28, 22, 30, 0, 0, time.UTC)
	// A run goes by the clock of the machine.
	zone, err := time.LoadLocation("Europe/Zurich")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(zone)
	later := now.AddDate(0, 0, 2)
	laterDay := strings.ToLower(later.Format("Mon"))
	for name, test := range map[string]struct {
		command string
		window  string
		now     time.Time
		code    int
		out     string
	}{
		"planned while it is closed": {"plan", atNight, friday, 0, "window         sat 22:00-06:00 Europe/Zurich: closed; it opens on Sat 28 Nov 2026 at 22:00 CET\n"},
		"planned while it is open":   {"plan", atNight, saturday, 0, "window         sat 22:00-06:00 Europe/Zurich: open until Sun 29 Nov 2026 at 06:00 CET\n"},
		"run while it is closed": {
			"run", strings.Replace(atNight, "sat", laterDay, 1), now, 2,
			"error: scope.window: no run is allowed now: the window is " + laterDay + " 22:00-06:00 Europe/Zurich\n" +
				"orchestrator: hint: it opens on " + time.Date(later.Year(), later.Month(), later.Day(), 22, 0, 0, 0, zone).Format("Mon 2 Jan 2006 at 15:04 MST") + "\n",
		},
		"run while it is open": {
			"run", fmt.Sprintf("days: [mon, tue, wed, thu, fri, sat, sun], from: %q, to: %q", now.Add(-time.Hour).Format("15:04"), now.Add(time.Hour).Format("15:04")),
			now, 0, "nothing found",
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "nightly.yaml")
			if err := os.WriteFile(file, []byte(strings.Replace(text, "WINDOW", test.window, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
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
