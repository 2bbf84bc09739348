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
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// memory is a folder that is not on any disk.
type memory struct{ fstest.MapFS }

func (m memory) Open(string) (Folder, error) { return openMemory(m), nil }

func (memory) Resolve(path string) (string, error) { return path, nil }

func (memory) Abs(path string) (string, error) { return filepath.Join("/", path), nil }

// openMemory is such a folder while it is open.
type openMemory memory

func (m openMemory) FS() fs.FS { return m.MapFS }

func (openMemory) Close() error { return nil }

const needsAcme = `version: 1
name: demo
plugins: {acme: {version: "^1.0"}}
targets: {agent: {use: acme/echo}}
scorers: {leaked: {use: match/substring, with: {any: [x]}}}
attacks: [{name: a, target: agent, objective: x, turns: [{user: hello}], scorers: [leaked]}]
`

// idle is a Runner of the campaigns of some files, which must not come as far as a
// store or a plugin.
func idle(t *testing.T, files fstest.MapFS) *Runner {
	t.Helper()
	none := func(string) (string, bool) { return "", false }
	on := memory{files}
	return &Runner{
		Planner: &Planner{
			Files: on, Secrets: &Secrets{Files: on, LookupEnv: none},
			Plugins: &Plugins{Bundled: []string{filepath.Join(t.TempDir(), "no-such-program")}, Log: hclog.NewNullLogger(), Warn: func(string) {}},
		},
		Store: func(context.Context) (*store.Store, error) {
			t.Error("the store was opened")
			return nil, errors.New("no store")
		},
		Reporter: &steps{}, Log: silence{}, Redactor: secret.NewRedactor(), Version: "v0.0.0",
	}
}

func TestARunIsRefusedBeforeAnythingIsStartedOrStored(t *testing.T) {
	r := idle(t, fstest.MapFS{"demo.yaml": {Data: []byte(needsAcme)}})
	_, planErr := r.Planner.Plan(t.Context(), "demo.yaml")
	if planErr == nil {
		t.Error("the campaign is planned without a plugin")
	}
	out, err := r.Run(t.Context(), Spec{Kind: New, File: "demo.yaml"})
	wrong, ok := errors.AsType[CampaignError](err)
	if !ok || !strings.Contains(err.Error(), `plugin "acme" ^1.0 is not installed`) || string(wrong.Source) != needsAcme {
		t.Errorf("the campaign is refused with %v", err)
	}
	if out != (Outcome{}) {
		t.Errorf("the outcome is %+v", out)
	}
}

func TestACampaignThatCannotBeReadIsAMistakeOfTheUser(t *testing.T) {
	r := idle(t, fstest.MapFS{})
	if _, err := r.Run(t.Context(), Spec{Kind: New, File: "none.yaml"}); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("error %v", err)
	}
	if _, err := r.Run(t.Context(), Spec{Kind: Resume, From: store.Run{ID: "a"}}); core.KindOf(err) != core.ErrorConfig || !errors.Is(err, store.ErrNotResumable) {
		t.Errorf("a run without its plan: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Run(ctx, Spec{Kind: New, File: "none.yaml"}); !errors.Is(err, context.Canceled) {
		t.Errorf("once it is cancelled: %v", err)
	}
}

func TestARunIsReplayedOnlyWhereItsRecordHasAllThatItTakes(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const id = "20261101-000000-aaaa"
	keep(t, s, id, strings.Replace(scheduled, "BASELINE", "", 1), time.Unix(1000, 0), core.Defended)
	kept, err := s.Run(t.Context(), id)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	broken := kept
	broken.Source = []byte("version: 1\nname: nightly\n")
	for name, test := range map[string]struct {
		from store.Run
		want string
	}{
		"a run whose components were not recorded": {kept, `no plugin offers a target "realtime"`},
		"a campaign that is not whole":             {broken, `the campaign needs the key "targets"`},
	} {
		t.Run(name, func(t *testing.T) {
			r := idle(t, fstest.MapFS{})
			r.Store = func(ctx context.Context) (*store.Store, error) { return store.Open(ctx, s.Dir()) }
			out, err := r.Run(t.Context(), Spec{Kind: Replay, From: test.from})
			if err == nil || !strings.Contains(err.Error(), test.want) || out != (Outcome{}) {
				t.Errorf("%+v, %v; want no outcome, and an error that says %q", out, err, test.want)
			}
		})
	}
	reader, err := store.OpenReader(t.Context(), s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if runs, err := reader.Runs(t.Context()); err != nil || len(runs) != 1 {
		t.Errorf("runs %+v, %v; want no other one", runs, err)
	}
}

func TestARunWhoseCampaignCannotBeReadIsNotKeptFromOthers(t *testing.T) {
	s, err := store.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1000, 0)
	j, err := s.CreateRun(t.Context(), store.Run{
		ID: "20261101-000000-aaaa", Campaign: "demo", Path: "/c.yaml", Plan: "p", Started: at, Files: []store.File{{Name: "rows.csv", Data: []byte("a,b\n")}},
	})
	if err == nil {
		err = j.Finish(store.Interrupted, "", at)
	}
	if err != nil {
		t.Fatal(err)
	}
	kept, err := s.Run(t.Context(), "20261101-000000-aaaa")
	if err := errors.Join(err, s.Close(), os.RemoveAll(filepath.Join(s.Dir(), "artifacts"))); err != nil {
		t.Fatal(err)
	}
	r := idle(t, fstest.MapFS{})
	r.Store = func(ctx context.Context) (*store.Store, error) { return store.Open(ctx, s.Dir()) }
	for range 2 {
		if _, err := r.Run(t.Context(), Spec{Kind: Resume, From: kept}); !errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrRunning) {
			t.Errorf("error %v, want that a file of the record is missing", err)
		}
	}
}

func TestAWrongWishForTracesIsRefusedBeforeAnythingIsStarted(t *testing.T) {
	r := idle(t, fstest.MapFS{"demo.yaml": {Data: []byte(strings.Replace(needsAcme, "plugins: {acme: {version: \"^1.0\"}}\n", "", 1))}})
	r.Planner.Secrets.LookupEnv = func(name string) (string, bool) { return "console", name == "OTEL_TRACES_EXPORTER" }
	out, err := r.Run(t.Context(), Spec{Kind: New, File: "demo.yaml"})
	if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), "OTEL_TRACES_EXPORTER") || out != (Outcome{}) {
		t.Errorf("%+v, %v; want that the variable is wrong", out, err)
	}
}

func TestAFileIsReadWithinItsFolderAndItsLimit(t *testing.T) {
	files := memory{fstest.MapFS{"keys/token": {Data: []byte("12345")}, "pipe": {Mode: fs.ModeNamedPipe}}}
	for _, test := range []struct {
		name  string
		limit int64
		want  string
	}{
		{"keys/token", 5, ""},
		{"./keys/../keys/token", 5, ""},
		{"keys/token", 4, "larger than 4 bytes"},
		{"pipe", 5, "not a file"},
		{"../token", 5, "does not exist"},
	} {
		data, err := ReadFile(files, "any", test.name, test.limit)
		if test.want == "" && (err != nil || string(data) != "12345") || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s within %d bytes: %q, %v", test.name, test.limit, data, err)
		}
	}
}
