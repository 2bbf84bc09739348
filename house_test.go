// Package orchestrator_test holds the repository to its own design.
package orchestrator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/redteam-orchestrator/orchestrator"

// room is a row of the import table: what a package of that room may import
// from this module, and which third-party modules it may use.
type room struct {
	imports []string
	modules []string
}

// house is the import table of ARCHITECTURE.md. A name that ends in "/..."
// stands for the packages below it. The most specific row holds. nil modules
// mean the standard library only.
var house = map[string]room{
	"core":          {},
	"core/schema":   {imports: []string{"core", "core/secret"}},
	"core/stats":    {imports: []string{"core"}},
	"core/compare":  {imports: []string{"core", "core/phrase", "core/record", "core/stats"}},
	"core/notify":   {imports: []string{"core", "core/compare", "core/phrase", "core/scope"}, modules: []string{"github.com/cenkalti/backoff/v5"}},
	"core/strategy": {imports: []string{"core"}},
	"core/secret":   {imports: []string{"core"}},
	"core/scope":    {},
	"core/cost":     {imports: []string{"core", "core/audio"}},
	"core/phrase":   {},
	"core/bounded":  {},
	"core/text":     {modules: []string{"golang.org/x/text"}},
	"core/schedule": {imports: []string{"core"}, modules: []string{"github.com/netresearch/go-cron"}},
	"core/audio":    {imports: []string{"core"}, modules: []string{"github.com/go-audio/wav", "github.com/go-audio/audio"}},
	"core/verdict":  {imports: []string{"core"}, modules: []string{"cel.dev/cel-go"}},
	"core/campaign": {
		imports: []string{"core", "core/audio", "core/cost", "core/dataset", "core/notify", "core/phrase", "core/requirement", "core/schedule", "core/schema", "core/scope", "core/secret", "core/verdict", "core/yamlfile"},
	},
	"core/yamlfile":    {imports: []string{"core/phrase", "core/schema", "core/secret"}, modules: []string{"gopkg.in/yaml.v3"}},
	"core/dataset":     {imports: []string{"core/phrase", "core/yamlfile"}},
	"core/requirement": {imports: []string{"core/scope", "core/secret", "core/yamlfile"}, modules: []string{"github.com/Masterminds/semver/v3"}},
	"core/plan": {imports: []string{
		"core", "core/campaign", "core/cost", "core/record", "core/requirement", "core/schema", "core/scope", "core/secret", "core/strategy", "core/verdict", "core/yamlfile",
	}},
	"core/engine": {
		imports: []string{"core", "core/audio", "core/limit", "core/plan", "core/record", "core/secret", "core/stats", "core/strategy", "core/text", "core/verdict"},
		modules: []string{"golang.org/x/sync"},
	},
	"core/limit": {
		imports: []string{"core", "core/cost", "core/record", "core/scope"},
		modules: []string{"golang.org/x/time", "github.com/cenkalti/backoff/v5"},
	},
	"core/record":   {imports: []string{"core", "core/schema", "core/stats"}},
	"core/cassette": {imports: []string{"core", "core/engine", "core/plan", "core/record", "core/scope", "core/strategy"}},
	"core/runfile":  {imports: []string{"core"}},
	"core/store": {
		imports: []string{"core", "core/phrase", "core/record", "core/runfile", "core/schedule"},
		modules: []string{"modernc.org/sqlite", "github.com/pressly/goose/v3", "golang.org/x/sys"},
	},

	"core/eventlog": {imports: []string{"core", "core/record", "core/secret"}},
	"core/telemetry": {
		imports: []string{"core", "core/record", "core/secret"},
		modules: []string{"go.opentelemetry.io/otel", "go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf"},
	},
	"core/telemetry/telemetrytest": {modules: []string{"go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf"}},
	"core/metrics":                 {imports: []string{"core/record"}, modules: []string{"github.com/prometheus/client_golang"}},

	"plugins": {
		imports: []string{"core", "core/schema", "plugins/internal/..."},
		modules: []string{
			"github.com/hashicorp/go-plugin", "github.com/hashicorp/go-hclog", "google.golang.org/grpc", "google.golang.org/protobuf",
			"golang.org/x/sync", "golang.org/x/sys", "go.opentelemetry.io/otel", "go.opentelemetry.io/proto/otlp",
		},
	},
	"plugins/internal/...": {
		imports: []string{"core", "core/phrase", "core/schema", "core/scope", "plugins/internal/..."},
		modules: []string{
			"github.com/hashicorp/go-plugin", "github.com/hashicorp/go-hclog", "google.golang.org/grpc", "google.golang.org/protobuf", "google.golang.org/genproto",
			"golang.org/x/sync", "golang.org/x/sys", "go.opentelemetry.io/otel",
		},
	},
	"plugins/host": {
		imports: []string{"core", "core/bounded", "core/phrase", "core/schema", "plugins", "plugins/egress", "plugins/internal/...", "plugins/sandbox"},
		modules: []string{
			"github.com/hashicorp/go-plugin", "github.com/hashicorp/go-hclog", "google.golang.org/grpc", "google.golang.org/protobuf",
			"github.com/cenkalti/backoff/v5", "golang.org/x/sync", "golang.org/x/sys", "golang.org/x/time", "go.opentelemetry.io/otel",
		},
	},
	"plugins/sandbox": {
		imports: []string{"core", "plugins/internal/..."},
		modules: []string{"github.com/landlock-lsm/go-landlock", "github.com/elastic/go-seccomp-bpf", "golang.org/x/net/bpf", "golang.org/x/sys"},
	},
	"plugins/egress": {imports: []string{"core/scope", "plugins/internal/..."}, modules: []string{"golang.org/x/net/proxy", "golang.org/x/time/rate"}},
	"plugins/install": {
		imports: []string{"core", "core/requirement", "core/yamlfile", "plugins/host"},
		modules: []string{"aead.dev/minisign", "github.com/Masterminds/semver/v3", "github.com/hashicorp/go-hclog", "gopkg.in/yaml.v3"},
	},
	"plugins/conformance": {
		imports: []string{"core", "core/audio", "core/phrase", "core/schema", "core/scope", "plugins/host", "plugins/internal/..."},
		modules: []string{"github.com/hashicorp/go-hclog"},
	},
	"plugins/plugintest": {imports: []string{"core", "plugins", "plugins/conformance", "plugins/host"}, modules: []string{"github.com/hashicorp/go-hclog"}},
	"plugins/scaffold":   {imports: []string{"core"}},

	"targets":                   {imports: []string{"core", "targets/..."}},
	"targets/internal/...":      {imports: []string{"core", "core/bounded", "core/phrase", "core/scope", "core/secret"}},
	"targets/internal/template": {imports: []string{"core", "core/schema"}},
	"targets/internal/extract":  {imports: []string{"core", "targets/internal/template"}, modules: []string{"github.com/itchyny/gojq"}},
	"targets/realtime":          {imports: []string{"core", "core/audio", "core/phrase", "targets/internal/..."}, modules: []string{"github.com/gorilla/websocket", "github.com/cenkalti/backoff/v5"}},
	"targets/websocket":         {imports: []string{"core", "core/audio", "core/phrase", "targets/internal/..."}, modules: []string{"github.com/gorilla/websocket"}},
	"targets/command":           {imports: []string{"core", "core/phrase", "targets/internal/..."}},
	"targets/realtime/...":      {imports: []string{"core", "core/audio"}, modules: []string{"github.com/gorilla/websocket", "golang.org/x/time"}},
	"targets/http":              {imports: []string{"core", "core/phrase", "targets/internal/..."}, modules: []string{"golang.org/x/net/html", "golang.org/x/text/encoding"}},
	"targets/http/...":          {imports: []string{"core"}},
	"targets/providers":         {imports: []string{"core", "plugins", "targets/providers/..."}},
	"targets/providers/...": {
		imports: []string{"core", "core/audio", "core/bounded", "core/phrase", "targets/internal/access", "targets/internal/ending", "targets/internal/jsoncut", "targets/providers/..."},
		modules: []string{"github.com/openai/openai-go/v3", "github.com/anthropics/anthropic-sdk-go", "google.golang.org/genai", "golang.org/x/text"},
	},
	"converters": {imports: []string{"core", "converters/..."}},
	"converters/speech": {
		imports: []string{"core", "core/audio", "core/bounded", "core/schema", "core/scope", "core/secret", "core/text"},
		modules: []string{"golang.org/x/text"},
	},
	"converters/...": {imports: []string{"core", "core/audio", "core/bounded", "core/scope", "core/secret"}, modules: []string{"golang.org/x/sync", "golang.org/x/text"}},
	"scorers":        {imports: []string{"core", "scorers/..."}},
	"scorers/...":    {imports: []string{"core", "core/audio", "core/phrase", "core/text"}},

	"cmd/internal/app": {
		imports: []string{
			"core", "core/campaign", "core/cassette", "core/compare", "core/engine", "core/eventlog", "core/notify", "core/phrase", "core/plan", "core/record",
			"core/requirement", "core/secret", "core/stats", "core/store", "core/telemetry", "core/yamlfile", "plugins/egress", "plugins/host", "plugins/install",
		},
		modules: []string{"github.com/hashicorp/go-hclog"},
	},
	"cmd/internal/migrate": {imports: []string{"core", "core/dataset", "core/phrase", "core/scope", "core/secret", "core/yamlfile"}},
	"cmd/internal/starter": {imports: []string{"core", "core/schema"}},
	"cmd/internal/view": {
		imports: []string{
			"core", "core/audio", "core/compare", "core/phrase", "core/plan", "core/record", "core/schedule", "core/scope", "core/stats", "core/store",
			"core/yamlfile",
		},
		modules: []string{"github.com/schollz/progressbar/v3"},
	},
	"cmd/internal/checkup": {
		imports: []string{
			"cmd/internal/app", "converters/speech", "core", "core/phrase", "core/secret", "core/store", "plugins/install", "plugins/sandbox",
		},
	},
	"cmd/orchestrator": {imports: []string{"cmd/orchestrator/internal/..."}},
	"cmd/orchestrator/internal/...": {
		imports: []string{
			"cmd/internal/app", "cmd/internal/checkup", "cmd/internal/migrate", "cmd/internal/starter", "cmd/internal/view",
			"core", "core/campaign", "core/compare", "core/engine", "core/eventlog", "core/metrics", "core/phrase", "core/record", "core/requirement", "core/schedule",
			"core/schema", "core/secret", "core/store", "core/yamlfile",
			"plugins", "plugins/conformance", "plugins/egress", "plugins/host", "plugins/install", "plugins/sandbox", "plugins/scaffold",
			"targets", "targets/http/recorded", "converters", "converters/speech", "scorers",
		},
		modules: []string{"github.com/spf13/cobra", "github.com/hashicorp/go-hclog", "golang.org/x/term", "aead.dev/minisign"},
	},
	"examples/localagent": {imports: []string{"core", "plugins/sandbox"}},
	"examples/...": {
		imports: []string{"core", "core/audio", "converters/...", "targets/realtime/...", "examples/..."},
		modules: []string{"github.com/gorilla/websocket", "golang.org/x/sync", "golang.org/x/time"},
	},
}

