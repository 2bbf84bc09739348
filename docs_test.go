package orchestrator_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

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
	bin := programs.Build(t)
	target := practice(t, bin)
	// What waits longest begins first.
	slices.SortStableFunc(documents, func(a, b string) int { return strings.Count(b, "runs") - strings.Count(a, "runs") })
	for _, document := range append(documents, "README.md") {
		told := []string{document}
		switch document {
		case "docs/plugins.md": // the operator's guide installs what the author's guide builds
			told = append(told, "docs/operator.md")
		case "docs/operator.md":
			continue
		}
		t.Run(strings.Join(told, " and "), func(t *testing.T) {
			t.Parallel()
			s := story{workspace(t, bin), target}
			for _, document := range told {
				s.tell(t, document)
			}
		})
	}
	t.Run("every key is documented", func(t *testing.T) {
		t.Parallel()
		everyKeyIsDocumented(t, workspace(t, bin))
	})
}

const (
	// practiceAddress is where the documents have the practice target listen, and
	// other the address of what else they start. Here both listen at free ones, so that
	// documents and checkouts do not meet.
	practiceAddress = "127.0.0.1:8177"
	otherAddress    = "127.0.0.1:8178"
	freeAddress     = "127.0.0.1:0"
)

// practice starts the practice target for all documents, each of which begins it anew,
// and returns its address.
func practice(t *testing.T, bin string) string {
	t.Helper()
	help, err := exec.CommandContext(t.Context(), filepath.Join(bin, "voicebot"), "--help").CombinedOutput()
	if err != nil || !strings.Contains(string(help), `(default "`+practiceAddress+`")`) {
		t.Fatalf("the practice target does not listen at %s unless told: %v\n%s", practiceAddress, err, help)
	}
	s := story{dir: filepath.Dir(bin)}
	return strings.TrimPrefix(s.start(t, "every document", "bin/voicebot --listen "+freeAddress), "http://")
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
    before_trial: [{zzzzzzzz: 1}]
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
func (s story) writeFiles(t *testing.T, document string, all []block) (campaigns []string) {
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
		name = filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if filepath.Base(name) == "go.mod" {
			text = tidied(t, name, text)
		}
		if err := os.WriteFile(name, []byte(s.readdressed(text)), 0o600); err != nil {
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

// workspace returns a folder that looks like a checkout whose programs are built.
func workspace(t *testing.T, bin string) string {
	t.Helper()
	dir := t.TempDir()
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
