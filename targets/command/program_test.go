package command_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	"github.com/redteam-orchestrator/orchestrator/targets/command"
)

// programArgument makes this test binary one of the programs that the tests attack.
const programArgument = "program-under-attack"

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == programArgument {
		os.Exit(programs()[os.Args[2]](session{bufio.NewReader(os.Stdin)}))
	}
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "plugintest-") {
		plugintest.Main(m, command.Components()...)
		return
	}
	goleak.VerifyTestMain(m)
}

// session is how a program under attack reads.
type session struct{ in *bufio.Reader }

// next returns the next message; false at the end of the input.
func (s session) next() (map[string]any, bool) {
	line, err := s.in.ReadString('\n')
	if err != nil {
		return nil, false
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		panic(err)
	}
	return m, true
}

// message returns the next message of a turn.
func (s session) message() (map[string]any, bool) {
	for {
		m, ok := s.next()
		if !ok || m["type"] == "message" {
			return m, ok
		}
	}
}

func write(m map[string]any) {
	encoded, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(encoded))
}

// answering returns a program that answers each message with what f returns.
func answering(f func(turn int, m map[string]any) []map[string]any) func(session) int {
	return func(s session) int {
		for turn := 1; ; turn++ {
			m, ok := s.message()
			if !ok {
				return 0
			}
			for _, line := range f(turn, m) {
				write(line)
			}
		}
	}
}

type lines = []map[string]any

