package orchestrator_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Whoever runs a command of ours may first want to know what it fetches. Each section
// of THIRD_PARTY.md is compared with the pins of the file in its heading; and every
// file that pins something has a section.
func TestThirdPartiesAreNamedWithTheVersionsThatAreFetched(t *testing.T) {
	sections := thirdParties(t)
	for _, file := range trackedFiles(t) {
		pinned, pinsAny := pins(t, file)
		named, ok := sections[file]
		if !pinsAny {
			if ok {
				t.Errorf("THIRD_PARTY.md has a section on %s, which pins nothing", file)
			}
			continue
		}
		delete(sections, file)
		for _, name := range slices.Sorted(maps.Keys(pinned)) {
			row, ok := named[name]
			switch {
			case !ok:
				t.Errorf("THIRD_PARTY.md, section %s: %s %s is fetched and not named", file, name, pinned[name])
			case pinned[name] != "" && row.version != pinned[name]:
				t.Errorf("THIRD_PARTY.md, section %s: %s has the version %s; %s is fetched", file, name, row.version, pinned[name])
			case row.version == "" || row.licence == "":
				t.Errorf("THIRD_PARTY.md, section %s: %s has no version or no licence", file, name)
			}
		}
		for name := range named {
			if _, ok := pinned[name]; !ok {
				t.Errorf("THIRD_PARTY.md, section %s: %s is named and not fetched", file, name)
			}
		}
	}
	for file := range sections {
		t.Errorf("THIRD_PARTY.md has a section on %s, which is no file of the repository", file)
	}
}

// thirdParty is a row of THIRD_PARTY.md.
type thirdParty struct{ version, licence string }

// thirdParties returns the rows by section and name.
func thirdParties(t *testing.T) map[string]map[string]thirdParty {
	t.Helper()
	sections := map[string]map[string]thirdParty{}
	for _, section := range strings.Split(readFile(t, "THIRD_PARTY.md"), "\n## ")[1:] {
		heading, body, _ := strings.Cut(section, "\n")
		rows := map[string]thirdParty{}
		for line := range strings.Lines(body) {
			cells := strings.Split(line, "|")
			if len(cells) != 6 || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| what |") {
				continue
			}
			rows[strings.TrimSpace(cells[1])] = thirdParty{strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])}
		}
		sections[heading] = rows
	}
	return sections
}

// trackedFiles returns the files of the repository.
func trackedFiles(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-co", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

var (
	// requirement is a line of a requirements file.
	requirement = regexp.MustCompile(`(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)`)
	// aptPackage is an entry of .ci/need's table, or a package that it adds.
	aptPackage = regexp.MustCompile(`(?m)^  \[\S+\]=(\S+)$|missing\+=\(([a-z0-9-]+)\)`)
	// installing is a command line that fetches packages by name and version.
	installing = regexp.MustCompile(`(?m)^.*\b(?:pip|uv|npm|npx|pipx)\b.*\b(?:install|add|exec|-y)\b.*$`)
	// fetched is one of them.
	fetched = regexp.MustCompile(`(@?[A-Za-z0-9][A-Za-z0-9./_-]*)(?:\[[a-z,-]+\])?(?:==|@)(\d[^\s"']*)`)
	// unicodeFile is a file from which tables are generated, and unicodeVersion the
	// version of all of them.
	unicodeFile    = regexp.MustCompile(`(?m)^\t"(\w+\.txt)":\s+\{"https://`)
	unicodeVersion = regexp.MustCompile(`(?m)^const version = "(\S+)"$`)
	// toolOf is a tool of a Go module file.
	toolOf = regexp.MustCompile(`(?m)^\t(\S+)$`)
)

// pins returns what a file has fetched, by name with its version ("" for the
// distribution's), and whether it has anything fetched.
func pins(t *testing.T, file string) (map[string]string, bool) {
	t.Helper()
	found := map[string]string{}
	switch base := filepath.Base(file); {
	case file == ".ci/need":
		for _, m := range aptPackage.FindAllStringSubmatch(readFile(t, file), -1) {
			found[m[1]+m[2]] = ""
		}
	case strings.Contains(base, "requirements") && filepath.Ext(file) == ".txt", filepath.Dir(file) == ".ci/pins":
		for _, m := range requirement.FindAllStringSubmatch(readFile(t, file), -1) {
			found[m[1]] = m[2]
		}
	case base == "maketables.go":
		text := readFile(t, file)
		for _, m := range unicodeFile.FindAllStringSubmatch(text, -1) {
			found[m[1]] = unicodeVersion.FindStringSubmatch(text)[1]
		}
	case base == "package-lock.json":
		var lock struct {
			Packages map[string]struct{ Version string }
		}
		if err := json.Unmarshal([]byte(readFile(t, file)), &lock); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for path, p := range lock.Packages {
			if _, name, ok := strings.Cut(path, "node_modules/"); ok {
				found[name] = p.Version
			}
		}
	case file == "go.tool.mod", file == "go.buf.mod":
		tools(t, file, found)
	case strings.HasPrefix(file, ".ci/"), file == "Makefile", filepath.Ext(file) == ".sh", strings.HasPrefix(file, ".github/"):
		for _, line := range installing.FindAllString(readFile(t, file), -1) {
			for _, m := range fetched.FindAllStringSubmatch(line, -1) {
				found[m[1]] = m[2]
			}
		}
	}
	return found, len(found) > 0
}

// tools adds the modules of the tools of a Go module file.
func tools(t *testing.T, file string, found map[string]string) {
	t.Helper()
	text := readFile(t, file)
	_, list, _ := strings.Cut(text, "\ntool (\n")
	list, _, _ = strings.Cut(list, "\n)")
	for _, m := range toolOf.FindAllStringSubmatch(list+"\n", -1) {
		module := m[1]
		for module != "." && !strings.Contains(text, "\t"+module+" v") {
			module = filepath.Dir(module)
		}
		_, version, ok := strings.Cut(text, "\t"+module+" ")
		if !ok {
			t.Fatalf("%s: no module is required that has %s", file, m[1])
		}
		found[module] = strings.Fields(version)[0]
	}
}
