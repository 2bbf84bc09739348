package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// scheduledTurns is the two-turn campaign with a schedule that is never due while a
// test runs.
func scheduledTurns(endpoint string, trials int) string {
	text := strings.NewReplacer("ENDPOINT", endpoint, "TRIALS", fmt.Sprint(trials)).Replace(twoTurns)
	return strings.Replace(text, "targets:", `schedule: {cron: "0 0 29 2 *", zone: Europe/Zurich}`+"\ntargets:", 1)
}

// startServe starts "orchestrator serve" with a campaign in a new folder.
func startServe(t *testing.T, text string, flags ...string) *program {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "campaign.yaml"), text)
	p := startProgram(t, dir, append([]string{"serve", filepath.Join(dir, "campaign.yaml")}, flags...)...)
	p.awaits("serve: serving ")
	return p
}

// again starts serve once more, with the same campaign and store.
func (p *program) again() *program {
	p.t.Helper()
	dir := filepath.Dir(p.store)
	return startProgram(p.t, dir, "serve", filepath.Join(dir, "campaign.yaml"))
}

// awaits waits until the program has said something.
func (p *program) awaits(words string) {
	p.t.Helper()
	eventually(p.t, patience, fmt.Sprintf("the program says %q", words), func() bool { return strings.Contains(p.output.String(), words) })
}

// finished waits until the only run is.
func (p *program) finished() store.Run {
	p.t.Helper()
	ended := regexp.MustCompile(`run \S+ ended: `)
	eventually(p.t, patience, "the run has ended", func() bool { return ended.MatchString(p.output.String()) })
	run, _, _ := p.record()
	if run.Status != store.Finished {
		p.t.Errorf("the run is %s:\n%s", run.Status, p.output)
	}
	return run
}

// hanging returns a target that hangs in a turn of each conversation, counted from 1, until it
// is let go.
func hanging(t *testing.T, turn int) (target *practice, waiting <-chan struct{}, letGo func()) {
	t.Helper()
	var free atomic.Bool
	began, release := make(chan struct{}, 100), make(chan struct{})
	target = newPractice(t, func(n int) {
		if n == turn && !free.Load() {
			began <- struct{}{}
			<-release
		}
	})
	return target, began, func() {
		if !free.Swap(true) {
			close(release)
		}
	}
}

func await(t *testing.T, p *program, event <-chan struct{}) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(patience):
		t.Fatalf("no conversation comes to the turn in which the target hangs:\n%s", p.output)
	}
}

func TestServeRunsWhatIsTriggeredInAnotherTerminal(t *testing.T) {
	t.Parallel()
	p := startServe(t, scheduledTurns(newPractice(t, nil).endpoint(), 2))
	if out := p.command(0, "schedule", "trigger", "two-turns").output.String(); strings.Contains(out, "warning") {
		t.Errorf("trigger warns: %s", out)
	}
	run := p.finished()
	p.says("two-turns: run "+run.ID+": 2 trials", "ended: findings: the objective was reached in 2 of 2 trials", "look: orchestrator show")
	if strings.Contains(p.output.String(), "\x1b") || strings.Contains(p.output.String(), "\r") {
		t.Errorf("there is a progress bar in the log:\n%q", p.output)
	}
	out := p.command(0, "schedule", "list").output.String()
	for _, words := range []string{"0 0 29 2 * Europe/Zurich; overlap skip, catchup_window 10m0s", "next     Tue 29 Feb 2028 00:00 CET", "done run " + run.ID, "triggered: findings"} {
		if !strings.Contains(out, words) {
			t.Errorf("list does not say %q:\n%s", words, out)
		}
	}
	var listed []struct{ Name, File, Zone string }
	if err := json.Unmarshal([]byte(p.command(0, "schedule", "list", "--json").output.String()), &listed); err != nil || len(listed) != 1 || listed[0].Name != "two-turns" {
		t.Errorf("list --json: %+v, %v", listed, err)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, p.output)
	}
	if out := p.command(0, "schedule", "list").output.String(); !strings.Contains(out, "warning: no serve is running") {
		t.Errorf("list does not say that no serve is running:\n%s", out)
	}
	if left := p.plugins(); len(left) > 0 {
		t.Errorf("plugin processes %v are left", left)
	}
}

func TestServeThatIsKilledInTheMiddleOfARunCarriesItOn(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "interrupted": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			target, waiting, letGo := hanging(t, 2)
			defer letGo()
			p := startServe(t, scheduledTurns(target.endpoint(), 4))
			p.command(0, "schedule", "trigger", "two-turns")
			await(t, p, waiting)
			if err := p.Process.Signal(sent); err != nil {
				t.Fatal(err)
			}
			p.exit()
			letGo()
			p = p.again()
			run := p.finished()
			if run.Outcomes[core.Succeeded] != 4 || len(run.Sessions) != 2 || p.number(`SELECT count(*) FROM runs`) != 1 {
				t.Errorf("outcomes %v in %d sessions, %d runs; want one run in two:\n%s", run.Outcomes, len(run.Sessions), p.number(`SELECT count(*) FROM runs`), p.output)
			}
			p.says("run " + run.ID + " is carried on")
		})
	}
}

