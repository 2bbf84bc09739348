package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The folders of plugins whose orchestrator was killed are removed by gc, and by the next
// orchestrator that starts a plugin.
func TestTheFoldersOfAKilledOrchestratorAreRemoved(t *testing.T) {
	t.Parallel()
	temp, err := os.MkdirTemp("/tmp", "gc-") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temp) })
	target, waiting, letGo := hanging(t, 2)
	t.Cleanup(letGo)
	dir := t.TempDir()
	campaign, runs := filepath.Join(dir, "campaign.yaml"), filepath.Join(dir, "store")
	writeFile(t, campaign, strings.NewReplacer("ENDPOINT", target.endpoint(), "TRIALS", "1").Replace(twoTurns))
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command("orchestrator", append(args, "--store", runs)...)
		cmd.Env = append(os.Environ(), "PRACTICE_KEY="+apiKey, "XDG_DATA_HOME="+dir, "TMPDIR="+temp)
		return cmd
	}
	folders := func() string { return fmt.Sprint(filepath.Glob(filepath.Join(temp, "orchestrator-*"))) }
	kill := func() {
		t.Helper()
		run := command("run", campaign)
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		<-waiting
		if out, err := command("gc").CombinedOutput(); err != nil || strings.Contains(string(out), temp) {
			t.Errorf("gc while the run goes on: %v\n%s", err, out)
		}
		_ = run.Process.Kill()
		_ = run.Wait()
		if folders() == "[] <nil>" {
			t.Fatal("the killed run has left no folder")
		}
	}
	kill()
	for _, args := range [][]string{{"gc", "--dry-run"}, {"gc"}} {
		if out, err := command(args...).CombinedOutput(); err != nil || !strings.Contains(string(out), "folder  ") || !strings.Contains(string(out), temp+"/orchestrator-") {
			t.Errorf("%q: %v\n%s", args, err, out)
		}
	}
	if got := folders(); got != "[] <nil>" {
		t.Errorf("gc has left %s", got)
	}
	kill()
	validate := exec.Command("orchestrator", "validate", campaign)
	validate.Env = command().Env
	if out, err := validate.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if got := folders(); got != "[] <nil>" {
		t.Errorf("the next start of a plugin has left %s", got)
	}
}