// listed is what the go command says of a package.
type listed struct {
	ImportPath string
	Name       string
	Imports    []string
	GoFiles    []string
	Dir        string
}

// packages lists the packages of the root module, and of the modules of companions,
// that have non-test files.
func packages(t *testing.T) []listed {
	t.Helper()
	all, err := listPackages()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages; the test is broken", len(all))
	}
	return all
}

// companions are the folders of the modules whose programs come with the orchestrator.
var companions = []string{"targets/providers"}

// listPackages asks the go command once for all tests.
var listPackages = sync.OnceValues(func() ([]listed, error) {
	all, err := listModule(".")
	for _, folder := range companions {
		more, wrong := listModule(folder)
		all, err = append(all, more...), errors.Join(err, wrong)
	}
	return all, err
})

// listModule lists the packages of the module in a folder.
func listModule(folder string) ([]listed, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Imports,GoFiles,Dir", "./...")
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %w", folder, err)
	}
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p listed
		if err := decoder.Decode(&p); err != nil {
			return nil, fmt.Errorf("decoding go list's output: %w", err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
	return all, nil
}

// roomOf returns the row that holds for a package.
func roomOf(pkg string) (room, bool) {
	if r, ok := house[pkg]; ok {
		return r, true
	}
	for dir := path.Dir(pkg); dir != "."; dir = path.Dir(dir) {
		if r, ok := house[dir+"/..."]; ok {
			return r, true
		}
	}
	return room{}, false
}

// covered reports whether one of the patterns names pkg.
func covered(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, isTree := strings.CutSuffix(p, "/...")
		return p == pkg || isTree && strings.HasPrefix(pkg, prefix+"/")
	})
}

