package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(thenStop{m},
		goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"),
		goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

// thenStop runs the tests, and then stops the program that they share.
type thenStop struct{ *testing.M }

func (m thenStop) Run() int {
	code := m.M.Run()
	p, err := running()
	if err == nil && p.stop() != exitDone {
		err = errors.New("it did not end well")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "the program that the tests share: %v\n", err)
		return max(code, 1)
	}
	return code
}

// program is a running voicebot.
type program struct {
	t      *testing.T
	host   string // host:port
	stop   func() int
	stderr *bytes.Buffer // to be read once it has stopped
}

// running starts a program without flags for all tests that hold conversations only:
// it listens to itself before it serves, which takes its time.
var running = sync.OnceValues(func() (program, error) { return begin(nil) })

// shared returns the program that the tests share.
func shared(t *testing.T) program {
	t.Helper()
	p, err := running()
	if err != nil {
		t.Fatal(err)
	}
	p.t = t
	return p
}

// launch starts a program for one test.
func launch(t *testing.T, args ...string) program {
	t.Helper()
	return launchWith(t, nil, args...)
}

func launchWith(t *testing.T, env map[string]string, args ...string) program {
	t.Helper()
	p, err := begin(env, args...)
	if err != nil {
		t.Fatal(err)
	}
	p.t = t
	t.Cleanup(func() {
		if got := p.stop(); got != 0 {
			t.Errorf("the program ended with code %d:\n%s", got, p.stderr)
		}
	})
	return p
}

// begin starts the program on a free port and waits until clients may come.
func begin(env map[string]string, args ...string) (program, error) {
	ctx, cancel := context.WithCancel(context.Background())
	out, stdout := io.Pipe()
	p := program{stderr: &bytes.Buffer{}}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"--listen", "127.0.0.1:0"}, args...), func(name string) string { return env[name] }, stdout, p.stderr)
		_ = stdout.Close()
	}()
	p.stop = sync.OnceValue(func() int {
		cancel()
		return <-code
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return p, fmt.Errorf("the program ended with code %d:\n%s", p.stop(), p.stderr)
	}
	p.host = strings.TrimPrefix(strings.TrimSpace(line), "listening on http://")
	return p, nil
}

func (p program) get(path string) (int, string) {
	p.t.Helper()
	return p.request(http.MethodGet, path, "", nil)
}

