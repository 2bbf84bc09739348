package orchestrator_test

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/examples/programs"
)

// block is a fenced block of a Markdown file.
type block struct {
	line     int
	language string
	// file is the name in a "<!-- file: NAME -->" comment just above.
	file string
	text string
}

var fileComment = regexp.MustCompile(`^<!-- file: (\S+) -->$`)

func blocks(t *testing.T, name string) []block {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var (
		all    []block
		open   *block
		file   string
		number int
	)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		number++
		line := lines.Text()
		switch {
		case open == nil && strings.HasPrefix(line, "```"):
			open = &block{line: number, language: strings.TrimPrefix(line, "```"), file: file}
		case open != nil && line == "```":
			all = append(all, *open)
			open, file = nil, ""
		case open != nil:
			open.text += line + "\n"
		default:
			if m := fileComment.FindStringSubmatch(line); m != nil {
				file = m[1]
			}
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block is not closed", name, open.line)
	}
	return all
}

// setUp matches the commands that bring a reader to a built checkout, or a
// plugin to its dependencies. CI runs the make targets themselves; this test
// only sees that they exist. What "go mod tidy" finds out, it is told: see
// tidied.
var setUp = regexp.MustCompile(`^(git clone \S+|cd \S+|go -C \S+ mod tidy|make ([a-z]+)( .*)?)$`)

// Each document is a story that starts in a built checkout: its files are
// written, its commands run in order, and its campaigns validated.
func TestEveryCommandAndCampaignOfTheDocumentsWorks(t *testing.T) {
	documents, err := filepath.Glob("docs/*.md")
	if err != nil || len(documents) == 0 {
		t.Fatalf("found %v, %v", documents, err)
	}
	dir := workspace(t)
	// The operator's guide installs what the author's guide builds.
	slices.SortStableFunc(documents, func(a, b string) int {
		return cmp.Compare(strings.Count(a, "operator"), strings.Count(b, "operator"))
	})
	for _, document := range append(documents, "README.md") {
		t.Run(document, func(t *testing.T) {
			all := blocks(t, document)
			campaigns := writeFiles(t, dir, document, all)
			commands := 0
			for _, b := range all {
				if b.language != "sh" {
					continue
				}
				for i, command := range strings.Split(strings.TrimSpace(b.text), "\n") {
					run(t, dir, fmt.Sprintf("%s:%d", document, b.line+1+i), command)
					commands++
				}
			}
			for _, c := range campaigns {
				run(t, dir, document, "bin/orchestrator validate --plugin-dir plugins "+c)
			}
			if commands == 0 || len(campaigns) == 0 {
				t.Errorf("the test sees %d commands and %d campaigns", commands, len(campaigns))
			}
		})
	}
	t.Run("every key is documented", func(t *testing.T) { everyKeyIsDocumented(t, dir) })
}

// everyKeyIsDocumented asks the program which keys each mapping of a campaign
// has, by giving it one that it has never heard of.
func everyKeyIsDocumented(t *testing.T, dir string) {
	t.Helper()
	const nonsense = `version: 1
zzzzzzzz: 1
scope: {zzzzzzzz: 1, window: {zzzzzzzz: 1}}
prices: {zzzzzzzz: 1, targets: {a: {zzzzzzzz: 1}}}
evidence: {zzzzzzzz: 1}
schedule: {zzzzzzzz: 1}
notify: [{zzzzzzzz: 1}]
plugins: {a: {zzzzzzzz: 1}}
targets: {a: {zzzzzzzz: 1, limits: {zzzzzzzz: 1}}}
converters: {a: {zzzzzzzz: 1}}
scorers: {a: {zzzzzzzz: 1}}
datasets: {a: {zzzzzzzz: 1}}
attacks:
  - zzzzzzzz: 1
    variants: [{zzzzzzzz: 1}]
    history: [{zzzzzzzz: 1}]
    turns: [{zzzzzzzz: 1, interrupt: {zzzzzzzz: 1}, parts: [{zzzzzzzz: 1, noise: {zzzzzzzz: 1}}]}]
`
	if err := os.WriteFile(filepath.Join(dir, "nonsense.yaml"), []byte(nonsense), 0o600); err != nil {
		t.Fatal(err)
	}
	reference, err := os.ReadFile("docs/campaign.md")
	if err != nil {
		t.Fatal(err)
	}
	out, err := inWorkspace(t.Context(), dir, "bin/orchestrator validate nonsense.yaml").CombinedOutput()
	lists := regexp.MustCompile(`the keys here are ([a-z_, ]+)`).FindAllSubmatch(out, -1)
	if got, want := len(lists), strings.Count(nonsense, "zzzzzzzz"); got != want {
		t.Fatalf("the program lists the keys of %d mappings, want %d (%v):\n%s", got, want, err, out)
	}
	for _, list := range lists {
		for key := range strings.SplitSeq(string(list[1]), ", ") {
			if !strings.Contains(string(reference), key+"`") {
				t.Errorf("docs/campaign.md does not mention `%s`", key)
			}
		}
	}
}

