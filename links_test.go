package orchestrator_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

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
