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
		core.NewTarget(core.Info{Name: "echo", In: text, Out: text}, echoConfig{}, func(context.Context, echoConfig) (core.Target, error) {
			return echo{}, nil
		}),
		core.NewScorer(core.Info{Name: "said", In: text, Scores: core.ScoreTrueFalse}, struct{}{}, func(context.Context, struct{}) (core.Scorer, error) {
			return successful{}, nil
		}),
	)
}

// echoConfig has what needs permissions beyond those that a plugin declares.
type echoConfig struct {
	Command []string `json:"command" format:"command" doc:"Program that it could run."`
	File    string   `json:"file" format:"local-file" doc:"File that it could read."`
}

// echo is a target that repeats what it is told, and successful a scorer for which each
// reply is a success.
type (
	echo       struct{}
	successful struct{}
)

func (echo) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return echo{}, nil
}

func (echo) Send(_ context.Context, m core.Message) (core.Reply, error) {
	return core.Reply{Message: core.Message{Role: core.Assistant, Parts: m.Parts}, Finish: core.FinishComplete}, nil
}

func (echo) End(context.Context) error { return nil }

func (successful) Score(context.Context, core.Evidence) (core.Score, error) {
	return core.Score{Type: core.ScoreTrueFalse, Value: 1}, nil
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

func TestOfACampaignWithAMistakeOnlyTheMistakeIsReported(t *testing.T) {
	const source = `version: 1
name: demo
targets: {agent: {use: echo}}
scorers: {leaked: {use: said}}
attacks: [{name: a, target: agent, objective: x, turns: [{user: hello}], scorers: []}]
`
	_, err := planning(t, source).Plan(t.Context(), "demo.yaml")
	if want := "demo.yaml:5:83: scorers must not be empty (without a scorer there is no verdict)"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
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

func TestAFolderThatCannotBeFoundOutAboutIsAnErrorThoughTheFileIsYetToCome(t *testing.T) {
	secrets := &Secrets{Folders: []string{"/keys"}, Files: yetToCome{}}
	if err := secrets.AllowFile("/keys/new/token"); !errors.Is(err, errLost) || core.KindOf(err) != core.ErrorConfig {
		t.Errorf("error %v, want %v", err, errLost)
	}
}

// yetToCome are files that are not there, in folders that nothing is known of.
type yetToCome struct{ lost }

func (yetToCome) Resolve(path string) (string, error) {
	if strings.HasSuffix(path, "token") {
		return "", fs.ErrNotExist
	}
	return "", errLost
}

// halfLost are files of which only the folders that are allowed cannot be found.
type halfLost struct{ lost }

func (halfLost) Resolve(path string) (string, error) {
	if path == "/keys/token" {
		return path, nil
	}
	return "", fs.ErrPermission
}