func TestEveryImportPointsInward(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		r, ok := roomOf(name)
		if !ok {
			t.Errorf("%s is in no room of the house: add a row, and say what it is for in ARCHITECTURE.md", name)
			continue
		}
		for _, imported := range p.Imports {
			if own, ok := strings.CutPrefix(imported, module+"/"); ok {
				if !covered(r.imports, own) {
					t.Errorf("%s imports %s; its room allows %v", name, own, r.imports)
				}
				continue
			}
			if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
				continue // the standard library
			}
			allowed := slices.ContainsFunc(r.modules, func(m string) bool {
				return imported == m || strings.HasPrefix(imported, m+"/")
			})
			if !allowed {
				t.Errorf("%s imports %s; its room allows the modules %v", name, imported, r.modules)
			}
		}
	}
}

// rooms returns the names in the first column of the table of ARCHITECTURE.md.
// A name that ends in "/…" stands for the packages below it.
func rooms(t *testing.T) []string {
	t.Helper()
	_, table, ok := strings.Cut(readFile(t, "ARCHITECTURE.md"), "\n## The rooms\n")
	if !ok {
		t.Fatal("ARCHITECTURE.md has no section \"The rooms\"")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	var names []string
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			names = append(names, name[1])
		}
	}
	return names
}

func TestEveryPackageIsInTheTableOfTheArchitecture(t *testing.T) {
	names := rooms(t)
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		room, _, _ := strings.Cut(name, "/internal/") // what is internal to a room is a part of it
		listed := slices.ContainsFunc(names, func(n string) bool {
			tree, isTree := strings.CutSuffix(n, "/…")
			return n == name || n == room || isTree && strings.HasPrefix(name, tree+"/") ||
				strings.HasPrefix(n, "examples/") && strings.HasPrefix(name, n+"/")
		})
		if !listed {
			t.Errorf("ARCHITECTURE.md does not say what %s is for: add a row to its table", name)
		}
	}
	for _, n := range names {
		if info, err := os.Stat(strings.TrimSuffix(n, "/…")); err != nil || !info.IsDir() {
			t.Errorf("ARCHITECTURE.md has a row for %s, which is no folder", n)
		}
	}
}

