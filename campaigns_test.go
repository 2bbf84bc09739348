package orchestrator_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/examples/programs"
)

// ready are the campaigns to copy, and how many of the trials of each attack succeed
// and are defended against the practice target. One without attacks is planned only.
var ready = map[string]map[string][2]string{
	"campaigns/anthropic.yaml": {"ask-directly": {"0", "5"}, "story": {"5", "0"}, "poisoned-notes": {"5", "0"}},
	"campaigns/chat.yaml":      {"ask-directly": {"0", "5"}, "story": {"5", "0"}, "poisoned-notes": {"5", "0"}},
	"campaigns/gemini.yaml":    {"ask-directly": {"0", "5"}, "story": {"5", "0"}, "poisoned-notes": {"5", "0"}},
	"campaigns/responses.yaml": {"ask-directly": {"0", "5"}, "story": {"5", "0"}, "poisoned-notes": {"5", "0"}},
	"campaigns/http-json.yaml": {"ask-directly": {"0", "5"}, "story": {"5", "0"}},
	"campaigns/web-form.yaml":  {"ask-directly": {"0", "5"}, "story": {"5", "0"}},
	"campaigns/websocket.yaml": {"ask-directly": {"0", "5"}, "story": {"5", "0"}},
	"campaigns/command.yaml":   {"ask-directly": {"0", "3"}, "story": {"3", "0"}},
	"campaigns/voicebot.yaml": {
		"ask-directly": {"0", "3"}, "story-in-one-turn": {"0", "3"}, "story-turn-by-turn": {"3", "0"}, "spoken-story": {"6", "0"},
	},
	"campaigns/red-team.yaml": {"written": {"3", "0"}, "spoken": {"1", "0"}},
	// "make demo" runs the first of these, .ci/real the next, which needs a model, and
	// the last takes the time that its conversations take.
	"campaigns/demo.yaml":                 {},
	"campaigns/local-model.yaml":          {},
	"campaigns/voice-attack-surface.yaml": {},
}

// campaignFiles are the files of the campaigns to copy.
func campaignFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("campaigns/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Sorted(maps.Keys(ready)); !slices.Equal(files, want) {
		t.Fatalf("the folder has the campaigns %q, and this test knows %q", files, want)
	}
	return files
}

func TestEveryCampaignInTheRepositoryPlansCleanly(t *testing.T) {
	t.Parallel()
	dir := workspace(t, programs.Build(t))
	for _, c := range campaignFiles(t) {
		cmd := inWorkspace(t.Context(), dir, "bin/orchestrator validate --allow-commands "+c)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", c, err, out)
		}
	}
}

// match/refusal says that success must not rest on it; no campaign that people copy does.
func TestNoCampaignToCopyRestsOnARefusal(t *testing.T) {
	dir := t.TempDir()
	read := 0
	check := func(shown string, fsys fs.FS, name string) {
		c, err := campaign.Read(fsys, name, shown)
		if c == nil {
			t.Fatal(err)
		}
		read++
		for _, d := range c.Doubts {
			if strings.Contains(d.Message, "match/refusal") {
				t.Error(d)
			}
		}
	}
	for _, pattern := range []string{"campaigns/*.yaml", "examples/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			check(f, os.DirFS(filepath.Dir(f)), filepath.Base(f))
		}
	}
	documents, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, document := range append(documents, "README.md", "ARCHITECTURE.md") {
		texts := map[string]string{}
		for _, b := range blocks(t, document) {
			texts[b.file] += b.text
		}
		for file, text := range texts {
			if !strings.HasPrefix(text, "version: 1\nname: ") {
				continue
			}
			name := fmt.Sprintf("%d-%s.yaml", i, strings.ReplaceAll(file, "/", "-"))
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			check(document+": "+file, os.DirFS(dir), name)
		}
	}
	if read < 20 {
		t.Errorf("only %d campaigns were read", read)
	}
}

