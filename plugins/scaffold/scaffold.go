package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// sdk is the module that a plugin imports.
const sdk = "github.com/redteam-orchestrator/orchestrator"

//go:embed templates
var templates embed.FS

// Plugin says what to write.
type Plugin struct {
	// Name is the plugin's: lower-case letters, digits and "-".
	Name string
	Kind core.Kind
	// Module is the path of its Go module.
	Module string
	// Version is that of the SDK, as in go.mod. It is ignored if Checkout is
	// set.
	Version string
	// Checkout is the folder of a checkout of the SDK to build against; "" takes
	// the version from the module proxy.
	Checkout string
}

// check returns an error for invalid fields.
func (p Plugin) check() error {
	switch {
	case !regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`).MatchString(p.Name):
		return core.Errorf(core.ErrorConfig, "%q is not a plugin's name", p.Name).WithHint(`it consists of lower-case letters, digits and "-"`)
	case !slices.Contains(core.Kinds(), p.Kind):
		return core.Errorf(core.ErrorConfig, "%q is not a kind of component", p.Kind).WithHint("the kinds are target, converter and scorer")
	case !regexp.MustCompile(`^[A-Za-z0-9._~/-]+$`).MatchString(p.Module):
		return core.Errorf(core.ErrorConfig, "%q is not the path of a Go module", p.Module).WithHint("such as example.com/%s", p.Name)
	}
	return nil
}

// Write writes the plugin into a folder, which it creates, and lists the files.
// It overwrites nothing: the folder must not exist, or be empty.
func (p Plugin) Write(dir string) ([]string, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	files, err := p.files()
	if err != nil {
		return nil, err
	}
	if err := makeEmpty(dir); err != nil {
		return nil, err
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil { //nolint:gosec // source code is readable for everybody
			return nil, fmt.Errorf("writing the plugin: %w", err)
		}
	}
	return names, nil
}

// makeEmpty creates a folder unless there is an empty one.
func makeEmpty(dir string) error {
	switch entries, err := os.ReadDir(dir); {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a folder of source code
			return fmt.Errorf("making the plugin's folder: %w", err)
		}
	case err != nil:
		return core.Errorf(core.ErrorConfig, "looking into %s: %w", dir, err)
	case len(entries) > 0:
		return core.Errorf(core.ErrorConfig, "%s is not empty", dir).WithHint("nothing is overwritten: give another name, or remove it")
	}
	return nil
}

// files returns the plugin's files by name.
func (p Plugin) files() (map[string][]byte, error) {
	files := map[string][]byte{}
	kind, fill := string(p.Kind), p.filler()
	for name, from := range map[string]string{
		"go.mod": "go.mod", "main.go": "main.go", "README.md": "README.md", "main_test.go": "main_test.go", "campaign.yaml": kind + ".yaml",
		kind + ".go": kind + ".go", kind + "_test.go": kind + "_test.go",
	} {
		text, err := templates.ReadFile("templates/" + from + ".tmpl")
		if err != nil {
			return nil, fmt.Errorf("reading the template of %s: %w", name, err)
		}
		files[name] = []byte(fill.Replace(string(text)))
		if filepath.Ext(name) == ".go" {
			if files[name], err = format.Source(files[name]); err != nil {
				return nil, fmt.Errorf("formatting %s: %w", name, err)
			}
		}
	}
	if p.Checkout != "" {
		required, sums, err := requirements(p.Checkout)
		if err != nil {
			return nil, err
		}
		// So that the build needs no network.
		files["go.mod"] = fmt.Appendf(files["go.mod"], "\nreplace %s => %q\n\n// What the checkout requires; \"go mod tidy\" leaves what this plugin needs.\n%s\n", sdk, p.Checkout, required)
		files["go.sum"] = sums
	}
	return files, nil
}

// filler fills in a template. Package text/template would do it, too; it calls
// methods by their names, and so makes the linker keep every method of the program.
func (p Plugin) filler() *strings.Replacer {
	tidy := ""
	if p.Checkout == "" {
		tidy = " `go mod tidy` fetches what it needs."
	}
	return strings.NewReplacer("{{.Name}}", p.Name, "{{.Kind}}", string(p.Kind), "{{.Module}}", p.Module,
		"{{.SDK}}", sdk, "{{.Version}}", p.Version, "{{.Tidy}}", tidy)
}

// requirements returns what a checkout of the SDK requires, and its go.sum.
func requirements(checkout string) (string, []byte, error) {
	mod, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil || !strings.HasPrefix(string(mod), "module "+sdk+"\n") {
		return "", nil, core.Errorf(core.ErrorConfig, "%s is not a checkout of %s", checkout, sdk).WithHint("name the folder that holds its go.mod")
	}
	sums, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
	if err != nil {
		return "", nil, core.Errorf(core.ErrorConfig, "reading the checkout: %w", err)
	}
	_, required, _ := strings.Cut(string(mod), "\nrequire ")
	return "require " + required, sums, nil
}