func TestAScheduledRunThatSomebodyStoppedIsNotCarriedOnByServe(t *testing.T) {
	t.Parallel()
	target, waiting, letGo := hanging(t, 2)
	defer letGo()
	p := startServe(t, scheduledTurns(target.endpoint(), 4))
	p.command(0, "schedule", "trigger", "two-turns")
	await(t, p, waiting)
	if err := p.Process.Signal(syscall.SIGSTOP); err != nil { // it cannot react
		t.Fatal(err)
	}
	p.command(3, "stop", "latest", "--reason", "the line's owner called", "--timeout", "100ms")
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.exit()
	letGo()
	p = p.again()
	eventually(t, patience, "the scheduler says what became of it", func() bool {
		return strings.Contains(p.command(0, "schedule", "show", "two-turns").output.String(), "stopped by orchestrator stop: the line's owner called")
	})
	if run, _, _ := p.record(); run.Status != store.Interrupted || len(run.Sessions) != 1 {
		t.Errorf("the run is %s in %d sessions, want it interrupted in one:\n%s", run.Status, len(run.Sessions), p.output)
	}
}

func TestOfTwoServesOneLeadsAndTheOtherTakesOver(t *testing.T) {
	t.Parallel()
	target, waiting, letGo := hanging(t, 2)
	defer letGo()
	first := startServe(t, scheduledTurns(target.endpoint(), 4))
	second := first.again()
	second.awaits("serve: standing by: another process serves ")
	first.command(0, "schedule", "trigger", "two-turns")
	await(t, first, waiting)
	if strings.Contains(second.output.String(), "begins") {
		t.Errorf("the second one runs the campaign, too:\n%s", second.output)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.exit()
	letGo()
	second.awaits("serve: the other process has ended: taking over")
	run := second.finished()
	if len(run.Sessions) != 2 || second.number(`SELECT count(*) FROM runs`) != 1 {
		t.Errorf("%d sessions, want one run in two:\n%s", len(run.Sessions), second.output)
	}
}

func TestAServeThatStandsByEndsWithASignal(t *testing.T) {
	t.Parallel()
	first := startServe(t, scheduledTurns("http://127.0.0.1:1", 1))
	second := first.again()
	second.awaits("standing by")
	if err := second.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := second.exit(); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, second.output)
	}
}

func TestACampaignThatIsBrokenWhileItIsServedIsALoudFailureAndNotTheEnd(t *testing.T) {
	t.Parallel()
	text := scheduledTurns(newPractice(t, nil).endpoint(), 1)
	p := startServe(t, text)
	file := filepath.Join(filepath.Dir(p.store), "campaign.yaml")
	writeFile(t, file, strings.Replace(text, "trials:", "trails:", 1))
	p.command(0, "schedule", "trigger", "two-turns")
	p.awaits(`unknown key "trails" (did you mean "trials"?)`)
	p.says(file + ":15:5: ")
	eventually(t, patience, "the failure is kept", func() bool {
		return strings.Contains(p.command(0, "schedule", "show", "two-turns").output.String(), `unknown key "trails"`)
	})
	writeFile(t, file, text)
	p.command(0, "schedule", "trigger", "two-turns")
	p.finished()
}

func TestAPausedScheduleSaysWhy(t *testing.T) {
	t.Parallel()
	p := startServe(t, scheduledTurns("http://127.0.0.1:1", 1))
	p.command(0, "schedule", "pause", "two-turns", "--note", "the provider asked us to")
	if out := p.command(0, "schedule", "list").output.String(); !regexp.MustCompile(`paused   since \S+: the provider asked us to`).MatchString(out) {
		t.Errorf("list does not say why:\n%s", out)
	}
	if out := p.command(0, "schedule", "resume", "two-turns").output.String(); !strings.Contains(out, "it is due Tue 29 Feb 2028") {
		t.Errorf("resume says %s", out)
	}
	if out := p.command(2, "schedule", "pause", "two-turn").output.String(); !strings.Contains(out, `no schedule "two-turn" is known to `) || !strings.Contains(out, `did you mean "two-turns"?`) {
		t.Errorf("pause of an unknown schedule says %s", out)
	}
}

func TestServeAnswersWhetherItLeads(t *testing.T) {
	t.Parallel()
	first := startServe(t, scheduledTurns("http://127.0.0.1:1", 1), "--listen", "127.0.0.1:0")
	dir := filepath.Dir(first.store)
	second := startProgram(t, dir, "serve", dir, "--listen", "127.0.0.1:0")
	second.awaits("standing by")
	for p, want := range map[*program]string{first: "leader\n", second: "standby\n"} {
		address := regexp.MustCompile(`listening on (\S+)`).FindStringSubmatch(p.output.String())
		for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": want} {
			if got := fetched(t, "http://"+address[1]+path); got != want {
				t.Errorf("%s of the %s answers %q", path, want, got)
			}
		}
	}
}