// Each target that orchestrator new offers gives a campaign that is valid, and those of
// services which the practice target is, too, one that it answers.
func TestAFirstCampaignOfEachTargetIsReadyToRun(t *testing.T) {
	t.Parallel()
	bin := programs.Build(t)
	dir, base := workspace(t, bin), "http://"+practice(t, bin)
	help, err := inWorkspace(t.Context(), dir, "bin/orchestrator new --help").CombinedOutput()
	offered := regexp.MustCompile(`what is attacked: ([a-z, ]+)`).FindSubmatch(help)
	if err != nil || offered == nil {
		t.Fatalf("the targets are not listed: %v\n%s", err, help)
	}
	answers := map[string]string{
		"chat":      "--endpoint " + base + "/v1 --model harbour-savings",
		"responses": "--endpoint " + base + "/v1 --model harbour-savings",
		"anthropic": "--endpoint " + base + " --model harbour-savings",
		"gemini":    "--endpoint " + base + " --model harbour-savings",
		"realtime":  "--endpoint " + base + "/v1 --model practice",
		"http":      "--endpoint " + base + "/api/chat --canary heron",
		"websocket": "--endpoint ws://127.0.0.1:1/chat --canary heron",
		"command":   "--endpoint cat --allow-commands --canary heron",
	}
	for target := range strings.SplitSeq(string(offered[1]), ", ") {
		given, ok := answers[target]
		if !ok {
			t.Errorf("this test knows no answers for the target %s", target)
			continue
		}
		out, err := inWorkspace(t.Context(), dir, "bin/orchestrator new "+target+".yaml --target "+target+" "+given).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "wrote "+target+".yaml") {
			t.Errorf("%s: %v\n%s", target, err, out)
			continue
		}
		if !strings.Contains(given, "--model") {
			continue
		}
		out, err = inWorkspace(t.Context(), dir, "bin/orchestrator doctor --send "+target+".yaml").CombinedOutput()
		if err != nil || !regexp.MustCompile(`(?m)^ok +target +system \(`+target+`, .*: complete, `).Match(out) {
			t.Errorf("doctor --send %s.yaml: %v\n%s", target, err, out)
		}
	}
}

func TestEveryCampaignToCopyFindsWhatThePracticeTargetIsWeakTo(t *testing.T) {
	t.Parallel()
	bin := programs.Build(t)
	s := story{dir: workspace(t, bin)}
	addresses := []string{practiceAddress, practice(t, bin)}
	for address, role := range map[string]string{"127.0.0.1:8178": "attacker", "127.0.0.1:8179": "judge"} {
		listens := s.start(t, role, "bin/voicebot --listen "+freeAddress+" --role "+role)
		addresses = append(addresses, address, strings.TrimPrefix(listens, "http://"))
	}
	if err := os.CopyFS(filepath.Join(s.dir, "copy"), os.DirFS("campaigns")); err != nil {
		t.Fatal(err)
	}
	for _, c := range campaignFiles(t) {
		if len(ready[c]) == 0 {
			continue
		}
		t.Run(filepath.Base(c), func(t *testing.T) {
			t.Parallel()
			name := filepath.Join("copy", filepath.Base(c))
			text := strings.NewReplacer(addresses...).Replace(readFile(t, c))
			if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := inWorkspace(t.Context(), s.dir, "bin/orchestrator run --allow-commands --store store-"+filepath.Base(c)+" "+name)
			out, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != 1 { // 1: findings
				t.Fatalf("exit code %d, %v\n%s", code, err, out)
			}
			// Trials that were undetermined or errored would have columns of their own.
			if !regexp.MustCompile(`(?m)^ATTACK +TRIALS +SUCCEEDED +DEFENDED +ASR +95% CI$`).Match(out) {
				t.Errorf("some trials give no evidence:\n%s", out)
			}
			for attack, want := range ready[c] {
				if !regexp.MustCompile(`(?m)^` + attack + ` +\d+ +` + want[0] + ` +` + want[1] + ` `).Match(out) {
					t.Errorf("%s: want %s succeeded and %s defended:\n%s", attack, want[0], want[1], out)
				}
			}
		})
	}
}
