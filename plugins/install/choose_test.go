package install_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// sumOf is the checksum of a program whose text is s.
func sumOf(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

// shelf is a plugin folder: file names to texts. Programs that are not
// installed lie in it itself.
func shelf(t *testing.T, files map[string]string) []host.Program {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		put(t, dir, name, []byte(text))
	}
	return host.Discover([]string{dir}, hclog.NewNullLogger())
}

func locked(version string, sums map[string]string) *install.Lock {
	l := &install.Lock{}
	l.Put(install.Entry{Name: "acme", Version: version, Protocol: "redteam.plugin.v1", Source: "x", SHA256: sums})
	return l
}

func TestTheLockedProgramIsChosenAndNoOther(t *testing.T) {
	here := func(sum string) map[string]string { return map[string]string{install.Platform(): sum} }
	versions := map[string]string{
		"acme/0.9.0/orchestrator-plugin-acme": "nine", "acme/0.10.0/orchestrator-plugin-acme": "ten", "acme/1.0.0/orchestrator-plugin-acme": "one",
	}
	flat := map[string]string{"orchestrator-plugin-acme": "flat", "acme/0.9.0/orchestrator-plugin-acme": "nine"}
	for _, test := range []struct {
		name     string
		files    map[string]string
		lock     *install.Lock
		want     string // the text of the program
		unlocked bool
		problem  string
	}{
		{"the highest that is allowed", versions, nil, "ten", true, ""},
		{"what was put there comes before what is installed", flat, nil, "flat", true, ""},
		{"nothing", nil, nil, "", false, `plugin "acme" <1 is not installed`},
		{"only another version", map[string]string{"acme/1.0.0/orchestrator-plugin-acme": "one"}, nil, "", false, "is not installed; installed is 1.0.0"},
		{"the locked one, though a later one is there", versions, locked("0.9.0", here(sumOf("nine"))), "nine", false, ""},
		{"the locked one, though another was put there", flat, locked("0.9.0", here(sumOf("nine"))), "nine", false, ""},
		{"the locked one among those put there", flat, locked("0.9.0", here(sumOf("flat"))), "flat", false, ""},
		{"a changed one", versions, locked("0.9.0", here(sumOf("other"))), "", false, "its SHA-256 is " + sumOf("nine") + ", and plugins.lock.yaml says " + sumOf("other")},
		{"one that is not installed", versions, locked("0.8.0", here(sumOf("eight"))), "", false, `plugin "acme" 0.8.0 is locked, and not installed; installed is`},
		{"one that the campaign does not allow", versions, locked("1.0.0", here(sumOf("one"))), "", false, `plugins.lock.yaml locks plugin "acme" 1.0.0, which is not within "<1"`},
		{"one for other platforms", versions, locked("0.9.0", map[string]string{"plan9/386": sumOf("nine")}), "", false, "it has some for plan9/386"},
		{"not in the lock", versions, &install.Lock{}, "ten", true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			required := []requirement.Requirement{{Name: "acme", Version: "<1"}}
			got := install.Choose("c.yaml", required, test.lock, shelf(t, test.files), nil)
			text := ""
			if len(got.Programs) > 0 {
				data, err := os.ReadFile(got.Programs[0].Path)
				if err != nil {
					t.Fatal(err)
				}
				text = string(data)
				if want := sumOf(text); got.Programs[0].SHA256 != want && !test.unlocked {
					t.Errorf("it would be started whatever it is")
				}
				if held := got.Programs[0].Permissions != nil; held == test.unlocked {
					t.Errorf("held to the permissions that are locked: %v", held)
				}
			}
			if _, unlocked := got.Unlocked["acme"]; text != test.want || unlocked != test.unlocked {
				t.Errorf("chose %q, unlocked %v", text, unlocked)
			}
			if message := got.Problems.Error(); (message == "") != (test.problem == "") || !strings.Contains(message, test.problem) {
				t.Errorf("problems %q, want %q", message, test.problem)
			}
			if passed := len(got.PassedOver) > 0; passed != strings.HasSuffix(test.name, "though another was put there") {
				t.Errorf("passed over: %v", got.PassedOver)
			}
			if absent := got.Absent(required)["acme"]; absent != (test.want == "") {
				t.Errorf("absent: %v", absent)
			}
		})
	}
}

