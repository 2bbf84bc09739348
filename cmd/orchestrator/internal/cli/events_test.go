package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
)

// happened is what a line of an event log says that these tests look at.
type happened struct {
	Event   string   `json:"event"`
	Trial   string   `json:"trial"`
	Turn    int      `json:"turn"`
	Outcome string   `json:"outcome"`
	Status  string   `json:"status"`
	Plugin  string   `json:"plugin"`
	Host    string   `json:"host"`
	Seconds *float64 `json:"seconds"`
}

// events reads the event log of the only run, and returns it as text as well.
func (p *program) events() (all []happened, text string) {
	p.t.Helper()
	run, _, _ := p.record()
	b, err := os.ReadFile(eventlog.File(p.store, run.ID))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var h happened
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		all = append(all, h)
	}
	return all, string(b)
}

func TestEveryRunHasAnEventLogWithoutContents(t *testing.T) {
	t.Parallel()
	p := startRun(t, newPractice(t, nil).endpoint(), 1)
	if code := p.exit(); code != 1 {
		t.Fatalf("exit code %d, want 1:\n%s", code, p.output)
	}
	all, text := p.events()
	var names []string
	for _, h := range all {
		names = append(names, h.Event)
	}
	want := []string{
		"plugin_started", "run_started", "trial_started", "scorer_ended", "turn_ended", "scorer_ended", "turn_ended", "trial_ended", "run_ended", "plugin_stopped",
	}
	if !slices.Equal(names, want) {
		t.Errorf("events %q, want %q", names, want)
	}
	if ended := all[7]; ended.Trial != "patient/1" || ended.Outcome != "succeeded" || ended.Seconds == nil || all[8].Status != "finished" || all[6].Turn != 2 {
		t.Errorf("the log is\n%s", text)
	}
	for _, private := range []string{"branch manager", "blue eleven", apiKey} {
		if strings.Contains(text, private) {
			t.Errorf("%q is in the log:\n%s", private, text)
		}
	}
	run, _, _ := p.record()
	out, err := exec.Command("orchestrator", "show", "--store", p.store).CombinedOutput()
	if line := "events         " + eventlog.File(p.store, run.ID) + "\n"; err != nil || !strings.Contains(string(out), line) {
		t.Errorf("show (%v) does not say %q:\n%s", err, line, out)
	}
}

func TestContentsAreInTheEventLogWhereTheyAreAskedFor(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("ENDPOINT", newPractice(t, nil).endpoint(), "TRIALS", "1").Replace(twoTurns)
	p := startCampaign(t, text, "--log-contents")
	if code := p.exit(); code != 1 {
		t.Fatalf("exit code %d, want 1:\n%s", code, p.output)
	}
	_, log := p.events()
	for _, words := range []string{"this is the branch manager", `"text":"The vault code is blue eleven."`} {
		if !strings.Contains(log, words) {
			t.Errorf("%q is not in the log:\n%s", words, log)
		}
	}
}

func TestAResumedRunGoesOnInItsEventLog(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 100)
	release := make(chan struct{})
	target := newPractice(t, func(turn int) {
		if turn == 2 {
			asked <- struct{}{}
			<-release
		}
	})
	p := startRun(t, target.endpoint(), 2)
	<-asked
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.exit(); code != 130 {
		t.Fatalf("exit code %d, want 130:\n%s", code, p.output)
	}
	close(release)
	again := startProgram(t, filepath.Dir(p.store), "resume", "latest")
	if code := again.exit(); code != 1 {
		t.Fatalf("exit code %d, want 1:\n%s", code, again.output)
	}
	all, text := p.events()
	var statuses []string
	interrupted := 0
	for _, h := range all {
		switch h.Event {
		case "run_ended":
			statuses = append(statuses, h.Status)
		case "trial_interrupted":
			interrupted++
		}
	}
	if want := []string{"interrupted", "finished"}; !slices.Equal(statuses, want) || interrupted == 0 {
		t.Errorf("the run ended as %q with %d trials interrupted, want %q:\n%s", statuses, interrupted, want, text)
	}
}

func TestARefusedConnectionIsInTheEventLog(t *testing.T) {
	t.Parallel()
	plugin, err := exec.LookPath("orchestrator-plugin-caller")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("ENDPOINT", newPractice(t, nil).endpoint(), "HOST", "allowed.example", "URL", "http://outside.example/secret-path").Replace(connected)
	p := startCampaign(t, text, "--allow-unlocked", "--plugin-dir", filepath.Dir(plugin))
	if code := p.exit(); code != 3 {
		t.Fatalf("exit code %d, want 3:\n%s", code, p.output)
	}
	all, log := p.events()
	if !slices.ContainsFunc(all, func(h happened) bool {
		return h.Event == "connection_refused" && h.Plugin == "caller" && h.Host == "outside.example:80"
	}) {
		t.Errorf("no line says that the connection was refused:\n%s", log)
	}
}
