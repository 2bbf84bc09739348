// Package pluginpython_test holds the example in Python to what is asked of
// every plugin, with the real host, and runs its campaign.
package pluginpython_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
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

func TestItsComponentsConform(t *testing.T) {
	s := plugintest.Program(t, filepath.Join(installed(t), program))
	t.Run("alphabet", func(t *testing.T) {
		plugintest.TestConverter(t, s, plugintest.ConverterCase{Use: "alphabet", Config: `{"pause":"stop"}`, Input: core.TextValue("vault code")})
	})
	t.Run("echo", func(t *testing.T) {
		second := audio.EncodeWAV(audio.Clip{Rate: 24_000, Samples: make([]int16, 24_000)})
		plugintest.TestConverter(t, s, plugintest.ConverterCase{Use: "echo", Config: `{"delay_ms":50,"strength":0.25}`, Input: core.WAVValue(second)})
	})
	t.Run("repetition", func(t *testing.T) {
		evidence := core.Evidence{Values: []core.Value{core.TextValue("no no no no no")}}
		plugintest.TestScorer(t, s, plugintest.ScorerCase{Use: "repetition", Config: `{"words":2}`, Evidence: evidence})
	})
}

func TestDescribeOnTheCommandLineSaysWhatTheWireSays(t *testing.T) {
	file := filepath.Join(installed(t), program)
	var printed struct {
		Components []struct {
			core.Info
			Config any `json:"config"`
		}
	}
	if err := json.Unmarshal([]byte(output(t, 0, nil, file, "describe")), &printed); err != nil {
		t.Fatal(err)
	}
	if len(printed.Components) != 3 {
		t.Errorf("it describes %d components, want 3", len(printed.Components))
	}
	s := plugintest.Program(t, file)
	for _, p := range printed.Components {
		wired, schema, ok := s.Lookup(p.Kind, p.Name)
		if !ok {
			t.Fatalf("the wire knows no %s %q", p.Kind, p.Name)
		}
		if diff := cmp.Diff(wired, p.Info); diff != "" {
			t.Errorf("(-wired +printed):\n%s", diff)
		}
		if diff := cmp.Diff(anyJSON(t, schema), anyJSON(t, p.Config)); diff != "" {
			t.Errorf("schema of %s (-wired +printed):\n%s", p.Name, diff)
		}
	}
}

// anyJSON makes two encodings of the same JSON value equal.
func anyJSON(t *testing.T, v any) (decoded any) {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

func TestItsErrorsComeWithKindAndKey(t *testing.T) {
	s := plugintest.Program(t, filepath.Join(installed(t), program))
	for config, key := range map[string]string{
		`{"delay_ms":0}`:    "delay_ms",
		`{"strength":"so"}`: "strength",
		`{"delay":1}`:       "delay",
	} {
		_, err := s.OpenConverter(t.Context(), "echo", []byte(config))
		e, ok := errors.AsType[*core.Error](err)
		if !ok || e.Kind != core.KindConfig || e.Field != key || e.Hint == "" {
			t.Errorf("%s: error %v, want one of kind config that names %s and says what would be right", config, err, key)
		}
	}
	c, err := s.OpenConverter(t.Context(), "echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Convert(t.Context(), core.WAVValue([]byte("no sound"))); core.KindOf(err) != core.KindInput {
		t.Errorf("error %v (%s), want one of kind input", err, core.KindOf(err))
	}
}

// The campaign is run as its comment says, but for the practice target's port
// and the store.
func TestItsCampaignFindsWhatItShould(t *testing.T) {
	bin := t.TempDir()
	output(t, 0, nil, "go", "build", "-o", bin+"/", "../../cmd/orchestrator", "../voicebot")
	campaign, err := os.ReadFile("parrot.yaml")
	if err != nil {
		t.Fatal(err)
	}
	address := practiceTarget(t, filepath.Join(bin, "voicebot"))
	file := filepath.Join(t.TempDir(), "parrot.yaml")
	if err := os.WriteFile(file, bytes.Replace(campaign, []byte("http://127.0.0.1:8177"), []byte(address), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	orchestrator, store := filepath.Join(bin, "orchestrator"), filepath.Join(bin, "store")
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
