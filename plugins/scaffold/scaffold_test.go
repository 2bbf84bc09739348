package scaffold_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/examples/programs"
	"github.com/redteam-orchestrator/orchestrator/plugins/scaffold"
)

func run(t *testing.T, dir string, argv ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = dir
	// What is built shares the cache with this checkout's programs.
	cmd.Env = append(cmd.Environ(), "GOFLAGS=-trimpath", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out)
}

// checkout is this repository.
func checkout(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestANewPluginOfEachKindBuildsAndPassesItsTestsAndTheKit(t *testing.T) {
	bin := filepath.Join(programs.Build(t), "orchestrator")
	for _, kind := range core.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "acme")
			p := scaffold.Plugin{Name: "acme", Kind: kind, Module: "example.com/acme", Version: "v0.0.0", Checkout: checkout(t)}
			files, err := p.Write(dir)
			if err != nil {
				t.Fatal(err)
			}
			if got := run(t, dir, "gofmt", "-l", "."); got != "" || len(files) != 8 {
				t.Errorf("files %v; not formatted: %s", files, got)
			}
			run(t, dir, "go", "vet", "./...")
			run(t, dir, "go", "test", "-vet=off", ".") // vetted it is
			run(t, dir, "go", "build", "-o", "orchestrator-plugin-acme", ".")
			out := run(t, dir, bin, "plugins", "test", "./orchestrator-plugin-acme")
			if !strings.Contains(out, " 0 failed") {
				t.Errorf("the kit says:\n%s", out)
			}
			if out := run(t, dir, bin, "validate", "--plugin-dir", ".", "campaign.yaml"); !strings.Contains(out, "ok: 1 attack") {
				t.Errorf("its campaign:\n%s", out)
			}
		})
	}
}

func TestANewPluginOfAReleaseRequiresItsVersion(t *testing.T) {
	dir := t.TempDir() // an empty one will do
	if _, err := (scaffold.Plugin{Name: "acme", Kind: core.KindScorer, Module: "example.com/acme", Version: "v1.2.3"}).Write(dir); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil || !strings.Contains(string(mod), "orchestrator v1.2.3\n") || strings.Contains(string(mod), "replace") {
		t.Errorf("go.mod, %v:\n%s", err, mod)
	}
}

func TestAMistakeWritesNothing(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "main.go"), []byte("package mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := scaffold.Plugin{Name: "acme", Kind: core.KindScorer, Module: "example.com/acme", Version: "v1.2.3"}
	for _, test := range []struct {
		name, dir, want string
		change          func(*scaffold.Plugin)
	}{
		{"a folder with something in it", full, "is not empty", func(*scaffold.Plugin) {}},
		{"no name", "", "is not a plugin's name", func(p *scaffold.Plugin) { p.Name = "Acme Speech" }},
		{"no kind", "", "is not a kind", func(p *scaffold.Plugin) { p.Kind = "strategy" }},
		{"no module", "", "is not the path of a Go module", func(p *scaffold.Plugin) { p.Module = "a b" }},
		{"no checkout", "", "is not a checkout", func(p *scaffold.Plugin) { p.Checkout = full }},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := test.dir
			if dir == "" {
				dir = filepath.Join(t.TempDir(), "new")
			}
			before, _ := os.ReadDir(dir)
			p := good
			test.change(&p)
			_, err := p.Write(dir)
			if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), test.want) || core.HintOf(err) == "" {
				t.Errorf("error %v, want one of kind config with %q and a hint", err, test.want)
			}
			if after, _ := os.ReadDir(dir); len(after) != len(before) {
				t.Errorf("there are %v now", after)
			}
		})
	}
}
