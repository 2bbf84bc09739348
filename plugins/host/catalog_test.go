package host_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

var _ plan.Catalog = (*host.Catalog)(nil)

func catalogOf(t *testing.T, h *host.Host) *host.Catalog {
	t.Helper()
	c, err := h.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func selfSum(t *testing.T) string {
	t.Helper()
	program, err := os.ReadFile(self(t))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	return hex.EncodeToString(sum[:])
}

func TestTheCatalogKnowsBundledAndThirdPartyComponents(t *testing.T) {
	t.Parallel()
	dir := installed(t, "acme", "broken")
	h, _ := newHost(t, func(o *host.Options) { o.Programs = host.Discover([]string{dir}, o.Log) })
	c := catalogOf(t, h)

	info, config, ok := c.Lookup(core.KindTarget, "acme/parrot")
	want := core.Info{Kind: core.KindTarget, Name: "acme/parrot", Summary: "Repeats.", In: []core.Modality{core.Text}, Out: []core.Modality{core.Text, core.Audio}}
	if diff := cmp.Diff(want, info); !ok || diff != "" {
		t.Errorf("acme/parrot %v (-want +got):\n%s", ok, diff)
	}
	if violations := config.Check([]byte(`{"audio": 1, "sound": 2}`)); len(violations) != 1 || violations[0].Path != "sound" {
		t.Errorf("its schema reports %v, want the key sound", violations)
	}
	if _, _, ok := c.Lookup(core.KindConverter, "parrot"); ok {
		t.Error("a target is found as a converter")
	}
	if got, want := c.Names(core.KindScorer), []string{"acme/hasty", "acme/judge", "acme/length", "acme/mortal", "hasty", "judge", "length", "mortal"}; !slices.Equal(got, want) {
		t.Errorf("scorers %q, want %q", got, want)
	}

	plugins := c.Plugins()
	if len(plugins) != 3 || !plugins[0].Bundled || plugins[1].Name != "acme" || plugins[2].Name != "broken" {
		t.Fatalf("plugins %+v", plugins)
	}
	for _, p := range plugins {
		if p.SHA256 != selfSum(t) {
			t.Errorf("%s: SHA-256 %s, want %s", p.Name, p.SHA256, selfSum(t))
		}
	}
	if p := plugins[0]; p.Name != "fixtures" || p.Version != "1.2.3" || p.SDKVersion == "" || p.Path != self(t) {
		t.Errorf("bundled plugin %+v", p)
	}
	if p := plugins[2]; p.Err == nil || !strings.Contains(p.Err.Error(), "cannot find my model") || len(p.Components) != 0 {
		t.Errorf("the broken plugin has the error %v and %d components", p.Err, len(p.Components))
	}
}

func TestABundledPluginThatCannotStartIsAnError(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) { o.Bundled = []string{filepath.Join(t.TempDir(), "nothing")} })
	if _, err := h.Describe(t.Context()); core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v, want an unavailable one with the reason", err)
	}
}

func TestDescribeOnTheCommandLineSaysWhatTheWireSays(t *testing.T) {
	t.Parallel()
	dir := installed(t, "acme")
	output, err := exec.Command(filepath.Join(dir, "orchestrator-plugin-acme"), "describe").Output()
	if err != nil {
		t.Fatal(err)
	}
	var printed struct {
		Name       string `json:"name"`
		Version    string `json:"version"`
		SDKVersion string `json:"sdk_version"`
		Components []struct {
			core.Info
			Config json.RawMessage `json:"config"`
		} `json:"components"`
	}
	decoder := json.NewDecoder(bytes.NewReader(output))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&printed); err != nil {
		t.Fatalf("%v in:\n%s", err, output)
	}
	h, _ := newHost(t, func(o *host.Options) { o.Programs, o.Bundled = host.Discover([]string{dir}, o.Log), nil })
	wired := catalogOf(t, h).Plugins()[0]
	if printed.Name != wired.Name || printed.Version != wired.Version || printed.SDKVersion != wired.SDKVersion || len(printed.Components) != len(wired.Components) {
		t.Fatalf("printed %+v\nwired %+v", printed, wired)
	}
	for i, p := range printed.Components {
		w := wired.Components[i]
		p.Name = "acme/" + p.Name
		if diff := cmp.Diff(w.Info, p.Info); diff != "" {
			t.Errorf("(-wired +printed):\n%s", diff)
		}
		// The host gives a third party's component nothing of the environment.
		own, err := schema.Parse(p.Config)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := compact(t, own.WithoutVariables()), compact(t, w.Schema); got != want {
			t.Errorf("%s: schema %s, want %s", p.Name, got, want)
		}
	}
}

// compact makes two encodings of the same JSON value equal.
func compact(t *testing.T, v any) string {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		t.Fatal(err)
	}
	encoded, err = json.Marshal(decoded)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func TestAPluginThatIsStartedByHandSaysWhatItIs(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(filepath.Join(installed(t, "acme"), "orchestrator-plugin-acme"))
	output, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 || !containsAll(string(output), []string{"acme 0.1.0 is a plugin", "orchestrator plugins list"}) {
		t.Errorf("%v:\n%s", err, output)
	}
}

