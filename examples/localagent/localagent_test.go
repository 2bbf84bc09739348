package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// TestMain becomes the launcher where localagent starts itself again, and localagent
// where a test has to kill it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == launch {
		fmt.Fprintln(os.Stderr, sandbox.Exec(os.Args[2:], os.Environ()))
		os.Exit(sandbox.ExitStatus)
	}
	if len(os.Args) > 1 && os.Args[1] == asMain {
		os.Exit(run(context.Background(), os.Args[2:], os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

// asMain has the test's program be localagent.
const asMain = "as-main"

func TestTheServersOwnTestsPass(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "python3", "-B", "-W", "error", "-m", "unittest", "discover")
	cmd.Dir = "tests"
	cmd.Env = append(os.Environ(), "PYTHONPATH=../server")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestAMistakeOnTheCommandLineIsSaidBeforeAnythingStarts(t *testing.T) {
	here, err := filepath.Abs("main.go")
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"--python", here, "--model", here}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no Python":               {nil, "--python is required: .ci/real installs what it names"},
		"no model":                {[]string{"--python", here}, "--model is required: .ci/real installs what it names"},
		"a folder for a model":    {[]string{"--python", here, "--model", "."}, "--model: there is no file " + filepath.Dir(here)},
		"an argument":             {append(files, "x"), `unexpected argument "x": there are only flags, see --help`},
		"an unknown flag":         {[]string{"--key"}, "flag provided but not defined: -key"},
		"too small a context":     {append(files, "--context", "15"), "--context 15: a conversation needs 16 tokens at least"},
		"an address for everyone": {append(files, "--listen", "0.0.0.0:1"), `--listen: "0.0.0.0" is not a loopback address: use 127.0.0.1, ::1 or localhost`},
		"no address":              {append(files, "--listen", "1"), "--listen: address 1: missing port in address; expected an address such as 127.0.0.1:8180"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), test.args, &stdout, &stderr); code != exitUsage || stdout.Len() > 0 {
				t.Errorf("exit code %d, want %d; stdout %q", code, exitUsage, &stdout)
			}
			if want := "localagent: error: " + test.want + "\n"; stderr.String() != want {
				t.Errorf("printed %q, want %q", &stderr, want)
			}
		})
	}
}

// python returns the Python of a virtual environment. With library it has the one of
// testdata in cyllama's place.
func python(t *testing.T, library bool) string {
	t.Helper()
	venv := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "python3", "-m", "venv", "--without-pip", venv).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if library {
		found, err := filepath.Glob(filepath.Join(venv, "lib", "python3*", "site-packages"))
		if err != nil || len(found) != 1 {
			t.Fatalf("site-packages: %q (%v)", found, err)
		}
		if err := os.CopyFS(found[0], os.DirFS("testdata")); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(venv, "bin", "python")
}

// file returns the path of a new file.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	for name, test := range map[string]struct{ python, model, want string }{
		"a model that is none":     {python(t, true), "pickle", " is no GGUF file\n"},
		"a Python without cyllama": {python(t, false), "GGUF", "No module named 'cyllama'\n"},
		"what is no Python":        {file(t, "x"), "GGUF", " does not say where it is installed: "},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			args := []string{"--listen", "127.0.0.1:0", "--python", test.python, "--model", file(t, test.model)}
			if code := run(t.Context(), args, &stdout, &stderr); code != exitFailed || strings.Contains(stdout.String(), "listening") {
				t.Errorf("exit code %d, want %d; stdout %q", code, exitFailed, &stdout)
			}
			if !strings.Contains(stderr.String(), test.want) || !strings.Contains(stderr.String(), "localagent: error: ") {
				t.Errorf("printed %q, want %q", &stderr, test.want)
			}
		})
	}
}

// running is a localagent that answers.
type running struct {
	address, restricted string
	stop                func() (code int, stderr string)
}

// started starts one with a model that tries to leave the sandbox: it would read
// secret, and connect to port.
func started(t *testing.T, secret, port string) running {
	t.Helper()
	return start(t, "--listen", "127.0.0.1:0", "--python", python(t, true), "--model", file(t, "GGUF\n"+secret+"\n"+port+"\n"))
}

// ask sends a message, and returns the answer.
func (r running) ask(t *testing.T) string {
	t.Helper()
	body := strings.NewReader(`{"model": "gemma-3-270m", "max_tokens": 1000, "messages": [{"role": "user", "content": "Hello."}]}`)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.address+"/v1/chat/completions", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var reply struct {
		Choices []struct {
			Message struct{ Content string }
			Finish  string `json:"finish_reason"`
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil || len(reply.Choices) != 1 || reply.Choices[0].Finish != "stop" {
		t.Fatalf("the reply is %s %+v (%v)", response.Status, reply, err)
	}
	return reply.Choices[0].Message.Content
}

// What the model's library tries is refused by the kernel, and the server answers
// nevertheless, again and again.
func TestTheSandboxHoldsTheModelAndItsLibrary(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	_, port, _ := net.SplitHostPort(other.Addr().String())
	r := started(t, file(t, "a secret"), port)
	want := "read forbidden, list forbidden, write forbidden, connect forbidden, bind forbidden, run forbidden, temporary done"
	if !sandbox.Supported().Complete() {
		t.Logf("this system does not enforce everything: %s", r.restricted)
		want = ""
	}
	for range 3 {
		if got := r.ask(t); want != "" && got != want {
			t.Errorf("the model could: %s\nwant: %s", got, want)
		}
	}
	if r.restricted != sandbox.Supported().String() {
		t.Errorf("it says %q of its sandbox", r.restricted)
	}
	if code, stderr := r.stop(); code != exitDone || stderr != "" {
		t.Errorf("stopped with exit code %d: %s", code, stderr)
	}
}

func TestNothingIsLeftOfAServerThatWasStopped(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	r := started(t, "/nowhere", "1")
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) == 0 {
		t.Fatalf("it has no folder of its own: %v", err)
	}
	r.stop()
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "localagent-*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q (%v)", left, err)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(r.address, "http://")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("its port is open still: %v", err)
	}
}

// A localagent that is killed cannot stop its server, which has to notice.
func TestTheServerEndsWithTheProgramThatStartedIt(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, asMain, "--listen", "127.0.0.1:0",
		"--python", python(t, true), "--model", file(t, "GGUF\n/nowhere\n1\n"))
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir()) // it leaves its folder there
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := ""
	for lines := bufio.NewScanner(stdout); address == "" && lines.Scan(); {
		if found, ok := strings.CutPrefix(lines.Text(), "listening on http://"); ok {
			address = found
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if address == "" {
		t.Fatal("it does not start")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for again := time.NewTicker(10 * time.Millisecond); ; {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
		if err == nil {
			_ = connection.Close()
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("the server listens still: %v", err)
		}
	}
}
