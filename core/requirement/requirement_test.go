package requirement_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// read reads a block plugins:, and returns what is wrong with it.
func read(plugins string) (all []requirement.Requirement, problems string) {
	f, root, ok := yamlfile.Parse([]byte("plugins:\n"+plugins), "the file", yamlfile.MaxFile)
	if ok {
		root.Object(yamlfile.Required("plugins", func(v yamlfile.Value) { all = requirement.Read(v) }))
	}
	return all, f.Problems("f").Error()
}

func TestARequirementIsAVersionOrABlock(t *testing.T) {
	got, problems := read(`  acme: ">=0.3, <1"
  ivr:
    version: ~1.2
    source: releases/ivr
    limits: {memory: 64MiB, calls: 16, in_flight: 1MiB}
`)
	if problems != "" {
		t.Fatal(problems)
	}
	want := []requirement.Requirement{
		{Name: "acme", Version: ">=0.3, <1", VersionAt: yamlfile.Position{Line: 2, Column: 9}, At: yamlfile.Position{Line: 2, Column: 3}},
		{
			Name: "ivr", Version: "~1.2", VersionAt: yamlfile.Position{Line: 4, Column: 14}, At: yamlfile.Position{Line: 3, Column: 3},
			Source: "releases/ivr",
			Limits: requirement.Limits{Memory: 64 << 20, Calls: 16, InFlight: 1 << 20},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAMistakeInARequirementIsReportedOnce(t *testing.T) {
	for plugins, want := range map[string]string{
		"  acme: 1\n":                           `f:2:9: plugin "acme" must be a text, not the number 1 (write "1", in quotes)`,
		"  acme: newest\n":                      `f:2:9: plugin "acme": "newest" is not a range of versions (such as ">=0.3, <1", "~1.2" or "1.4.0")`,
		"  acme: {source: x}\n":                 `f:2:9: plugin "acme" needs the key "version"`,
		"  Acme: \"*\"\n":                       `f:2:3: "Acme" is not the name of a plugin: use lower-case letters, digits and -`,
		"  providers: \"*\"\n":                  `f:2:3: "providers" comes with the orchestrator and is no third party's plugin: its components need no entry and no prefix`,
		"  acme: {version: \"*\", source: 1}\n": `f:2:32: source must be a text, not the number 1 (write "1", in quotes)`,
		"  acme: {version: \"*\", source: \"http://h.example/x\"}\n": `f:2:32: source: "http://h.example/x" is not an https address; http is for this machine itself only`,
		"  acme: {version: \"*\", limits: {memory: 31MiB}}\n":        `f:2:41: memory must be a size from 32 MiB to 1.0 TiB, not "31MiB" (such as 512MiB or 2GiB)`,
		"  acme: {version: \"*\", limits: {memory: 1025GiB}}\n":      `f:2:41: memory must be a size from 32 MiB to 1.0 TiB, not "1025GiB" (such as 512MiB or 2GiB)`,
		"  acme: {version: \"*\", limits: {in_flight: 1023KiB}}\n":   `f:2:44: in_flight must be a size from 1.0 MiB to 1.0 TiB, not "1023KiB" (such as 512MiB or 2GiB)`,
		"  acme: {version: \"*\", limits: {calls: 0}}\n":             "f:2:40: calls must be a whole number from 1 to 100000, not the number 0",
		"  acme: {version: \"*\", limits: {calls: 100001}}\n":        "f:2:40: calls must be a whole number from 1 to 100000, not the number 100001",
		"  " + strings.Repeat("a", 65) + ": \"*\"\n":                 `f:2:3: the name "` + strings.Repeat("a", 60) + `…" has 65 characters; at most 64 are allowed`,
	} {
		if _, got := read(plugins); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", strings.TrimSpace(plugins), got, want)
		}
	}
}

func TestARangeOfVersionsAllows(t *testing.T) {
	for _, test := range []struct {
		within, version string
		want            bool
	}{
		{">=0.3, <1", "0.3.0", true},
		{">=0.3, <1", "1.0.0", false},
		{"~1.2", "1.2.9", true},
		{"~1.2", "1.3.0", false},
		{"*", "7.0.0", true},
		{"*", "(devel)", false},
		{"*", "", false},
		{"newest", "1.0.0", false},
		{">=0.3", "0.4.0-rc.1", false},
		{">=0.3-0", "0.4.0-rc.1", true},
	} {
		if got := (requirement.Requirement{Version: test.within}).Allows(test.version); got != test.want {
			t.Errorf("%q allows %q: %v", test.within, test.version, got)
		}
	}
}

func TestAReleaseIsInstalledFromAPathOrAnEncryptedAddress(t *testing.T) {
	for source, wrong := range map[string]string{
		"releases/acme": "", "/opt/acme": "", "https://h.example/x": "",
		"http://localhost:8080/x": "", "http://LOCALHOST./x": "", "http://127.0.0.1/x": "", "http://[::1]:80/x": "", "http://[::ffff:127.0.0.1]/x": "",
		"http://h.example/x":          "is not an https address",
		"http://localhost.evil/x":     "is not an https address",
		"ftp://127.0.0.1/x":           "is not an https address",
		"https:///x":                  "is not an https address",
		"https://me:s3cret@h.example": "holds credentials",
		"https://h.example/%zz":       "cannot be read as an address",

		"https://me:s3cret@h.example/%zz": "cannot be read as an address",
	} {
		err := requirement.CheckSource(source)
		if wrong == "" && err != nil || wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%s: %v, want %q", source, err, wrong)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error has the password: %v", err)
		}
	}
}

func TestAPathIsSeenFromTheFolderOfItsFile(t *testing.T) {
	for source, want := range map[string]string{
		"releases/acme": filepath.Join("campaigns", "releases", "acme"), "/opt/acme": "/opt/acme", "https://h.example/x": "https://h.example/x",
	} {
		if got := requirement.Locate("campaigns", source); got != want {
			t.Errorf("%s is at %s, want %s", source, got, want)
		}
	}
}
