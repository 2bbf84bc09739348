package cli_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/cmd/orchestrator/internal/cli"
)

// newOnTerminal runs orchestrator new with somebody who types.
func newOnTerminal(ctx context.Context, t *testing.T, typed io.Reader, args ...string) (code int, stderr string) {
	t.Helper()
	program, err := exec.LookPath("orchestrator")
	if err != nil {
		t.Error(err)
		return -1, ""
	}
	var errors strings.Builder
	code = cli.Run(ctx, cli.Env{
		Args: append([]string{"new"}, args...), Stdin: typed, Stdout: io.Discard, Stderr: &errors, Asks: true, LookupEnv: os.LookupEnv,
		Environ: os.Environ(), Executable: program, DataDir: t.TempDir(), Now: time.Now,
	})
	return code, errors.String()
}

func TestNewAsksForWhatNoFlagSays(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "first.yaml")
	code, stderr := newOnTerminal(t.Context(), t, strings.NewReader("realtime\nhttp://127.0.0.1:1/v1\n\n"), file, "--model", "practice")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if strings.Contains(stderr, "model") || strings.Contains(stderr, "permits") {
		t.Errorf("it asked for what a flag says, or what is not needed: %s", stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`endpoint: "http://127.0.0.1:1/v1"`, `model: "practice"`, "use: realtime"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "api_key") {
		t.Errorf("a key that nobody named:\n%s", text)
	}
}

func TestNewAsksAgainAfterAWrongAnswer(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "first.yaml")
	typed := strings.Join([]string{"", "webocket", "websocket", "bot.example", "wss://bot.example/chat", "Sk3y-1", "THE_KEY", "", "blue eleven", "RT-1"}, "\n") + "\n"
	code, stderr := newOnTerminal(t.Context(), t, strings.NewReader(typed), file)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for question, times := range map[string]int{
		"What is attacked (": 3, "The service's address, such as wss://bot.example/chat: ": 2, "environment variable that holds the key": 2,
		"A harmless secret": 2, "What permits the test": 1, "an answer is needed": 2, `did you mean "websocket"?`: 1,
		"begins with ws:// or wss://": 1, "no valid name": 1, "Sk3y-1": 0,
	} {
		if got := strings.Count(stderr, question); got != times {
			t.Errorf("%q is printed %d times, want %d:\n%s", question, got, times, stderr)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"use: websocket", `url: "wss://bot.example/chat"`, "${THE_KEY}", `any: ["blue eleven"]`, `hosts: ["bot.example"]`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestNoAnswerAfterAWrongOneIsNone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "first.yaml")
	code, stderr := newOnTerminal(t.Context(), t, strings.NewReader("realtime\nhttp://127.0.0.1:1/v1\npractice\nSk3y-1\n\n"), file)
	if text, err := os.ReadFile(file); code != 0 || err != nil || strings.Contains(string(text), "api_key") {
		t.Errorf("exit code %d, %v: %s\n%s", code, err, stderr, text)
	}
}

func TestNewEndsWithItsAnswers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "first.yaml")
	if code, stderr := newOnTerminal(t.Context(), t, strings.NewReader("realtime\n"), file); code != 2 || !strings.Contains(stderr, "the answers end early") {
		t.Errorf("exit code %d, want 2: %s", code, stderr)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was written")
	}
}

// hesitant is somebody who is asked, and does not answer.
type hesitant struct {
	io.Reader
	asked func()
}

func (h hesitant) Read(p []byte) (int, error) {
	h.asked()
	return h.Reader.Read(p)
}

func TestNewIsInterruptedWhileItAsks(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "first.yaml")
	ctx, cancel := context.WithCancel(t.Context())
	silent, typing := io.Pipe()
	t.Cleanup(func() { _ = typing.Close() })
	ended := make(chan string, 1)
	go func() {
		code, stderr := newOnTerminal(ctx, t, hesitant{silent, cancel}, file)
		ended <- fmt.Sprintf("exit code %d: %s", code, stderr)
	}()
	select {
	case got := <-ended:
		if !strings.HasPrefix(got, "exit code 130: What is attacked") {
			t.Errorf("%s; want 130, after the first question", got)
		}
	case <-time.After(patience):
		t.Fatal("it goes on to wait for an answer after the interruption")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was written")
	}
}
