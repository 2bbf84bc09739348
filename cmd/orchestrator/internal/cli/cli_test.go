package cli_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/redteam-orchestrator/orchestrator/cmd/orchestrator/internal/cli"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/agent"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// TestMain lets the test binary stand for the program, also where the program
// starts itself again to serve the bundled components, and for a third party's
// plugin.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"orchestrator":               func() { leave(cli.Main()) },
		"orchestrator-plugin-jury":   func() { serveJury(); leave(0) },
		"orchestrator-plugin-caller": func() { serveCaller(); leave(0) },
	})
}

// leave ends the process. The race detector reads GORACE in /proc/self/environ,
// which a plugin in the sandbox cannot, and would wait for a second there. Races
// are told when they happen.
func leave(code int) {
	if os.Getenv("ORCHESTRATOR_SANDBOX") != "" {
		syscall.Exit(code)
	}
	os.Exit(code)
}

// apiKey is the key that the practice target of the tests demands.
const apiKey = "practice-key-5f1c"

// practice is a practice target in this process.
type practice struct {
	*httptest.Server
	realtime *realtimetest.Server
}

// newPractice starts a practice target that writes instead of speaking. Before
// it answers the n-th turn of any conversation, it calls before(n).
func newPractice(t testing.TB, before func(turn int)) *practice {
	t.Helper()
	return servePractice(t, writer{&agent.Agent{}, before})
}

func servePractice(t testing.TB, a realtimetest.Agent) *practice {
	t.Helper()
	return serveBusyPractice(t, a, realtimetest.Allowance{})
}

// serveBusyPractice starts one that does not bear everything.
func serveBusyPractice(t testing.TB, a realtimetest.Agent, allowed realtimetest.Allowance) *practice {
	t.Helper()
	realtime := realtimetest.NewServer(a, realtimetest.Options{APIKey: apiKey, Allowance: allowed, MCP: agent.Notes{}})
	p := &practice{Server: httptest.NewServer(realtime), realtime: realtime}
	t.Cleanup(func() {
		_ = realtime.Close()
		p.Close()
	})
	return p
}

// endpoint is what a campaign writes to reach the practice target.
func (p *practice) endpoint() string { return p.URL + "/v1" }

// writer is the practice agent, with a hook.
type writer struct {
	*agent.Agent
	before func(turn int)
}

// Hear understands every sound in the same way: the agent has no ears here.
func (writer) Hear(context.Context, []byte) (string, error) { return "hello", nil }

func (w writer) Answer(ctx context.Context, instructions string, items []realtimetest.Item) (string, error) {
	if w.before != nil {
		turn := 0
		for _, item := range items {
			if item.Role == "user" {
				turn++
			}
		}
		w.before(turn)
	}
	return w.Agent.Answer(ctx, instructions, items)
}

// TestScripts runs every script in testdata. In their YAML files, ENDPOINT
// stands for a practice target, and CLOSED for an endpoint where nothing
// listens.
func TestScripts(t *testing.T) {
	t.Parallel()
	p := newPractice(t, nil)
	closed := newPractice(t, nil)
	closed.Close()
	program, err := exec.LookPath("orchestrator")
	if err != nil {
		t.Fatal(err)
	}
	checkout, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, "data"))
			env.Setenv("GORACE", os.Getenv("GORACE"))
			env.Setenv("PRACTICE_KEY", apiKey)
			env.Setenv("PROGRAM", program)
			env.Setenv("CHECKOUT", checkout)
			return fillIn(env.WorkDir, map[string]string{"ENDPOINT": p.endpoint(), "CLOSED": closed.endpoint(), "WORKDIR": env.WorkDir})
		},
	})
}

// exits runs a program and checks its exit code: exits 2 orchestrator …
func exits(ts *testscript.TestScript, negative bool, given []string) {
	if negative || len(given) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGUMENT...]")
	}
	err := ts.Exec(given[1], given[2:]...)
	got := "0"
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = strings.TrimPrefix(exit.String(), "exit status ")
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != given[0] {
		ts.Fatalf("exit code %s, want %s", got, given[0])
	}
}

// fillIn replaces words in the YAML files of a folder.
func fillIn(dir string, words map[string]string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for word, value := range words {
			text = []byte(strings.ReplaceAll(string(text), word, value))
		}
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func TestAnInterruptionBeforeTheRunBeginsIsNoFailure(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("orchestrator")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"run", "no-such.yaml"}, {"plugins", "list"}, {"list"}} {
		var stderr strings.Builder
		env := cli.Env{
			Args: args, Stdout: io.Discard, Stderr: &stderr, LookupEnv: os.LookupEnv,
			Executable: program, DataDir: t.TempDir(), Now: time.Now,
		}
		if code := cli.Run(ctx, env); code != 130 {
			t.Errorf("%s: exit code %d, want 130: %s", args, code, &stderr)
		}
	}
}