func (p program) request(method, path, contentType string, body io.Reader) (int, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.host+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

func TestAMistakeOnTheCommandLineIsExplained(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"all interfaces":       {[]string{"--listen", "0.0.0.0:8177"}, "not a loopback address"},
		"no host":              {[]string{"--listen", ":8177"}, "not a loopback address"},
		"another host":         {[]string{"--listen", "example.com:8177"}, "not a loopback address"},
		"no port":              {[]string{"--listen", "127.0.0.1"}, "expected an address such as 127.0.0.1:8177"},
		"an unknown fault":     {[]string{"--fault", "hiccup"}, "drop-mid-reply"},
		"a fault at no number": {[]string{"--fault", "silence@soon"}, "number"},
		"a rate of none":       {[]string{"--requests-per-minute", "0"}, "want a whole number from 1"},
		"an unknown part":      {[]string{"--role", "chef"}, "want line, attacker or judge"},
		"an unset key":         {[]string{"--api-key-env", "NO_SUCH_KEY"}, "NO_SUCH_KEY is empty or not set"},
		"an unknown flag":      {[]string{"--colour"}, "colour"},
		"an argument":          {[]string{"start"}, `unexpected argument "start"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), tt.args, func(string) string { return "" }, &stdout, &stderr)
			if code != exitUsage || stdout.Len() > 0 || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("code %d, stdout %q, stderr %q; want %q", code, &stdout, &stderr, tt.want)
			}
		})
	}
}

func TestThePracticeTargetPlaysTheJudgeWhereItIsAsked(t *testing.T) {
	p := launch(t, "--role", "judge")
	question := `{"model": "any", "messages": [{"role": "user", "content": "7 the user's message\nHi.\n7 the system's reply\nNo.\n7 the end"}]}`
	if code, body := p.request(http.MethodPost, "/v1/chat/completions", "application/json", strings.NewReader(question)); code != http.StatusOK || !strings.Contains(body, `{\"holds\": false`) {
		t.Errorf("%d: %s", code, body)
	}
}

func TestEveryFaultIsAFlagAndInTheHelp(t *testing.T) {
	var help bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, nil, &help, io.Discard); code != exitDone {
		t.Errorf("--help ended with code %d", code)
	}
	for _, kind := range fault.All() {
		o, err := parse([]string{"--fault", string(kind), "--fault", string(kind) + "@2"}, nil, io.Discard)
		if err != nil || len(o.faults) != 2 || o.faults[0].Kind != kind || o.faults[1].Turn != 2 {
			t.Errorf("--fault %s: %+v, %v", kind, o.faults, err)
		}
		if !strings.Contains(help.String(), string(kind)) {
			t.Errorf("the help does not name %s", kind)
		}
	}
}

func TestEveryLoopbackAddressIsAccepted(t *testing.T) {
	for _, address := range []string{"127.0.0.1:1", "127.8.8.8:0", "[::1]:80", "localhost:8177"} {
		if err := checkLoopback(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestMissingProgramsAreNamedWithWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"--listen", "127.0.0.1:0"}, nil, &stdout, &stderr)
	if code != exitFailed || stdout.Len() > 0 || !strings.Contains(stderr.String(), "apt-get install flite pocketsphinx pocketsphinx-en-us") {
		t.Errorf("code %d, stdout %q, stderr %q", code, &stdout, &stderr)
	}
}

func TestAnAddressInUseIsAFailure(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"--listen", taken.Addr().String()}, nil, &stdout, &stderr)
	if code != exitFailed || stdout.Len() > 0 || !strings.Contains(stderr.String(), "address already in use") {
		t.Errorf("code %d, stdout %q, stderr %q", code, &stdout, &stderr)
	}
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for _, words := range []string{"port " + port + " is taken", "hint: stop what listens there, or run bin/voicebot --listen 127.0.0.1:0"} {
		if !strings.Contains(stderr.String(), words) {
			t.Errorf("stderr %q does not say %q", &stderr, words)
		}
	}
}

// The check of the agent takes seconds on a slow machine: README's first commands do not
// wait for it.
func TestWhoComesWhileTheAgentIsBeingCheckedWaits(t *testing.T) {
	dir := t.TempDir()
	gate, open := filepath.Join(dir, "gate"), filepath.Join(dir, "open")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	flite, err := exec.LookPath("flite")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\n[ -e %s ] || read -r line <%s\nexec %s \"$@\"\n", open, gate, flite)
	if err := os.WriteFile(filepath.Join(dir, "flite"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	address := freeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"--listen", address}, func(string) string { return "" }, stdout, &stderr)
		_ = stdout.Close()
	}()
	write, err := os.OpenFile(gate, os.O_WRONLY, 0) // returns when the voice is being tried
	if err != nil {
		t.Fatal(err)
	}
	early, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("who comes early is refused: %v", err)
	}
	_, _ = fmt.Fprintf(early, "GET /healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", address)
	if err := errors.Join(os.WriteFile(open, nil, 0o600), write.Close()); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "listening on http://"+address+"\n" {
		t.Errorf("it says %q (%v): %s", line, err, &stderr)
	}
	if answer, err := io.ReadAll(early); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("who came early is answered %q (%v)", answer, err)
	}
	cancel()
	if got := <-code; got != exitDone {
		t.Errorf("code %d: %s", got, &stderr)
	}
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func TestASignalBeforeItListensBlamesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"--listen", "127.0.0.1:0"}, nil, &stdout, &stderr)
	if code != exitDone || stdout.Len() > 0 || stderr.Len() > 0 {
		t.Errorf("code %d, stdout %q, stderr %q", code, &stdout, &stderr)
	}
}

