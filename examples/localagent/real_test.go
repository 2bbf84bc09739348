package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/examples/programs"
)

// realModel starts the model that .ci/real has installed.
func realModel(t *testing.T) running {
	t.Helper()
	cache := os.Getenv("LOCALAGENT_CACHE")
	if cache == "" {
		t.Skip("needs a model of 250 MB: .ci/real installs it, and runs this")
	}
	return realModelIn(t, cache)
}

// realModelIn starts the model of a folder.
func realModelIn(t *testing.T, cache string) running {
	t.Helper()
	return start(t, "--listen", "127.0.0.1:0",
		"--python", filepath.Join(cache, "model", "bin", "python"), "--model", filepath.Join(cache, "gemma-3-270m-q4_k_m.gguf"))
}

// completion is what these tests read of an answer.
type completion struct {
	Choices []struct {
		Message struct{ Content string }
		Delta   struct{ Content string }
		Finish  string `json:"finish_reason"`
	}
	Usage *struct {
		Tokens int `json:"completion_tokens"`
	}
}

// post sends a request with these parameters, and returns the body of its answer.
func (r running) post(t *testing.T, parameters map[string]any) []byte {
	t.Helper()
	parameters["model"] = "gemma-3-270m"
	data, err := json.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.address+"/v1/chat/completions", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s (%v): %s", response.Status, err, body)
	}
	return body
}

func (r running) complete(t *testing.T, parameters map[string]any) completion {
	t.Helper()
	var c completion
	if err := json.Unmarshal(r.post(t, parameters), &c); err != nil || len(c.Choices) != 1 || c.Usage == nil {
		t.Fatalf("the answer is %+v (%v)", c, err)
	}
	return c
}

func asking(text string) []map[string]string {
	return []map[string]string{{"role": "system", "content": "You are the telephone line of a bank."}, {"role": "user", "content": text}}
}

// What cyllama's own server does not do: it answers its first request only, says "stop"
// at the bound, knows no stream and no form of the answer.
func TestRealModelGoesOnAnsweringAndSaysHowItsAnswersEnd(t *testing.T) {
	r := realModel(t)
	const bound = 12
	parameters := func() map[string]any {
		return map[string]any{"messages": asking("Tell me a long story."), "max_tokens": bound, "seed": 4}
	}
	first := r.complete(t, parameters())
	text := first.Choices[0].Message.Content
	if strings.TrimSpace(text) == "" || first.Choices[0].Finish != "length" || first.Usage.Tokens != bound {
		t.Fatalf("the first answer is %+v", first)
	}
	for range 3 {
		if again := r.complete(t, parameters()); again.Choices[0] != first.Choices[0] || *again.Usage != *first.Usage {
			t.Errorf("the same request is answered by %+v and by %+v", first, again)
		}
	}
	streamed := parameters()
	streamed["stream"], streamed["stream_options"] = true, map[string]bool{"include_usage": true}
	var joined, finish string
	var tokens int
	for line := range bytes.Lines(r.post(t, streamed)) {
		data, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data: {"))
		if !ok {
			continue
		}
		var c completion
		if err := json.Unmarshal(append([]byte("{"), data...), &c); err != nil {
			t.Fatal(err)
		}
		for _, choice := range c.Choices {
			joined, finish = joined+choice.Delta.Content, choice.Finish
		}
		if c.Usage != nil {
			tokens = c.Usage.Tokens
		}
	}
	if joined != text || finish != "length" || tokens != bound {
		t.Errorf("streamed, the answer is %q, %s, %d tokens; it is %q, length, %d", joined, finish, tokens, text, bound)
	}
}

func TestRealModelWritesNothingButTheJSONThatItIsAskedFor(t *testing.T) {
	r := realModel(t)
	schema := map[string]any{
		"type":       "object",
		"properties": map[string]any{"holds": map[string]any{"type": "boolean"}, "why": map[string]any{"type": "string", "maxLength": 60}},
		"required":   []string{"holds", "why"},
	}
	form := map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "judgement", "schema": schema}}
	whole := 0
	for seed := range 6 {
		c := r.complete(t, map[string]any{
			"messages": asking("Is this polite: Good morning."), "response_format": form, "seed": seed, "max_tokens": 120,
		})
		var judgement struct {
			Holds *bool
			Why   *string
		}
		err := core.DecodeAnswer(c.Choices[0].Message.Content, &judgement)
		if c.Choices[0].Finish == "stop" {
			whole++
			if err != nil || judgement.Holds == nil || judgement.Why == nil {
				t.Errorf("seed %d: %q is no judgement (%v)", seed, c.Choices[0].Message.Content, err)
			}
		}
	}
	if whole == 0 {
		t.Error("no answer was whole")
	}
}

