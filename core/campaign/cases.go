package campaign

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Case is an entry of a cases file: an input for a test of a plugin's
// component.
type Case struct {
	Kind core.Kind
	// Use is the component's name within its plugin.
	Use  Reference
	With Config
	// Input is the component's input; nil uses a default.
	Input *core.Value
}

// Cases are the entries of a file.
type Cases struct {
	All []Case
	// Source is the file's text.
	Source []byte
}

// ReadCases reads a cases file, with the same strictness as a campaign, and the
// files that it refers to, from its own folder. display is the name that
// problems show. The error is [yamlfile.Problems] where the file is invalid.
func ReadCases(fsys fs.FS, name, display string) (Cases, error) {
	data, err := yamlfile.ReadFile(fsys, name, yamlfile.MaxFile)
	if err != nil {
		return Cases{}, fmt.Errorf("reading the cases %s: %w", display, err)
	}
	c := Cases{Source: data}
	f, root, ok := yamlfile.Parse(data, "the file of cases", yamlfile.MaxFile)
	if ok {
		c.All = readTestCases(root, &folder{fsys: fsys, dir: path.Dir(name), files: files{}})
	}
	if f.Count() > 0 {
		return c, f.Problems(display)
	}
	return c, nil
}

func readTestCases(root value, in *folder) []Case {
	var all []Case
	of := func(kind core.Kind) func(value) {
		return func(v value) {
			v.Definitions(string(kind), checkUse, func(name string, at yamlfile.Position, v value) {
				all = append(all, readTestCase(kind, Reference{name, at}, v, in))
			})
		}
	}
	root.Object(
		yamlfile.Required("version", yamlfile.VersionOne),
		yamlfile.Optional("targets", of(core.KindTarget)),
		yamlfile.Optional("converters", of(core.KindConverter)),
		yamlfile.Optional("scorers", of(core.KindScorer)),
	)
	return all
}

func readTestCase(kind core.Kind, name Reference, v value, in *folder) Case {
	c := Case{Kind: kind, Use: name, With: Config{JSON: []byte("{}"), at: v.At()}}
	v.Object(
		yamlfile.Optional("with", func(v value) { c.With = readConfig(v) }),
		yamlfile.Optional("input", func(v value) { c.Input = readInput(v, in) }),
	)
	return c
}

// readInput reads a text, or {audio: file.wav} or {image: file.png}.
func readInput(v value, in *folder) *core.Value {
	if !v.IsMapping() {
		text, ok := v.Text()
		if !ok {
			return nil
		}
		input := core.TextValue(text)
		return &input
	}
	var input *core.Value
	v.Object(
		yamlfile.Optional("audio", func(v value) { _, input = in.audio(v) }),
		yamlfile.Optional("image", func(v value) { _, input = in.image(v) }),
	)
	if v.Len() != 1 {
		v.Problem("write a text, {audio: file.wav} or {image: file.png}", "%s has %d keys; it takes one", v.Label(), v.Len())
	}
	return input
}

var use = regexp.MustCompile(`^[a-z0-9_-]+(/[a-z0-9_-]+)*$`)

// checkUse checks the name of a component within a plugin.
func checkUse(name string) error {
	if !use.MatchString(name) {
		return fmt.Errorf("%s is not a component's name within its plugin: lower-case letters, digits, -, _ and /", yamlfile.Quote(name))
	}
	return nil
}
