package clients

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/examples/programs"
	notes "github.com/redteam-orchestrator/orchestrator/examples/voicebot/agent"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// cacheOf returns the folder of the software that .ci/clients installs.
func cacheOf(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("CLIENTS_CACHE")
	if cache == "" {
		t.Skip("needs software of others: .ci/clients installs it, and runs this")
	}
	return cache
}

// keep writes what was recorded into the folder that CLIENTS_KEEP names, for people who
// want to read it.
func keep(t *testing.T, name string, data []byte) {
	t.Helper()
	folder := os.Getenv("CLIENTS_KEEP")
	if folder == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
		t.Error(err)
	}
}

// voicebot starts the practice target and returns its address once it listens.
func voicebot(t *testing.T, flags ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(programs.Build(t), "voicebot"), append([]string{"--listen", "127.0.0.1:0"}, flags...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("voicebot: %v\n%s", err, &said)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("voicebot %v does not listen: %v", flags, err)
	}
	return strings.TrimPrefix(strings.TrimSpace(line), "listening on http://")
}

// speak has the practice target say a text, as PCM at 24,000 Hz.
func speak(t *testing.T, address, text string) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]string{"model": "m", "voice": "alloy", "input": text, "response_format": "pcm"})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/audio/speech", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	pcm, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("speaking: %s: %s (%v)", response.Status, pcm, err)
	}
	return pcm
}

// toneServer starts a realtimetest server whose agent calls every tool it is offered, and
// returns its address.
func toneServer(t *testing.T, options realtimetest.Options) string {
	t.Helper()
	agent := realtimetest.ToneAgent{Tools: func(_ context.Context, _ string, items []realtimetest.Item, tools []realtimetest.Tool) ([]realtimetest.ToolCall, error) {
		var calls []realtimetest.ToolCall
		if len(items) > 0 && items[len(items)-1].Role == core.User {
			for _, tool := range tools {
				calls = append(calls, realtimetest.ToolCall{Name: tool.Name, Arguments: `{"account":"4711"}`})
			}
		}
		return calls, nil
	}}
	options.MCP = notes.Notes{}
	server := realtimetest.NewServer(agent, options)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return strings.TrimPrefix(web.URL, "http://")
}

// recordAll records everything that the practice target and realtimetest can send.
func recordAll(t *testing.T) *recording {
	t.Helper()
	r := newRecording()
	recordTarget(t, r)
	tone, err := realtimetest.ToneAgent{}.Speak(t.Context(), "12345")
	if err != nil {
		t.Fatal(err)
	}
	recordRealtime(t, r, "realtimetest", toneServer(t, realtimetest.Options{}), base64.StdEncoding.EncodeToString(tone))
	short := toneServer(t, realtimetest.Options{SessionLife: time.Second})
	if c, ok := r.call(t, short, "", "realtimetest, SessionLife", never); ok {
		_ = c.until("error")
	}
	slow := toneServer(t, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.SlowReply}}})
	if c, ok := r.call(t, slow, "", "realtimetest, cancelled", never); ok {
		c.do(written("Good morning."), step{respond, "response.content_part.added"}, step{respond, "error"}, step{`{"type":"response.cancel"}`, done})
	}

	address := voicebot(t)
	pcm := speak(t, address, "Good morning, this is the branch manager.")
	clip, err := audio.FromPCM(pcm, 24000)
	if err != nil {
		t.Fatal(err)
	}
	recordRealtime(t, r, "voicebot", address, base64.StdEncoding.EncodeToString(pcm))
	for name, body := range map[string]string{
		"defaults": `{}`, "session": `{"expires_after":{"anchor":"created_at","seconds":60},"session":{"type":"realtime","model":"m","instructions":"Hi.","tools":[` + lookUp + `]}}`,
		"transcription": `{"session":{"type":"transcription","audio":{"input":{"transcription":{"model":"m"}}}}}`,
		"wrong":         `{"session":{"type":"realtime","mood":"good"}}`,
	} {
		r.post(t, address, "/v1/realtime/client_secrets", "voicebot, client_secrets, "+name, body, [3]string{"secret", "", "refusal"}, func(string) bool { return false })
	}
	recordAPI(t, r, "voicebot", address, audio.EncodeWAV(clip), func(kind fault.Kind) string {
		return voicebot(t, "--fault", string(kind))
	})
	limited := voicebot(t, "--requests-per-minute", "1", "--retry-after")
	for range 2 {
		r.post(t, limited, chatPath, "voicebot, --requests-per-minute", questions(nil)["text"].body, questions(nil)["text"].kinds(), func(string) bool { return false })
	}
	return r
}

// sent are the types of the events that a server of the Realtime protocol sends here.
var sent = []string{
	"session.created", "session.updated", "error", "rate_limits.updated", "conversation.created",
	"conversation.item.added", "conversation.item.done", "conversation.item.created", "conversation.item.retrieved",
	"conversation.item.deleted", "conversation.item.truncated", "conversation.item.input_audio_transcription.delta",
	"conversation.item.input_audio_transcription.completed", "conversation.item.input_audio_transcription.failed",
	"input_audio_buffer.committed", "input_audio_buffer.cleared", "input_audio_buffer.speech_started",
	"input_audio_buffer.speech_stopped", "input_audio_buffer.timeout_triggered", "response.created", "response.done",
	"response.output_item.added", "response.output_item.done", "response.content_part.added", "response.content_part.done",
	"response.output_text.delta", "response.output_text.done", "response.output_audio.delta", "response.output_audio.done",
	"response.output_audio_transcript.delta", "response.output_audio_transcript.done",
	"response.function_call_arguments.delta", "response.function_call_arguments.done",
	"mcp_list_tools.in_progress", "mcp_list_tools.completed", "mcp_list_tools.failed", "response.mcp_call_arguments.delta",
	"response.mcp_call_arguments.done", "response.mcp_call.in_progress", "response.mcp_call.completed", "response.mcp_call.failed",
	"output_audio_buffer.cleared",
}

func TestClientTypes(t *testing.T) {
	cache := cacheOf(t)
	r := recordAll(t)
	for _, kind := range sent {
		if !r.types[kind] {
			t.Errorf("no %s was recorded", kind)
		}
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, s := range r.samples {
		if err := encoder.Encode(s); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "samples.jsonl")
	if err := os.WriteFile(file, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	keep(t, "samples.jsonl", lines.Bytes())
	t.Logf("%d samples of different shapes", len(r.samples))
	for name, argv := range map[string][]string{
		"python":     {filepath.Join(cache, "strict", "bin", "python"), "testdata/validate.py", file},
		"javascript": {"node", "testdata/validate.mjs", file, filepath.Join(cache, "clients-node")},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			} else {
				t.Logf("%s", out)
			}
		})
	}
}
