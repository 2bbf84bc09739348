package orchestrator_test

import (
	"go/ast"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What is CI's last word is read by people and programs: the exit code of "make
// check", and above it where the time went.
func TestCINamesTheSlowestPackagesAndKeepsTheExitCode(t *testing.T) {
	dir := t.TempDir()
	const tests = `ok  \texample.org/quick\t0.5s\nok  \texample.org/cached\t(cached)\n?   \texample.org/none\t[no test files]\n` +
		`FAIL\texample.org/slow\t61.25s\nok  \texample.org/middle\t7.0s [no tests to run]\n`
	for code, outcome := range map[string]string{"0": "passed", "2": "failed"} {
		script := "#!/bin/sh\n[ \"$1\" = check ] || exit 9\nprintf '" + tests + "' >&2\nexit " + code + "\n"
		if err := os.WriteFile(filepath.Join(dir, "make"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(".ci/run")
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != int(code[0]-'0') {
			t.Errorf(".ci/run ends with %d (%v) where make check ends with %s:\n%s", got, err, code, out)
		}
		want := regexp.MustCompile(`\nthe slowest packages:
 +61\.2 s  example\.org/slow
 +7\.0 s  example\.org/middle
 +0\.5 s  example\.org/quick
CI ` + outcome + ` after 0 min \d\d s
$`)
		if !want.Match(out) {
			t.Errorf(".ci/run prints\n%s\nwhich does not match\n%s", out, want)
		}
	}
}

func TestTheHostedCIRunsWhatCIRunsAndMayOnlyRead(t *testing.T) {
	workflow := readFile(t, ".github/workflows/ci.yml")
	find := func(pattern string) (all []string) {
		for _, m := range regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(workflow, -1) {
			all = append(all, m[1])
		}
		return all
	}
	if commands := find(`run: (.*)$`); !slices.Equal(commands, []string{".ci/run"}) {
		t.Errorf("the hosted CI runs %q, want .ci/run alone", commands)
	}
	if permissions := find(`^permissions:\n((?: +.*\n)*)`); !slices.Equal(permissions, []string{"  contents: read\n"}) {
		t.Errorf("the hosted CI has the permissions %q", permissions)
	}
	for _, action := range find(`uses: (.*)$`) {
		if !regexp.MustCompile(`^actions/[a-z-]+@v\d+$`).MatchString(action) {
			t.Errorf("the hosted CI uses %s, which is no action of GitHub's at a major version", action)
		}
	}
	if !strings.Contains(workflow, "go-version-file: go.mod\n") {
		t.Error("the hosted CI does not take the version of Go from go.mod")
	}
}

// Who uses this module as a library sees in go.mod what comes with it.
func TestModulesThatOnlyTestsNeedStandInABlockOfTheirOwn(t *testing.T) {
	imported := map[string]bool{} // by files that are no tests, on any system
	walkGo(t, func(file string, parsed *ast.File) {
		if strings.HasSuffix(file, "_test.go") || inNestedModule(file) {
			return
		}
		for _, i := range parsed.Imports {
			imported[strings.Trim(i.Path.Value, `"`)] = true
		}
	})
	_, blocks, _ := strings.Cut(readFile(t, "go.mod"), "\nrequire (\n")
	product, blocks, _ := strings.Cut(blocks, ")\n")
	tests, _, ok := strings.Cut(blocks, ")\n")
	tests, isMarked := strings.CutPrefix(tests, "\n// Test dependencies.\nrequire (\n")
	if !ok || !isMarked {
		t.Fatal("the second block of go.mod is not that of the test dependencies")
	}
	for block, wanted := range map[string]bool{product: true, tests: false} {
		for line := range strings.Lines(block) {
			required, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			used := false
			for path := range imported {
				used = used || path == required || strings.HasPrefix(path, required+"/")
			}
			if used != wanted {
				t.Errorf("go.mod: %s stands in the wrong block: that the product imports it is %t", required, used)
			}
		}
	}
}

// inNestedModule reports whether a file belongs to a module below the root one.
func inNestedModule(file string) bool {
	for dir := filepath.Dir(file); dir != "."; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return true
		}
	}
	return false
}