// writeFiles writes the files of a document and returns those that are
// campaigns. Blocks with the same name are the parts of one file.
func writeFiles(t *testing.T, dir, document string, all []block) (campaigns []string) {
	t.Helper()
	files := map[string]string{}
	for _, b := range all {
		switch {
		case b.file == "" && b.language == "yaml":
			t.Fatalf("%s:%d: a YAML block without a <!-- file: NAME --> comment cannot be tested", document, b.line)
		case b.file == "":
			continue
		case files[b.file] == "" && strings.HasPrefix(b.text, "version: 1\nname: "): // and no other kind of file
			campaigns = append(campaigns, b.file)
		}
		files[b.file] += b.text
	}
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if filepath.Base(name) == "go.mod" {
			text = tidied(t, name, text)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return campaigns
}

// tidied returns a third party's go.mod as "go mod tidy" would leave it if
// this checkout were the version that it requires, and writes its go.sum. To
// run that command takes modules that nothing here needs, and so a network.
func tidied(t *testing.T, name, text string) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(name), "go.sum"), sums, 0o600); err != nil {
		t.Fatal(err)
	}
	_, requirements, ok := strings.Cut(string(ours), "\nrequire ")
	if !ok {
		t.Fatal("go.mod requires nothing")
	}
	return text + "\nreplace " + module + " => " + here + "\n\nrequire " + requirements
}

