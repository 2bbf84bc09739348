package orchestrator_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// providersModules are modules of providers' SDKs, and some that come with them.
var providersModules = regexp.MustCompile(`^(github\.com/(openai|anthropics|tidwall|googleapis|sashabaranov|aws)/|google\.golang\.org/(genai|api)\b|cloud\.google\.com/go/auth\b)`)

// rootModules is the largest number of modules in the graph of the root module. It grows by
// what is looked at, and stands in go.mod or comes with it.
const rootModules = 235

// goList returns the lines that "go list" prints in a folder.
func goList(t *testing.T, folder string, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = folder
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s in %s: %v", args, folder, err)
	}
	return strings.Fields(string(out))
}

// The SDKs of providers more than double what the orchestrator would weigh without them
// (decision D32): they are for the companion alone.
func TestTheRootModuleHasNoSDKOfAProvider(t *testing.T) {
	all := goList(t, ".", "-m", "-f", "{{.Path}}", "all")
	if len(all) < 100 || len(all) > rootModules {
		t.Errorf("%d modules are in the root module's graph; at most %d are expected: what came with the last change?", len(all), rootModules)
	}
	for _, m := range all {
		if providersModules.MatchString(m) {
			t.Errorf("%s is in the root module's graph: it belongs into targets/providers", m)
		}
	}
	for _, sums := range []string{"go.sum", "examples/plugin-go/go.sum"} {
		for line := range strings.Lines(readFile(t, sums)) {
			if providersModules.MatchString(line) {
				t.Errorf("%s: %s", sums, line)
			}
		}
	}
	for _, p := range goList(t, ".", "-deps", "./core/...", "./plugins/...", "./cmd/...") {
		if providersModules.MatchString(p) {
			t.Errorf("%s is linked into the orchestrator", p)
		}
	}
}

// A module of a companion is part of everything that is done to modules.
func TestEveryCompanionIsBuiltAndLinted(t *testing.T) {
	build, lint := readFile(t, ".ci/build"), readFile(t, ".ci/lint")
	for _, folder := range companions {
		for name, script := range map[string]string{"build": build, "lint": lint} {
			if !strings.Contains(script, folder) {
				t.Errorf(".ci/%s does not name %s", name, folder)
			}
		}
	}
	out, err := exec.Command(".ci/nested", "pwd").Output()
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for dir := range strings.Lines(string(out)) {
		seen = append(seen, strings.TrimSpace(dir))
	}
	for _, folder := range companions {
		if !slices.ContainsFunc(seen, func(dir string) bool { return strings.HasSuffix(dir, "/"+folder) }) {
			t.Errorf(".ci/nested runs in %q, and not in %s", seen, folder)
		}
	}
}

// Where a program may call a method by a name that it learns when it runs, the linker
// keeps every exported method of every type that is used: a third of the companion,
// which its processes have in memory, too. net/rpc and text/template do that, and
// whatever calls [reflect.Value.MethodByName] with a name that is no constant.
func TestTheLinkerLeavesOutTheMethodsThatNothingCalls(t *testing.T) {
	const tags = "-tags grpcnotrace"
	if n := strings.Count(readFile(t, ".ci/build"), tags); n != 2 {
		t.Errorf(".ci/build says %q %d times, and makes two kinds of programs", tags, n)
	}
	for folder, program := range map[string]string{".": "./cmd/orchestrator", "targets/providers": "."} {
		dir := t.TempDir()
		if out, err := build(folder, dir, program); err != nil {
			t.Fatalf("building %s in %s: %v\n%s", program, folder, err, out)
		}
		// The go command keeps what the linker prints with the compiled package, whatever
		// the linker's flags, and prints it again where a program is up to date (Go 1.26).
		// With -gcflags=-e, which changes nothing here, the package is another one.
		out, err := build(folder, t.TempDir(), program, "-gcflags=-e", "-ldflags=-dumpdep")
		calls := strings.Count(string(out), " -> ")
		if err != nil || calls < 10_000 {
			t.Fatalf("building %s in %s: %v; the linker told of %d calls", program, folder, err, calls)
		}
		seen := map[string]bool{}
		for line := range strings.Lines(string(out)) {
			caller, _, found := strings.Cut(line, " <ReflectMethod> -> ")
			if found && !seen[caller] {
				seen[caller] = true
				t.Errorf("%s in %s contains %s, which calls methods by their names", program, folder, caller)
			}
		}
		if out, err := build(folder, dir, program); err != nil || len(out) > 0 {
			t.Errorf("building %s in %s again ends with %v and prints %d bytes", program, folder, err, len(out))
		}
	}
}

// build builds a program of the module in a folder as .ci/build does, into the folder to,
// and returns what the go command prints.
func build(folder, to, program string, flags ...string) ([]byte, error) {
	args := append([]string{"build", "-trimpath", "-tags", "grpcnotrace", "-o", to}, flags...)
	cmd := exec.Command("go", append(args, program)...)
	cmd.Dir = folder
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	return cmd.CombinedOutput()
}
