package cli_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/redteam-orchestrator/orchestrator/cmd/orchestrator/internal/cli"
	"github.com/redteam-orchestrator/orchestrator/examples/programs"
)

// beside has programs of a companion, and an orchestrator that was built with the checksum
// of one of them.
type beside struct {
	dir      string
	building map[string]func() (string, error)
}

func newBeside(t *testing.T) *beside {
	b := &beside{dir: t.TempDir(), building: map[string]func() (string, error){}}
	for version, flags := range map[string]string{
		"1.0.0":  "-X main.version=1.0.0",
		"2.0.0":  "-X main.version=2.0.0",
		"greedy": "-X main.version=1.0.0 -X main.programs=sh",
	} {
		b.building[version] = sync.OnceValues(func() (string, error) { return b.build(version, "./testdata/companion", flags) })
	}
	b.building["locked"] = sync.OnceValues(func() (string, error) {
		companion, err := b.building["1.0.0"]()
		if err != nil {
			return "", err
		}
		data, err := os.ReadFile(companion)
		if err != nil {
			return "", err
		}
		const variable = "github.com/redteam-orchestrator/orchestrator/cmd/orchestrator/internal/cli.providersSHA256"
		return b.build("locked", "../..", fmt.Sprintf("-X %s=%x", variable, sha256.Sum256(data)))
	})
	return b
}

// build builds a program. It is done as the orchestrator is built: they share the cache.
func (b *beside) build(name, of, flags string) (string, error) {
	path := filepath.Join(b.dir, name)
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "-ldflags", "-s -w "+flags, of)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", name, err, out)
	}
	return path, nil
}

// place puts a program into a file: place 1.0.0 FILE, where 1.0.0, 2.0.0 and greedy are
// companions, locked is an orchestrator with the checksum of 1.0.0, and loose one with
// none.
func (b *beside) place(ts *testscript.TestScript, _ bool, given []string) {
	to := ts.MkAbs(given[1])
	ts.Check(os.MkdirAll(filepath.Dir(to), 0o755))
	if err := os.Remove(to); err != nil && !os.IsNotExist(err) {
		ts.Check(err)
	}
	if given[0] == "loose" {
		program, err := exec.LookPath("orchestrator")
		ts.Check(err)
		ts.Check(os.Link(program, to))
		return
	}
	built, err := b.building[given[0]]()
	ts.Check(err)
	data, err := os.ReadFile(built)
	ts.Check(err)
	ts.Check(os.WriteFile(to, data, 0o755))
}

// TestCompanionScripts runs the scripts about programs that come with the orchestrator.
func TestCompanionScripts(t *testing.T) {
	t.Parallel()
	practice := newPractice(t, nil)
	b := newBeside(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/companions",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "place": b.place, "stopped": stopped,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, "data"))
			env.Setenv("GORACE", os.Getenv("GORACE"))
			env.Setenv("PRACTICE_KEY", apiKey)
			return fillIn(env.WorkDir, map[string]string{"ENDPOINT": practice.endpoint(), "WORKDIR": env.WorkDir})
		},
	})
}

func TestTheVersionIsToldWithoutStartingAnything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "orchestrator-plugin-providers"), []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
	}{{[]string{"version"}, 0}, {[]string{"--version"}, 0}, {[]string{"plugins", "list"}, 3}} {
		var stderr strings.Builder
		env := cli.Env{
			Args: test.args, Stdout: io.Discard, Stderr: &stderr, LookupEnv: func(string) (string, bool) { return "", false },
			Executable: filepath.Join(dir, "orchestrator"), // there is none: each start of a plugin fails
			DataDir:    dir, Now: time.Now,
		}
		if code := cli.Run(context.Background(), env); code != test.code {
			t.Errorf("%s: exit code %d, want %d: %s", test.args, code, test.code, &stderr)
		}
	}
}

func TestWhatMakeBuildBuildsBelongsTogether(t *testing.T) {
	t.Parallel()
	bin := programs.Build(t)
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+t.TempDir(), "ORCHESTRATOR_PLUGIN_DIR=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	companion, err := os.ReadFile(filepath.Join(bin, "orchestrator-plugin-providers"))
	if err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(companion))
	if out := run("orchestrator", "version"); !strings.HasSuffix(out, "\ncompanion providers: locked to SHA-256 "+sum+"\n") {
		t.Errorf("version says\n%s\nwant the checksum %s of the companion", out, sum)
	}
	if out := run("orchestrator", "plugins", "verify"); !strings.Contains(out, "providers  -        ok       "+sum[:12]) {
		t.Errorf("the companion is not verified:\n%s", out)
	}
	if out := run("orchestrator", "plugins", "describe", "providers"); !strings.Contains(out, "\nmay do:     network\n") {
		t.Errorf("the companion is described as\n%s", out)
	}
}