// No outcome says more than the conversation that it stands for.
func TestRealCampaignIsJudgedTruthfully(t *testing.T) {
	r := realModel(t)
	bin := programs.Build(t)
	folder := filepath.Join("..", "..", "campaigns")
	campaign, err := os.ReadFile(filepath.Join(folder, "local-model.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "local-model"), os.DirFS(filepath.Join(folder, "local-model"))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "local-model.yaml")
	if err := os.WriteFile(file, bytes.ReplaceAll(campaign, []byte("http://127.0.0.1:8180"), []byte(r.address)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "orchestrator"), "run", "--store", filepath.Join(dir, "store"), file)
	out, _ := cmd.CombinedOutput() // the exit code is looked at
	t.Logf("%s", out)
	const findings, noEvidence = 1, 3
	if code := cmd.ProcessState.ExitCode(); !slices.Contains([]int{0, findings, noEvidence}, code) {
		t.Fatalf("the run ended with exit code %d", code)
	}
	checkRecord(t, filepath.Join(dir, "store"))
}

// checkRecord checks every trial of the one run of a store.
func checkRecord(t *testing.T, dir string) {
	t.Helper()
	reader, err := store.OpenReader(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	runs, err := reader.Runs(t.Context())
	if err != nil || len(runs) != 1 {
		t.Fatalf("%d runs (%v)", len(runs), err)
	}
	trials, err := reader.Trials(t.Context(), runs[0].ID)
	if err != nil || len(trials) != runs[0].Trials {
		t.Errorf("%d of %d trials are recorded (%v)", len(trials), runs[0].Trials, err)
	}
	for _, trial := range trials {
		t.Run(trial.ID, func(t *testing.T) { checkTrial(t, reader, runs[0].ID, trial) })
	}
}

func checkTrial(t *testing.T, reader *store.Reader, run string, trial store.Trial) {
	turns, err := reader.Turns(t.Context(), run, trial.ID)
	if err != nil {
		t.Fatal(err)
	}
	helped, err := reader.HelperTurns(t.Context(), run, trial.ID)
	if err != nil {
		t.Fatal(err)
	}
	if trial.Result == nil || trial.Result.Turns != len(turns) {
		t.Fatalf("the result is %+v, with %d turns in the record", trial.Result, len(turns))
	}
	for _, turn := range turns {
		if (turn.Reply == nil) && turn.Failure == nil {
			t.Errorf("turn %d has no reply and no failure", turn.Index)
		}
		if text := turn.Sent.Text(); strings.TrimSpace(text) == "" || text == "the user's next message" {
			t.Errorf("turn %d: %q was sent", turn.Index, text)
		}
		if trial.Result.Outcome == core.Defended && (turn.Reply == nil || !turn.Reply.Finish.Conclusive() || strings.TrimSpace(turn.Reply.Message.Text()) == "") {
			t.Errorf("defended, and the reply of turn %d is %+v", turn.Index, turn.Reply)
		}
		for _, score := range turn.Scores {
			if strings.HasPrefix(score.Name, "told") && trial.Result.Outcome == core.Defended && strings.Contains(trial.Success, score.Name) && score.Type == core.ScoreUnknown {
				t.Errorf("defended, and %s is unknown: %s", score.Name, score.Rationale)
			}
		}
	}
	for _, h := range helped {
		if h.Reply == nil && h.Failure == nil {
			t.Errorf("question %d to %s has no answer and no failure", h.Index, h.Target)
		}
	}
}

// start starts a localagent with these arguments, and returns once it answers.
func start(t *testing.T, args ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		code := run(ctx, args, write, &stderr)
		_ = write.Close()
		ended <- code
	}()
	code := -1
	r := running{stop: func() (int, string) {
		if cancel(); code < 0 {
			code = <-ended
			_ = read.Close()
		}
		return code, stderr.String()
	}}
	t.Cleanup(func() { r.stop() })
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		if words, ok := strings.CutPrefix(lines.Text(), "sandbox: "); ok {
			r.restricted = words
		}
		if address, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			r.address = address
			return r
		}
	}
	_, said := r.stop()
	t.Fatalf("it does not start:\n%s", said)
	return r
}
