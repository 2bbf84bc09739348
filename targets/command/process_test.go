package command_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestNoVariableOfTheUserReachesAProgramUnlessItIsNamed(t *testing.T) {
	for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "USER", "SSH_AUTH_SOCK", "PWD", "path"} {
		t.Setenv(name, "of the user")
	}
	more := map[string]any{"environment": map[string]string{"MODE": "a b=c"}, "secrets": map[string]string{"API_KEY": "s3cret"}}
	talk := begin(t, opened(t, inProcess(t), "command/once", config([]string{"env"}, more)), core.Start{})
	reply, err := talk.Send(t.Context(), core.UserText(""))
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Split(reply.Message.Text(), "\n")
	for _, line := range said {
		name, value, _ := strings.Cut(line, "=")
		isKnown := slices.Contains([]string{"MODE", "API_KEY", "GORACE", "PATH", "HOME", "TMPDIR", "LANG", "LANGUAGE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"}, name) ||
			strings.HasPrefix(name, "LC_") || strings.HasSuffix(strings.ToLower(name), "_proxy")
		if !isKnown || value == "of the user" {
			t.Errorf("the program sees %s", line)
		}
	}
	for _, want := range []string{"MODE=a b=c", "API_KEY=s3cret", "PATH=" + os.Getenv("PATH")} {
		if !slices.Contains(said, want) {
			t.Errorf("the program does not see %s: %q", want, said)
		}
	}
}

func TestPathsAndArgumentsMayHaveSpaces(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a folder of bots")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "my bot; $(x)")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ncat\necho \"|$1|$2|$PWD\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	talk := begin(t, opened(t, inProcess(t), "command/once", config([]string{program, "two words", "$HOME *"}, map[string]any{"directory": folder})), core.Start{})
	reply, err := talk.Send(t.Context(), core.UserText("hi\n"))
	if want := "hi\n|two words|$HOME *|" + folder; err != nil || reply.Message.Text() != want {
		t.Errorf("%q, %v; want %q", reply.Message.Text(), err, want)
	}
}

func TestConversationsAtTheSameTimeHaveAProgramEach(t *testing.T) {
	target := opened(t, inProcess(t), "command", config(self(t, "count"), nil))
	var talks sync.WaitGroup
	for range 10 {
		talks.Go(func() {
			talk, err := target.StartConversation(t.Context(), core.Start{})
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = talk.End(context.WithoutCancel(t.Context())) }()
			for turn := 1; turn <= 5; turn++ {
				reply, err := talk.Send(t.Context(), core.UserText("x"))
				if err != nil || reply.Message.Text() != strconv.Itoa(turn) {
					t.Errorf("turn %d: %q, %v", turn, reply.Message.Text(), err)
				}
			}
		})
	}
	talks.Wait()
}

func TestAReplyIsUnconfirmedWhileSomethingHoldsTheOutputOpen(t *testing.T) {
	script := `cat; setsid sh -c 'touch "$0"; sleep 3' "$0" & while [ ! -e "$0" ]; do sleep 0.01; done`
	talk := begin(t, opened(t, inProcess(t), "command/once", config([]string{"sh", "-c", script, filepath.Join(t.TempDir(), "left")}, nil)), core.Start{})
	reply, err := talk.Send(t.Context(), core.UserText("hello"))
	outcome{text: "hello", finish: core.FinishUnconfirmed, detail: "holds its output open"}.check(t, reply, err)
}

func TestAProgramThatIgnoresSignalsIsKilledInTime(t *testing.T) {
	more := map[string]any{"greeting": false, "timeouts": map[string]string{"end": "100ms"}}
	talk := begin(t, opened(t, inProcess(t), "command/lines", config(shell(`trap '' TERM INT HUP PIPE; read a; echo $$; while :; do sleep 1; done`), more)), core.Start{})
	reply, err := talk.Send(t.Context(), core.UserText("x"))
	pid, failed := strconv.Atoi(reply.Message.Text())
	if err != nil || failed != nil {
		t.Fatalf("%q, %v", reply.Message.Text(), err)
	}
	if err := talk.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the program is there: %v", err)
	}
}

func TestATextArrivesAtAProgramAsItIsOrNotAtAll(t *testing.T) {
	target := opened(t, inProcess(t), "command", config(shell(`read -r start; read -r message; printf '%s' "$message" | od -An -c | tr -d ' \n' >&2; echo '{"type":"reply","text":"yes"}'`), nil))
	talk := begin(t, target, core.Start{})
	reply, err := talk.Send(t.Context(), core.UserText("a\xed\xa0\x80b<&>\u2028"))
	if err != nil || !strings.Contains(strings.Join(reply.Warnings, ""), `"text":"a\ud800b<&>`) {
		t.Errorf("%q, %v", reply.Warnings, err)
	}
	talk = begin(t, opened(t, inProcess(t), "command", config(self(t, "echo"), nil)), core.Start{})
	if _, err := talk.Send(t.Context(), core.UserText("a\xffb")); core.KindOf(err) != core.ErrorInput || !strings.Contains(core.HintOf(err), "converter") {
		t.Errorf("a text that is not UTF-8: %v (%s)", err, core.HintOf(err))
	}
	if reply, err := talk.Send(t.Context(), core.UserText("b")); err != nil || reply.Message.Text() != "b" {
		t.Errorf("afterwards: %q, %v", reply.Message.Text(), err)
	}
	for _, start := range []core.Start{{SystemPrompt: "\xff"}, {History: []core.Message{core.UserText("\xff")}}} {
		if _, err := target.StartConversation(t.Context(), start); core.KindOf(err) != core.ErrorInput {
			t.Errorf("%v: %v", start, err)
		}
	}
}

func TestAMessageOfSeveralLinesIsTakenForNone(t *testing.T) {
	talk := begin(t, opened(t, inProcess(t), "command", config(self(t, "pretty"), nil)), core.Start{})
	if _, err := talk.Send(t.Context(), core.UserText("x")); !strings.Contains(core.HintOf(err), "a message is one line") {
		t.Errorf("%v (%s)", err, core.HintOf(err))
	}
}

func TestAGreetingIsToldBounded(t *testing.T) {
	script := `i=0; while [ $i -lt 100 ]; do echo '{"type":"greeting","text":"w"}'; i=$((i+1)); done; touch "$0"; read start; read a; echo '{"type":"reply","text":"yes"}'; cat >/dev/null`
	done := filepath.Join(t.TempDir(), "done")
	talk := begin(t, opened(t, inProcess(t), "command", config([]string{"sh", "-c", script, done}, nil)), core.Start{})
	for _, err := os.Stat(done); err != nil; _, err = os.Stat(done) {
		time.Sleep(time.Millisecond)
	}
	reply, err := talk.Send(t.Context(), core.UserText("x"))
	if err != nil || len(reply.Warnings) == 0 || len(reply.Warnings) > 41 {
		t.Errorf("%d warnings, %v", len(reply.Warnings), err)
	}
}