// programs are the programs under attack, by name.
func programs() map[string]func(session) int {
	one := func(line map[string]any) func(session) int {
		return answering(func(int, map[string]any) []map[string]any { return lines{line} })
	}
	raw := func(text string, status int) func(session) int {
		return func(s session) int {
			s.message()
			fmt.Print(text)
			return status
		}
	}
	return map[string]func(session) int{
		"echo": answering(func(_ int, m map[string]any) []map[string]any {
			return lines{{"type": "reply", "id": m["id"], "text": m["text"], "parts": m["parts"]}}
		}),
		"start": func(s session) int {
			start, _ := s.next()
			told, _ := json.Marshal(start)
			s.message()
			write(map[string]any{"type": "reply", "text": string(told)})
			return 0
		},
		"count": answering(func(turn int, _ map[string]any) []map[string]any {
			return lines{{"type": "reply", "text": fmt.Sprint(turn)}}
		}),
		"pieces": one(map[string]any{"type": "delta", "text": "whole "}),
		"streams": answering(func(int, map[string]any) []map[string]any {
			return lines{{"type": "delta", "text": "in "}, {"type": "delta", "text": "pieces"}, {"type": "reply", "usage": map[string]any{"input_tokens": 3, "output_tokens": 5}}}
		}),
		"contradicts": answering(func(int, map[string]any) []map[string]any {
			return lines{{"type": "delta", "text": "the code is 11"}, {"type": "reply", "text": "I cannot say"}}
		}),
		"filters":     one(map[string]any{"type": "reply", "finish": "blocked", "detail": "policy 7"}),
		"cuts":        one(map[string]any{"type": "reply", "text": "as far as", "finish": "truncated"}),
		"lies":        one(map[string]any{"type": "reply", "text": "", "finish": "complete"}),
		"new finish":  one(map[string]any{"type": "reply", "text": "yes", "finish": "satisfied"}),
		"broken":      one(map[string]any{"type": "reply", "text": "yes", "finish": "broken"}),
		"limits":      one(map[string]any{"type": "error", "kind": "rate_limited", "message": "slow down", "retry_after": "3s"}),
		"misses":      one(map[string]any{"type": "error", "kind": "unavailable", "message": "no model"}),
		"new kind":    one(map[string]any{"type": "error", "kind": "sad"}),
		"new type":    one(map[string]any{"type": "mood"}),
		"other id":    one(map[string]any{"type": "reply", "id": 7, "text": "late"}),
		"array":       raw("[1]\n", 0),
		"banner":      raw("Loading model…\n", 0),
		"two values":  raw(`{"type":"reply","text":"a"} {"type":"reply"}`+"\n", 0),
		"no line end": raw(`{"type":"reply","text":"unended"}`, 0),
		"half a line": raw(`{"type":"reply","te`, 0),
		"bad part":    one(map[string]any{"type": "reply", "parts": lines{{"modality": "audio", "data": "AAAA"}}}),
		"sound":       one(map[string]any{"type": "reply", "parts": lines{{"modality": "audio", "media_type": "audio/wav", "data": "UklGRg=="}}}),
		"calls": one(map[string]any{"type": "reply", "parts": lines{{
			"modality": "tool_call",
			"value":    map[string]any{"call_id": "1", "name": "look", "arguments": "{}"},
		}}}),
		"twice":       raw(`{"type":"reply","text":"one"}`+"\n"+`{"type":"reply","text":"blue eleven"}`+"\n", 0),
		"spaced":      raw(" \t"+`{"type":"reply","text":"one"} `+"\n \n\n", 0),
		"not UTF-8":   raw("{\"type\":\"reply\",\"text\":\"caf\xe9 blue\"}\n", 0),
		"half a pair": raw(`{"type":"reply","text":"a\ud83db"}`+"\n", 0),
		"NUL":         raw(`{"type":"reply","text":"b\u0000l\u0000u\u0000e"}`+"\n", 0),
		"CRLF":        raw("\r\n"+`{"type":"reply","text":"yes"}`+"\r\n", 0),
		"BOM":         raw("\uFEFF"+`{"type":"reply","text":"yes"}`+"\n", 0),
		"new keys":    raw(`{"type":"reply","text":"yes","mood":{"of":[1]},"x":null}`+"\n", 0),
		"pretty":      raw("{\n  \"type\": \"reply\",\n  \"text\": \"yes\"\n}\n", 0),
		"a number":    one(map[string]any{"type": "reply", "text": 5}),
		"a text ID":   one(map[string]any{"type": "reply", "id": "1", "text": "yes"}),
		"two in one":  one(map[string]any{"type": "reply", "parts": lines{{"modality": "text", "text": "a", "data": "AAAA"}}}),
		"none in one": one(map[string]any{"type": "reply", "parts": lines{{"modality": "text"}}}),
		"null":        raw("null\n", 0),
		"warns": answering(func(int, map[string]any) []map[string]any {
			warning := map[string]any{"type": "greeting", "text": strings.Repeat("w", 10_000)}
			return append(slices.Repeat(lines{warning}, 100), map[string]any{"type": "reply", "text": "yes", "warnings": slices.Repeat([]string{"w"}, 1000)})
		}),
		"long":    one(map[string]any{"type": "reply", "text": strings.Repeat("x", 5000)}),
		"endless": raw(strings.Repeat("x", 1<<20), 0),
		"silent":  func(s session) int { _, _ = io.Copy(io.Discard, s.in); return 0 },
		"deaf":    func(session) int { time.Sleep(time.Hour); return 0 },
		"refuses": func(session) int { fmt.Fprintln(os.Stderr, "no configuration"); return 9 },
		"greets": func(s session) int {
			write(map[string]any{"type": "greeting", "text": "Welcome."})
			return programs()["echo"](s)
		},
		"hurries": func(s session) int {
			write(map[string]any{"type": "reply", "text": "old"})
			return programs()["echo"](s)
		},
		"complains": answering(func(turn int, _ map[string]any) []map[string]any {
			fmt.Fprintf(os.Stderr, "warning %d\n", turn)
			return lines{{"type": "reply", "text": "fine"}}
		}),
		"dies": func(s session) int {
			s.message()
			write(map[string]any{"type": "delta", "text": "the code is"})
			fmt.Fprintln(os.Stderr, "out of memory")
			return 3
		},
		"environment": answering(func(_ int, m map[string]any) []map[string]any {
			name, _ := m["text"].(string)
			return lines{{"type": "reply", "text": fmt.Sprintf("%q", os.Getenv(name))}}
		}),
		"folder": answering(func(int, map[string]any) []map[string]any {
			dir, _ := os.Getwd()
			inside, _ := os.ReadDir(".")
			return lines{{"type": "reply", "text": fmt.Sprintf("%s %d", dir, len(inside))}}
		}),
		// A program that starts another one, which holds the pipe that the first
		// message names, and then waits for it.
		"family": func(s session) int {
			m, _ := s.message()
			child := exec.Command("sh", "-c", `exec 3>"$0"; sleep 1000`, m["text"].(string))
			child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
			if err := child.Start(); err != nil {
				panic(err)
			}
			if m["id"] == 1.0 && os.Getenv("ABANDON") != "" {
				return 0
			}
			write(map[string]any{"type": "reply", "text": "started"})
			_ = child.Wait()
			return 0
		},
	}
}

// self is the command of a program under attack.
func self(t *testing.T, name string) []string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{path, programArgument, name}
}

// config is a configuration with further keys.
func config(command []string, more map[string]any) string {
	// With the race detector a program would wait a second before it ends.
	environment := map[string]string{"GORACE": "atexit_sleep_ms=0"}
	all := map[string]any{"command": command, "environment": environment}
	for key, value := range more {
		if added, ok := value.(map[string]string); ok && key == "environment" {
			maps.Copy(environment, added)
			continue
		}
		all[key] = value
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// shell is the command of a shell script.
func shell(script string) []string { return []string{"sh", "-c", script} }

func opened(t *testing.T, s core.Opener, use, config string) core.Target {
	t.Helper()
	target, err := core.OpenAs[core.Target](t.Context(), s, use, []byte(config))
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	return target
}