// Decisions are linked to and replaced by their numbers.
func TestEveryDecisionHasANumberAContextAndAlternatives(t *testing.T) {
	_, text, _ := strings.Cut(readFile(t, "ARCHITECTURE.md"), "\n## Decisions\n")
	text, _, _ = strings.Cut(text, "\n## ")
	decisions := strings.Split(text, "\n### ")[1:]
	if len(decisions) < 28 {
		t.Errorf("there are %d decisions; none is ever deleted, and there were 28", len(decisions))
	}
	for i, d := range decisions {
		heading, body, _ := strings.Cut(d, "\n")
		if !strings.HasPrefix(heading, fmt.Sprintf("D%d. ", i+1)) {
			t.Errorf("the heading of decision %d is %q", i+1, heading)
		}
		if anchor := fmt.Sprintf("\n<a id=\"d%d\"></a>\n### D%d. ", i+1, i+1); !strings.Contains(text, anchor) {
			t.Errorf("decision %d has no anchor d%d above its heading", i+1, i+1)
		}
		for _, part := range []string{"**Context.** ", "**Decision.** ", "**Alternatives.** "} {
			if !strings.Contains(body, "\n"+part) {
				t.Errorf("decision %d has no paragraph %s", i+1, part)
			}
		}
	}
}

// readFile returns the text of a file of the repository.
func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Whoever serves or calls the contract's services hands requests and responses on; what
// is in them is made and read in one place.
func TestOnlyWireTranslatesTheContract(t *testing.T) {
	const contract, wire = module + "/plugins/internal/pluginv1", module + "/plugins/internal/wire"
	allowed := regexp.MustCompile(`(Request|Response|Client|Server|_FullMethodName)$`)
	users := 0
	for _, p := range packages(t) {
		if p.ImportPath == contract || p.ImportPath == wire || !slices.Contains(p.Imports, contract) {
			continue
		}
		for _, name := range p.GoFiles {
			file := parsedFile(t, p, name)
			i := slices.IndexFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == strconv.Quote(contract) })
			if i < 0 {
				continue
			}
			if as := file.Imports[i].Name; as == nil || as.Name != "pb" {
				t.Errorf("%s/%s imports the contract under another name than pb", p.ImportPath, name)
			}
			users++
			ast.Inspect(file, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "pb" && !allowed.MatchString(s.Sel.Name) {
					t.Errorf("%s/%s names pb.%s: only plugins/internal/wire translates what is in a request or response", p.ImportPath, name, s.Sel.Name)
				}
				return true
			})
		}
	}
	if users < 10 {
		t.Errorf("%d files use the contract; the test is broken", users)
	}
}