func TestOfARequirementThatCouldNotBeReadNothingMoreIsSaid(t *testing.T) {
	required := []requirement.Requirement{{Name: "acme"}}
	for _, lock := range []*install.Lock{nil, locked("1.0.0", nil)} {
		if got := install.Choose("c.yaml", required, lock, nil, nil); len(got.Problems) > 0 || !got.Absent(required)["acme"] {
			t.Errorf("problems %v, absent %v", got.Problems, got.Absent(required))
		}
	}
}

func TestAPluginHasToBeWhatTheCampaignRequiresOnceItIsAsked(t *testing.T) {
	required := []requirement.Requirement{
		{Name: "fine", Version: "<1"},
		{Name: "late", Version: "<1", VersionAt: yamlfile.Position{Line: 3, Column: 9}},
		{Name: "dead", Version: "<1", At: yamlfile.Position{Line: 4, Column: 3}},
	}
	got := install.CheckStarted("c.yaml", required, []host.Plugin{
		{Name: "fine", Version: "0.1.0"},
		{Name: "late", Version: "1.0.0", Path: "/x"},
		{Name: "dead", Err: core.Errorf(core.ErrorUnavailable, "it ended").WithHint("wake it")},
	})
	want := `c.yaml:3:9: plugin "late" is version 1.0.0, which is not within "<1" (/x)
c.yaml:4:3: plugin "dead" cannot be used: it ended (wake it)`
	if diff := cmp.Diff(want, got.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestALockKeepsWhatOthersLockedForTheirPlatforms(t *testing.T) {
	o := options(t, release(t, t.TempDir(), "0.3.1"))
	if _, err := install.Install(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	found := host.Discover([]string{o.Dir}, hclog.NewNullLogger())
	u := install.Updater{Dir: t.TempDir(), Found: found, Describe: describe}
	required := []requirement.Requirement{{Name: "acme", Version: "*"}}
	fresh, err := u.Update(t.Context(), nil, required)
	if err != nil {
		t.Fatal(err)
	}
	mine, _ := fresh.Find("acme")
	theirs := &install.Lock{}
	theirs.Put(install.Entry{Name: "acme", Version: "0.3.1", Protocol: mine.Protocol, Source: "theirs", SHA256: map[string]string{"plan9/386": ones}})
	theirs.Put(install.Entry{Name: "unasked", Version: "1.0.0", SHA256: map[string]string{"plan9/386": twos}})
	both, err := u.Update(t.Context(), theirs, required)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"acme: SHA-256 for " + install.Platform() + " " + mine.SHA256[install.Platform()] + ", was nothing",
		"acme: source " + mine.Source + ", was theirs",
	}
	if diff := cmp.Diff(want, install.Differences(theirs, both)); diff != "" {
		t.Error(diff)
	}
	if again, err := u.Update(t.Context(), both, required); err != nil || len(install.Differences(both, again)) != 0 {
		t.Errorf("%v, %v", again, err)
	}
	if _, err := u.Update(t.Context(), nil, append(required, requirement.Requirement{Name: "acme", Version: ">=1"})); err == nil ||
		!strings.Contains(err.Error(), `no installed version of plugin "acme" will do: the campaigns allow "*" and ">=1"; installed is 0.3.1`) {
		t.Errorf("%v", err)
	}
}

func TestALockIsWrittenWhollyOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, install.LockName)
	if err := install.WriteLock(path, locked("1.0.0", map[string]string{"plan9/386": ones})); err != nil {
		t.Fatal(err)
	}
	l, err := install.ReadLock(dir)
	if _, ok := l.Find("acme"); err != nil || !ok {
		t.Errorf("%+v, %v", l, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if err := install.WriteLock(filepath.Join(dir, "none", install.LockName), l); err == nil {
		t.Error("written into no folder")
	}
}