// workspace returns a folder that looks like a built checkout.
func workspace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	bin := programs.Build(t)
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"orchestrator", "voicebot"} {
		if err := os.Symlink(filepath.Join(bin, name), filepath.Join(dir, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"campaigns", "examples"} {
		if err := os.Symlink(filepath.Join(here, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "plugins"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

var wantedExit = regexp.MustCompile(`\s+# exit code (\d+).*$`)

// run runs one command of a document, which stands at a place. A command that
// ends with & is stopped at the end of the test; "# exit code N" behind a
// command says how it ends.
func run(t *testing.T, dir, place, command string) {
	t.Helper()
	if m := setUp.FindStringSubmatch(command); m != nil {
		if m[2] != "" {
			makeTargetExists(t, place, m[2])
		}
		return
	}
	want := 0
	if m := wantedExit.FindStringSubmatch(command); m != nil {
		want, _ = strconv.Atoi(m[1])
		command = strings.TrimSuffix(command, m[0])
	}
	if background, ok := strings.CutSuffix(command, " &"); ok {
		start(t, dir, place, background)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := inWorkspace(ctx, dir, command)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("%s: %s: exit code %d, want %d (%v)\n%s", place, command, got, want, err, out)
	}
}

func inWorkspace(ctx context.Context, dir, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+filepath.Join(dir, "data"), "CHECKOUT="+checkout())
	return cmd
}

// checkout is the folder that tests run in.
func checkout() string {
	here, err := os.Getwd()
	if err != nil {
		return err.Error()
	}
	return here
}

func makeTargetExists(t *testing.T, place, target string) {
	t.Helper()
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^` + target + `:`).Match(makefile) {
		t.Errorf("%s: there is no make target %s", place, target)
	}
}

// start starts a server of a document and waits until it says that it listens.
func start(t *testing.T, dir, place, command string) {
	t.Helper()
	cmd := inWorkspace(context.Background(), dir, "exec "+command)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %s: %v", place, command, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	listening := make(chan error, 1)
	go func() {
		defer close(listening)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "listening on ") {
				listening <- nil
				break
			}
		}
		for lines.Scan() { // keep the pipe empty
		}
	}()
	select {
	case err, ok := <-listening:
		if !ok {
			err = fmt.Errorf("it ended")
		}
		if err != nil {
			t.Fatalf("%s: %s: %v", place, command, err)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s: %s did not start listening within a minute", place, command)
	}
}

func TestTheMakefileHasAtMostEightTargets(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	targets := regexp.MustCompile(`(?m)^[a-z]+:`).FindAll(makefile, -1)
	if len(targets) > 8 || len(targets) == 0 {
		t.Errorf("the Makefile has %d targets, want 1 to 8", len(targets))
	}
}

func TestEveryCampaignInTheRepositoryPlansCleanly(t *testing.T) {
	campaigns, err := filepath.Glob("campaigns/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(campaigns) == 0 {
		t.Fatal("there is no campaign")
	}
	dir := workspace(t)
	for _, c := range campaigns {
		cmd := inWorkspace(t.Context(), dir, "bin/orchestrator validate "+c)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", c, err, out)
		}
	}
}

// retired are the models whose providers have announced their end, with its date:
// by then, who copies from a document gets an error.
var retired = map[string]string{
	"gpt-realtime":                 "2027-01-20",
	"gpt-realtime-2025-08-28":      "2027-01-20",
	"gpt-realtime-mini-2025-12-15": "2027-01-20",
	"gpt-realtime-mini":            "2027-01-20",
	"gpt-4o-transcribe":            "2027-02-26",
	"gpt-4o-transcribe-diarize":    "2027-02-26",
	"gpt-4o-mini-transcribe":       "2027-02-26",
	"whisper-1":                    "2027-02-26",
}

func TestNothingRecommendsAModelThatEnds(t *testing.T) {
	// The practice server imitates services as they were, too.
	files, err := exec.Command("git", "ls-files", "*.md", "*.yaml", "*.go", ":!*_test.go", ":!docs_test.go", ":!targets/realtime/realtimetest").Output()
	if err != nil {
		t.Skipf("this is no checkout: %v", err)
	}
	name := regexp.MustCompile(`[a-z0-9]+(?:[-.][a-z0-9]+)+`)
	for _, file := range strings.Fields(string(files)) {
		text := readFile(t, file)
		isNamed := func(n string) bool { return strings.Contains(text, n) }
		if file == "CHANGELOG.md" || !slices.ContainsFunc(slices.Collect(maps.Keys(retired)), isNamed) {
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			for _, n := range name.FindAllString(line, -1) {
				if end, ok := retired[n]; ok {
					t.Errorf("%s:%d names %s, which ends on %s", file, i+1, n, end)
				}
			}
		}
	}
}

// link is a Markdown link, but for those to other sites.
var link = regexp.MustCompile(`\]\(([^)\s:]+)\)`)

func TestEveryLinkOfTheDocumentsLeadsSomewhere(t *testing.T) {
	documents, err := exec.Command("git", "ls-files", "*.md", ":!*testdata*").Output()
	if err != nil {
		t.Skipf("this is no checkout: %v", err)
	}
	known := map[string][]string{} // the anchors of the documents that were linked to
	for _, document := range strings.Fields(string(documents)) {
		for _, m := range link.FindAllStringSubmatch(prose(t, document), -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			target := filepath.Join(filepath.Dir(document), file)
			if file == "" {
				target = document
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", document, m[1])
				continue
			}
			if anchor == "" {
				continue
			}
			if known[target] == nil {
				known[target] = anchors(t, target)
			}
			if !slices.Contains(known[target], anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", document, m[1], target)
			}
		}
	}
}

// unfenced returns the text of a document without its fenced blocks.
func unfenced(t *testing.T, document string) string {
	t.Helper()
	var text strings.Builder
	isFenced := false
	for line := range strings.Lines(readFile(t, document)) {
		isFence := strings.HasPrefix(strings.TrimLeft(line, " "), "```")
		if !isFenced && !isFence {
			text.WriteString(line)
		}
		isFenced = isFenced != isFence
	}
	if isFenced {
		t.Errorf("%s: a block is not closed", document)
	}
	return text.String()
}

// prose returns the text of a document without its fenced blocks and code.
func prose(t *testing.T, document string) string {
	t.Helper()
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(unfenced(t, document), "")
}

// anchors returns what a link can lead to within a document: its headings, as GitHub
// makes anchors of them, and anchors of its own.
func anchors(t *testing.T, document string) []string {
	t.Helper()
	punctuation := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	own := regexp.MustCompile(`<a id="([^"]+)">`)
	var all []string
	for line := range strings.Lines(unfenced(t, document)) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			plain := punctuation.ReplaceAllString(strings.ToLower(strings.TrimSuffix(heading, "\n")), "")
			all = append(all, strings.ReplaceAll(plain, " ", "-"))
		}
		if strings.Contains(line, "<a id=") {
			for _, m := range own.FindAllStringSubmatch(line, -1) {
				all = append(all, m[1])
			}
		}
	}
	return all
}