func TestTheFirstFolderWins(t *testing.T) {
	t.Parallel()
	first, second := installed(t, "acme"), installed(t, "acme", "other")
	h, log := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{first, second, filepath.Join(first, "nothing")}, o.Log), nil
	})
	c := catalogOf(t, h)
	var paths []string
	for _, p := range c.Plugins() {
		paths = append(paths, p.Path)
	}
	if want := []string{filepath.Join(first, "orchestrator-plugin-acme"), filepath.Join(second, "orchestrator-plugin-other")}; !slices.Equal(paths, want) {
		t.Errorf("plugins %q, want %q", paths, want)
	}
	log.waitFor(t, "[WARN]", "same name", filepath.Join(second, "orchestrator-plugin-acme"))
}

func TestNeitherPathNorTheWorkingDirectoryBringsAPlugin(t *testing.T) {
	dir := installed(t, "acme")
	t.Setenv("PATH", dir)
	t.Chdir(dir)
	h, _ := newHost(t, func(o *host.Options) { o.Programs, o.Bundled = host.Discover([]string{""}, o.Log), nil })
	if plugins := catalogOf(t, h).Plugins(); len(plugins) != 0 {
		t.Errorf("found %+v", plugins)
	}
}

func TestAPluginThatOthersCouldChangeIsNotStarted(t *testing.T) {
	t.Parallel()
	copied := func(t *testing.T) (dir, file string) {
		dir = installed(t)
		file = filepath.Join(dir, "orchestrator-plugin-acme")
		program, err := os.ReadFile(self(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, program, 0o755); err != nil {
			t.Fatal(err)
		}
		return dir, file
	}
	for _, test := range []struct {
		name string
		mode os.FileMode
		path func(dir, file string) string
		want string
	}{
		{"as it should be", 0o755, func(_, file string) string { return file }, ""},
		{"file of the group", 0o775, func(_, file string) string { return file }, "others may write"},
		{"file of the world", 0o757, func(_, file string) string { return file }, "others may write"},
		{"folder of the group", 0o775, func(dir, _ string) string { return dir }, "others may write"},
		{"sticky folder of the world", 0o777 | os.ModeSticky, func(dir, _ string) string { return dir }, "others may write"},
		{"folder above of the world", 0o777, func(dir, _ string) string { return filepath.Dir(dir) }, "others may write"},
		{"no program", 0o644, func(_, file string) string { return file }, "not a program"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, file := copied(t)
			if err := os.Chmod(test.path(dir, file), test.mode); err != nil {
				t.Fatal(err)
			}
			h, _ := newHost(t, func(o *host.Options) { o.Programs, o.Bundled = host.Discover([]string{dir}, o.Log), nil })
			_, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "acme/echo", nil)
			if test.want == "" && err != nil {
				t.Fatal(err)
			}
			if test.want != "" && (core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want a config error with %q", err, test.want)
			}
		})
	}
}

func TestAPluginIsHeldToItsLockedHashAtEveryStart(t *testing.T) {
	t.Parallel()
	dir := installed(t, "acme", "forged", "typo")
	hashes := map[string]string{"acme": selfSum(t), "forged": strings.Repeat("0", 64), "typo": "0xy"}
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{dir}, o.Log), nil
		for i, p := range o.Programs {
			o.Programs[i].SHA256 = hashes[p.Name]
		}
	})
	for range 2 { // the second start checks again
		if got := ask(t, h, "acme/nested/length", "four"); got != "4" {
			t.Errorf("got %q", got)
		}
		_, _ = openConverter(t, h, "acme/exit", "").Convert(t.Context(), core.TextValue(""))
	}
	for _, name := range []string{"forged", "typo"} {
		_, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), name+"/echo", nil)
		if core.KindOf(err) != core.ErrorConfig || !containsAll(err.Error(), []string{"SHA-256", selfSum(t), hashes[name]}) {
			t.Errorf("%s: %v, want a config error with both hashes", name, err)
		}
	}
}

func TestInstalledVersionsAreFoundSideBySide(t *testing.T) {
	t.Parallel()
	dir, log := installed(t, "flat"), hclog.NewNullLogger()
	for _, folder := range []string{"acme/1.0.0", "acme/1.10.0", "acme/nothing", ".install-1/1.0.0", "Acme/1.0.0"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		name := "orchestrator-plugin-" + filepath.Dir(folder)
		if err := os.WriteFile(filepath.Join(dir, folder, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "acme/nothing/orchestrator-plugin-acme")); err != nil {
		t.Fatal(err)
	}
	want := []host.Program{
		{Name: "flat", Path: filepath.Join(dir, "orchestrator-plugin-flat")},
		{Name: "acme", Version: "1.0.0", Path: filepath.Join(dir, "acme/1.0.0/orchestrator-plugin-acme")},
		{Name: "acme", Version: "1.10.0", Path: filepath.Join(dir, "acme/1.10.0/orchestrator-plugin-acme")},
	}
	if got := host.Discover([]string{dir}, log); !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAScriptIsAPluginLikeAnyOther(t *testing.T) {
	t.Parallel()
	dir := installed(t, "real")
	script := "#!/bin/sh\nexec \"$(dirname \"$0\")/orchestrator-plugin-real\" \"$@\"\n"
	path := filepath.Join(dir, "orchestrator-plugin-script")
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	h, _ := newHost(t, func(o *host.Options) {
		o.Bundled, o.Programs = nil, []host.Program{{Name: "script", Path: path, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(script)))}}
	})
	if got := ask(t, h, "script/nested/length", "four"); got != "4" {
		t.Errorf("got %q", got)
	}
}
