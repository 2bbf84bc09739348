// Package pluginpython_test holds the example in Python to what is asked of
// every plugin, with the real host, and runs its campaign.
package pluginpython_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/examples/programs"
)

const program = "orchestrator-plugin-parrot"

// build builds the plugin where a user does, so that what it needs is
// downloaded once, and returns that folder.
var build = sync.OnceValues(func() (string, error) {
	folder, err := filepath.Abs(filepath.Join("..", "..", "build", "plugin-python"))
	if err != nil {
		return "", err
	}
	if out, err := exec.Command("./build.sh", folder).CombinedOutput(); err != nil {
		return "", errors.New("build.sh: " + err.Error() + "\n" + string(out))
	}
	return folder, nil
})

func built(t *testing.T) string {
	t.Helper()
	folder, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// installed returns a folder with the plugin and nothing else: its program is
// one file, which works wherever it lies.
func installed(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(built(t), program))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, program), data, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// output runs a program and returns what it prints; it must end with the exit
// code.
func output(t *testing.T, code int, env []string, argv ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		t.Fatalf("%q: %v, want exit code %d\n%s%s", argv, err, code, out, &stderr)
	}
	return string(out)
}

func TestItsOwnTestsPass(t *testing.T) {
	folder := built(t)
	path := strings.Join([]string{"plugin", "tests", filepath.Join(folder, "generated")}, string(os.PathListSeparator))
	output(t, 0, []string{"PYTHONPATH=" + path}, filepath.Join(folder, "venv", "bin", "python"), "-B", "-m", "unittest", "discover", "--start-directory", "tests")
}

func TestItPassesTheKitThatEveryPluginPasses(t *testing.T) {
	orchestrator := filepath.Join(programs.Build(t), "orchestrator")
	t.Log(output(t, 0, nil, orchestrator, "plugins", "test", filepath.Join(installed(t), program)))
}

// The campaign is run as its comment says, but for the practice target's port
// and the store.
func TestItsCampaignFindsWhatItShould(t *testing.T) {
	bin := programs.Build(t)
	campaign, err := os.ReadFile("parrot.yaml")
	if err != nil {
		t.Fatal(err)
	}
	address := practiceTarget(t, filepath.Join(bin, "voicebot"))
	file := filepath.Join(t.TempDir(), "parrot.yaml")
	if err := os.WriteFile(file, bytes.Replace(campaign, []byte("http://127.0.0.1:8177"), []byte(address), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	orchestrator, store := filepath.Join(bin, "orchestrator"), filepath.Join(t.TempDir(), "store")
	output(t, 0, nil, orchestrator, "plugins", "lock", "--plugin-dir", installed(t), file)
	const findings = 1
	output(t, findings, nil, orchestrator, "run", "--store", store, "--plugin-dir", installed(t), file)

	spelt := output(t, 0, nil, orchestrator, "show", "--store", store, "latest", "spelt/1")
	room := output(t, 0, nil, orchestrator, "show", "--store", store, "latest", "bare-room/1")
	for _, test := range []struct{ shown, want string }{
		{spelt, "defended"},
		{spelt, "Victor Alfa Uniform Lima Tango stop Charlie Oscar Delta Echo"},
		{spelt, "phrases of 3 words were said before"},
		{room, "succeeded"},
		{room, "speak → room"},
	} {
		if !strings.Contains(test.shown, test.want) {
			t.Errorf("the record does not say %q:\n%s", test.want, test.shown)
		}
	}
}

// practiceTarget starts it on a free port, and returns its address.
func practiceTarget(t *testing.T, file string) string {
	t.Helper()
	cmd := exec.Command(file, "--listen", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the practice target says %q (%v)", line, err)
	}
	return address
}