func TestServeTellsPrometheusOfItsRuns(t *testing.T) {
	t.Parallel()
	p := startServe(t, scheduledTurns(newPractice(t, nil).endpoint(), 2), "--listen", "127.0.0.1:0")
	p.command(0, "schedule", "trigger", "two-turns")
	p.finished()
	address := regexp.MustCompile(`listening on (\S+)`).FindStringSubmatch(p.output.String())
	got := fetched(t, "http://"+address[1]+"/metrics")
	for _, line := range []string{
		`orchestrator_runs_total{campaign="two-turns",status="finished"} 1`,
		`orchestrator_trials_total{campaign="two-turns",outcome="succeeded"} 2`,
		`orchestrator_turns_total{campaign="two-turns",result="answered",target="agent"} 4`,
		`orchestrator_last_run_asr{campaign="two-turns"} 1`,
		`orchestrator_trials_active{campaign="two-turns"} 0`,
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("the metrics do not say %s:\n%s", line, got)
		}
	}
	if strings.Contains(got, "blue eleven") || strings.Contains(got, apiKey) {
		t.Errorf("what was said, or a secret, is in the metrics:\n%s", got)
	}
}

func fetched(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestServeRefusesWhatItCannotServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := scheduledTurns("http://127.0.0.1:1", 1)
	writeFile(t, filepath.Join(dir, "a.yaml"), good)
	writeFile(t, filepath.Join(dir, "b.yaml"), good)
	writeFile(t, filepath.Join(dir, "none.yaml"), strings.Replace(good, "schedule:", "# schedule:", 1))
	writeFile(t, filepath.Join(dir, "wrong.yaml"), strings.Replace(good, "29 2", "31 2", 1))
	for name, want := range map[string]string{
		"none.yaml":               "none.yaml has no schedule:",
		"wrong.yaml":              `wrong.yaml:3:18: "0 0 31 2 *" is not a cron expression: no day of any year matches it`,
		"absent.yaml":             "no such file",
		"a.yaml b.yaml":           `are both campaigns named "two-turns"`,
		"a.yaml --listen nowhere": "--listen: ",
	} {
		cmd := exec.Command("orchestrator", append([]string{"serve", "--store", filepath.Join(dir, "store")}, strings.Fields(name)...)...)
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), want) {
			t.Errorf("serve %s: exit code %d, want 2 and %q:\n%s", name, cmd.ProcessState.ExitCode(), want, out)
		}
	}
}

func TestServeTellsAWebhookOnlyOfWhatIsNew(t *testing.T) {
	t.Parallel()
	told := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		told <- string(body)
	}))
	defer hook.Close()
	p := startServe(t, strings.Replace(scheduledTurns(newPractice(t, nil).endpoint(), 2),
		"\ntargets:", "\nnotify: [{url: \""+hook.URL+"\", format: json}]\ntargets:", 1))
	for run := range 2 {
		p.command(0, "schedule", "trigger", "two-turns")
		eventually(t, patience, "the run has ended", func() bool {
			return strings.Count(p.output.String(), "ended: findings") == run+1
		})
	}
	p.says("compared with the baseline: worse: 1 new finding", "compared with the baseline: nothing new, and nothing that can be shown to be worse")
	if n := len(told); n != 1 {
		t.Fatalf("the webhook was told %d times, want once:\n%s", n, p.output)
	}
	if body := <-told; !strings.Contains(body, `"new_finding"`) {
		t.Errorf("it was told %s", body)
	}
}

func TestServeSaysAtItsStartWhatARunWouldLack(t *testing.T) {
	t.Parallel()
	const missing = "the environment variable SERVE_TEST_KEY is not set"
	text := strings.Replace(scheduledTurns(newPractice(t, nil).endpoint(), 1), "${PRACTICE_KEY}", "${SERVE_TEST_KEY}", 1)
	p := startServe(t, text)
	p.awaits("two-turns: warning: a run would lack what it needs: " + missing)
	listed := func() string { return p.command(0, "schedule", "list").output.String() }
	eventually(t, patience, "schedule list says what is missing", func() bool { return strings.Contains(listed(), "lacks    "+missing) })
	p.signal(syscall.SIGTERM)
	p.ends(0)

	folder := filepath.Dir(p.store)
	writeFile(t, filepath.Join(folder, "test.env"), "SERVE_TEST_KEY="+apiKey)
	again := startProgram(t, folder, "serve", filepath.Join(folder, "campaign.yaml"), "--check", "--env-file", filepath.Join(folder, "test.env"))
	again.awaits("serve: serving ")
	eventually(t, patience, "schedule list says that nothing is missing", func() bool { return !strings.Contains(listed(), "lacks") })
	if strings.Contains(again.output.String(), "lack") {
		t.Errorf("it warns of what is there:\n%s", again.output)
	}
}