// Another program can carry campaigns out, too, if what does so is given the process
// that it is part of: the environment, files, the terminal and the end.
func TestTheApplicationDoesNotReachForItsProcess(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if !strings.HasPrefix(name, "cmd/internal/") {
			continue
		}
		for _, imported := range p.Imports {
			if imported == "os" || imported == "syscall" || strings.HasPrefix(imported, "os/") {
				t.Errorf("%s imports %s: have the command line pass what is needed", name, imported)
			}
		}
	}
}

// A run can be repeated only if every random choice follows from a seed. A test
// server is no component.
func TestComponentsMakeRandomChoicesFromSeedsOnly(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		room, _, _ := strings.Cut(name, "/")
		if !slices.Contains([]string{"targets", "converters", "scorers"}, room) || strings.HasPrefix(name, "targets/realtime/realtimetest") {
			continue
		}
		for _, source := range []string{"math/rand", "math/rand/v2", "crypto/rand"} {
			if slices.Contains(p.Imports, source) {
				t.Errorf("%s imports %s: core.Rand is the source of a component's random choices", name, source)
			}
		}
	}
}

func TestEveryPackageHasExactlyOnePackageComment(t *testing.T) {
	for _, p := range packages(t) {
		var documented []string
		for _, file := range p.GoFiles {
			parsed := parsedFile(t, p, file)
			if parsed.Doc != nil && !ast.IsGenerated(parsed) {
				documented = append(documented, file)
			}
		}
		generatedOnly := strings.HasSuffix(p.ImportPath, "/pluginv1")
		if len(documented) != 1 && !generatedOnly {
			t.Errorf("%s: package comments in %v, want exactly one", p.ImportPath, documented)
		}
	}
}