func TestItSaysThatItLivesAndWhatItHasDone(t *testing.T) {
	p := launch(t)
	if status, body := p.get("/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("healthz: status %d, %q", status, body)
	}
	c := p.call()
	c.write(introduction)
	p.request(http.MethodPost, "/v1/responses", "application/json", strings.NewReader(`{"model":"m","input":"hello"}`))
	if status, body := p.get("/stats"); status != http.StatusOK || body != `{"completions":1,"connections":1,"messages":0,"open":1,"refused":0,"responses":1,"secrets":0,"turns":1}`+"\n" {
		t.Errorf("stats: status %d, %q", status, body)
	}
}

func TestTheKeyIsDemandedOnEveryRoad(t *testing.T) {
	p := launchWith(t, map[string]string{"BOT_KEY": "practice-key"}, "--api-key-env", "BOT_KEY")
	if status, _ := p.get("/v1/models"); status != http.StatusUnauthorized {
		t.Errorf("models: status %d", status)
	}
	if status, body := p.get("/login"); status != http.StatusOK || strings.Contains(body, "practice-key") || !strings.Contains(body, "that you were given") {
		t.Errorf("the web site tells its password: status %d, %s", status, body)
	}
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), p.realtimeURL(), nil)
	if err == nil || response == nil || response.StatusCode != http.StatusUnauthorized {
		t.Errorf("realtime: %v, %v", response, err)
	}
	key := http.Header{"Authorization": {"Bearer practice-key"}}
	socket, _, err := websocket.DefaultDialer.DialContext(t.Context(), p.realtimeURL(), key)
	if err != nil {
		t.Fatalf("with the key: %v", err)
	}
	_ = socket.Close()
}

func TestStoppingSaysGoodbyeToOpenConversations(t *testing.T) {
	p := launch(t)
	c := p.call()
	stopped := make(chan int, 1)
	go func() { stopped <- p.stop() }()
	_, _, err := c.socket.ReadMessage()
	if !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the open conversation got %v", err)
	}
	if code := <-stopped; code != exitDone {
		t.Errorf("stopping ended with code %d", code)
	}
	if _, err := net.Dial("tcp", p.host); err == nil {
		t.Error("it still listens")
	}
}

func TestAPlannedFaultHappens(t *testing.T) {
	c := launch(t, "--fault", "rate-limit@2").call()
	if got := c.write(introduction).status; got != "completed" {
		t.Errorf("the first reply is %s", got)
	}
	if got := c.write(demand).status; got != "failed" {
		t.Errorf("the second reply is %s, want failed", got)
	}
}

func TestAPlannedFaultHappensOnEveryRoad(t *testing.T) {
	p := launch(t, "--fault", "server-error@1", "--fault", "refusal@2")
	ask := func() (int, string) {
		return p.request(http.MethodPost, "/v1/responses", "application/json", strings.NewReader(`{"model":"m","input":"hello"}`))
	}
	if status, got := ask(); status != http.StatusInternalServerError {
		t.Errorf("responses: status %d: %s", status, got)
	}
	if status, got := ask(); status != http.StatusOK || !strings.Contains(got, "I can't help with that.") {
		t.Errorf("responses, again: status %d: %s", status, got)
	}
	if got := p.call().write(introduction).status; got != "failed" {
		t.Errorf("realtime: the first reply is %s", got)
	}
}

func TestEveryTextualRoadGivesTheCodeAway(t *testing.T) {
	p := shared(t)
	for path, body := range map[string]string{
		"/v1/chat/completions": `{"model":"m","messages":[{"role":"user","content":%q},{"role":"assistant","content":"Good morning."},{"role":"user","content":%q}]}`,
		"/v1/responses":        `{"model":"m","input":[{"role":"user","content":%q},{"role":"assistant","content":"Good morning."},{"role":"user","content":%q}]}`,
	} {
		status, got := p.request(http.MethodPost, path, "application/json", strings.NewReader(fmt.Sprintf(body, introduction, demand)))
		if status != http.StatusOK || !strings.Contains(got, leaked) {
			t.Errorf("%s: status %d: %s", path, status, got)
		}
	}
	if status, body := p.get("/"); status != http.StatusOK || !strings.Contains(body, `action="/login"`) {
		t.Errorf("the web site: status %d: %s", status, body)
	}
}

func (p program) realtimeURL() string {
	return fmt.Sprintf("ws://%s/v1/realtime?model=harbour-savings", p.host)
}
