package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
)

// TestMain is also the program of the plugins: of the bundled one where it is run as
// "… serve", and of acme under the name of its program.
func TestMain(m *testing.M) {
	name, third := strings.CutPrefix(filepath.Base(os.Args[0]), "orchestrator-plugin-")
	if !third && (len(os.Args) < 2 || os.Args[1] != "serve") {
		os.Exit(m.Run())
	}
	if !third {
		name = "bundled"
	}
	text := []core.Modality{core.Text}
	plugins.Serve(plugins.Info{Name: name, Version: "1.2.0"},
		core.NewTarget(core.Info{Name: "echo", In: text, Out: text}, struct{}{}, func(context.Context, struct{}) (core.Target, error) {
			return nil, errors.New("no test opens it")
		}),
		core.NewScorer(core.Info{Name: "said", In: text, Scores: core.ScoreTrueFalse}, struct{}{}, func(context.Context, struct{}) (core.Scorer, error) {
			return nil, errors.New("no test opens it")
		}),
	)
}

// planning is a Planner of a campaign, with the bundled plugin and acme.
func planning(t *testing.T, campaign string) *Planner {
	t.Helper()
	self, err := os.Executable()
	dir := t.TempDir()
	if err := errors.Join(err, os.Chmod(dir, 0o755), os.Symlink(self, filepath.Join(dir, "orchestrator-plugin-acme"))); err != nil {
		t.Fatal(err)
	}
	p := idle(t, fstest.MapFS{"demo.yaml": {Data: []byte(campaign)}}).Planner
	p.Plugins.Bundled, p.Plugins.Folders = []string{self, "serve"}, []string{dir}
	return p
}

func TestACampaignIsPlannedWithWarningsOfThePluginsThatAreNotLocked(t *testing.T) {
	const own = `version: 1
name: demo
PLUGINS
targets: {agent: {use: TARGET}}
scorers: {leaked: {use: said}}
attacks: [{name: a, target: agent, objective: x, trials: 3, turns: [{user: hello}], scorers: [leaked]}]
`
	for name, test := range map[string]struct {
		plugins, target string
		// with are the plugins that it runs with, unlocked those that warnings name.
		with, unlocked int
		// wrong is what an error says; "" where there is a plan.
		wrong string
	}{
		"bundled components":      {"", "echo", 1, 0, ""},
		"a plugin without a lock": {`plugins: {acme: {version: "^1.0"}}`, "acme/echo", 2, 1, ""},
		"a plugin that is not as the campaign wants it": {
			`plugins: {acme: {version: "^2.0"}}`, "acme/echo", 0, 0, `demo.yaml:3:27: plugin "acme" is version 1.2.0, which is not within "^2.0"`,
		},
		"a component that nobody has": {"", "ekho", 0, 0, `demo.yaml:4:24: no plugin offers a target "ekho"`},
		"a configuration that its component does not take": {
			"", "echo, with: {loud: true}", 0, 0, `unknown key "loud"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			planned, err := planning(t, strings.NewReplacer("PLUGINS", test.plugins, "TARGET", test.target).Replace(own)).Plan(t.Context(), "demo.yaml")
			if test.wrong != "" {
				if _, ok := errors.AsType[CampaignError](err); !ok || !strings.Contains(err.Error(), test.wrong) || planned != nil {
					t.Errorf("%v, %v; want it refused because %s", planned, err, test.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(planned.Plan.Trials) != 3 || len(planned.Plugins) != test.with || len(planned.Unlocked) != test.unlocked {
				t.Errorf("%d trials, plugins %v, unlocked %v", len(planned.Plan.Trials), planned.Plugins, planned.Unlocked)
			}
			for _, p := range planned.Unlocked {
				if !strings.Contains(p.Message, `plugin "acme" is not locked`) {
					t.Errorf("the warning is %q", p.Message)
				}
			}
		})
	}
}

// lost are files on a disk that is gone.
type lost struct{}

var errLost = errors.New("the disk is gone")

func (lost) Open(string) (Folder, error) { return nil, errLost }

func (lost) Resolve(string) (string, error) { return "", errLost }

func (lost) Abs(string) (string, error) { return "", errLost }

func TestWhatCannotBeFoundOutAboutAFileOfASecretIsAnError(t *testing.T) {
	secrets := &Secrets{Folders: []string{"keys"}, Files: lost{}, LookupEnv: func(string) (string, bool) { return "", false }}
	if _, _, err := secrets.locate("/c.yaml", "/keys/token"); !errors.Is(err, errLost) {
		t.Errorf("where it is: %v", err)
	}
	if err := secrets.AllowFile("/keys/token"); !errors.Is(err, errLost) {
		t.Errorf("whether a component may read it: %v", err)
	}
	only := &Secrets{Folders: []string{"keys"}, Files: halfLost{}}
	if err := only.AllowFile("/keys/token"); !errors.Is(err, errLost) {
		t.Errorf("whether it is below a folder: %v", err)
	}
}

// halfLost are files of which only the folders that are allowed cannot be found.
type halfLost struct{ lost }

func (halfLost) Resolve(path string) (string, error) {
	if path == "/keys/token" {
		return path, nil
	}
	return "", fs.ErrPermission
}