func TestNoPackageHasAnEmptyName(t *testing.T) {
	for _, p := range packages(t) {
		for _, vague := range []string{"util", "utils", "common", "helper", "helpers", "manager", "impl", "misc", "types"} {
			if path.Base(p.ImportPath) == vague {
				t.Errorf("%s: a package is named for what it holds", p.ImportPath)
			}
		}
	}
}

func TestNothingRegistersItselfInInit(t *testing.T) {
	walkGo(t, func(file string, parsed *ast.File) {
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" && !ast.IsGenerated(parsed) {
				t.Errorf("%s has an init function", file)
			}
		}
	})
}

// chained are the structs that embed a struct of their package that embeds one
// itself, each with the reason why it still does. The list may only shrink.
var chained = map[string]string{}

// Whoever holds a value at the end of a chain of embeddings reaches the fields and
// methods of all of them, and a reader cannot tell whose they are.
func TestNoStructEmbedsAStructOfItsPackageThatEmbedsOne(t *testing.T) {
	embeds := map[string][]string{} // the structs of its package that a struct embeds, by name
	walkGo(t, func(file string, parsed *ast.File) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		pkg := filepath.ToSlash(filepath.Dir(file))
		for _, d := range parsed.Decls {
			general, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				typed, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				if structure, ok := typed.Type.(*ast.StructType); ok {
					embeds[pkg+"."+typed.Name.Name] = embeddedIn(pkg, structure)
				}
			}
		}
	})
	found := map[string]bool{}
	for name, inner := range embeds {
		for _, i := range inner {
			isOwn := func(n string) bool { _, ok := embeds[n]; return ok }
			if !slices.ContainsFunc(embeds[i], isOwn) {
				continue
			}
			found[name] = true
			if chained[name] == "" {
				t.Errorf("%s embeds %s, which embeds %v: give it fields with names", name, i, embeds[i])
			}
		}
	}
	for name := range chained {
		if !found[name] {
			t.Errorf("%s is no exception any more: delete it from the list", name)
		}
	}
}

// embeddedIn returns the types of its package that a struct embeds.
func embeddedIn(pkg string, structure *ast.StructType) []string {
	var names []string
	for _, field := range structure.Fields.List {
		if len(field.Names) > 0 {
			continue
		}
		t := field.Type
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		switch generic := t.(type) {
		case *ast.IndexExpr:
			t = generic.X
		case *ast.IndexListExpr: // with more than one type argument
			t = generic.X
		}
		if name, ok := t.(*ast.Ident); ok {
			names = append(names, pkg+"."+name.Name)
		}
	}
	return names
}

func TestMainIsAtMostFifteenLines(t *testing.T) {
	data, err := os.ReadFile("cmd/orchestrator/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), "\n"); n > 15 {
		t.Errorf("cmd/orchestrator/main.go has %d lines", n)
	}
}

// walkGo calls f with each Go file of the root module and those below it.
func walkGo(t *testing.T, f func(file string, parsed *ast.File)) {
	t.Helper()
	files, err := parseAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f(name, files[name])
	}
}

// parsedFile returns a Go file of a package.
func parsedFile(t *testing.T, p listed, name string) *ast.File {
	t.Helper()
	files, err := parseAll()
	if err != nil {
		t.Fatal(err)
	}
	top, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(top, filepath.Join(p.Dir, name))
	if err != nil || files[relative] == nil {
		t.Fatalf("%s of %s is not among the files (%v)", name, p.ImportPath, err)
	}
	return files[relative]
}

// parseAll parses each Go file once for all tests, and returns them by name.
var parseAll = sync.OnceValues(func() (map[string]*ast.File, error) {
	files := map[string]*ast.File{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != "." && strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if filepath.Ext(file) != ".go" {
			return nil
		}
		files[file], err = parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		return err
	})
	return files, err
})
