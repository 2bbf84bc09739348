package campaign

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Case is an entry of a file of cases: what a component of a plugin is tested
// with.
type Case struct {
	Kind core.Kind
	// Use is the component's name within its plugin.
	Use  Name
	With Config
	// Input is what it works on; nil leaves that to the tester.
	Input *core.Value
}

// Cases are those of a file.
type Cases struct {
	All []Case
	// Source is the file's text.
	Source []byte
}

// ReadCases reads a file of cases as strictly as a campaign, and the files that
// it refers to, from its own folder. display is the name that problems show.
// The error is [Problems] where the file is wrong.
func ReadCases(fsys fs.FS, name, display string) (Cases, error) {
	data, err := readFile(fsys, name, maxFile)
	if err != nil {
		return Cases{}, fmt.Errorf("reading the cases %s: %w", display, err)
	}
	c := Cases{Source: data}
	r := newReader(fsys, name, "")
	if r.checkText(data) {
		r.lines = strings.Split(string(data), "\n")
		if root := r.parse(data); root != nil {
			c.All = r.cases(root)
		}
	}
	if len(r.problems) > 0 {
		return c, r.sorted(display)
	}
	return c, nil
}

func (r *reader) cases(root *yaml.Node) []Case {
	var all []Case
	of := func(kind core.Kind) func(value) {
		return func(v value) {
			r.definitions(v, string(kind), checkUse, func(name Name, v value) { all = append(all, r.testCase(kind, name, v)) })
		}
	}
	r.object(value{root, "the file of cases"}, []field{
		{"version", true, r.version},
		{"targets", false, of(core.KindTarget)},
		{"converters", false, of(core.KindConverter)},
		{"scorers", false, of(core.KindScorer)},
	})
	return all
}

func (r *reader) testCase(kind core.Kind, name Name, v value) Case {
	c := Case{Kind: kind, Use: name, With: Config{JSON: []byte("{}"), at: v.place()}}
	r.object(v, []field{
		{"with", false, func(v value) { c.With = r.config(v) }},
		{"input", false, func(v value) { c.Input = r.input(v) }},
	})
	return c
}

// input reads a text, or {audio: file.wav} or {image: file.png}.
func (r *reader) input(v value) *core.Value {
	if v.Kind != yaml.MappingNode {
		text, ok := r.text(v)
		if !ok {
			return nil
		}
		input := core.TextValue(text)
		return &input
	}
	var input *core.Value
	r.object(v, []field{
		{"audio", false, func(v value) { _, input = r.audio(v) }},
		{"image", false, func(v value) { _, input = r.image(v) }},
	})
	if len(v.Content) != 2 {
		r.problem(v.place(), "write a text, {audio: file.wav} or {image: file.png}", "%s has %d keys; it takes one", v.label, len(v.Content)/2)
	}
	return input
}

var use = regexp.MustCompile(`^[a-z0-9_-]+(/[a-z0-9_-]+)*$`)

// checkUse holds the names of components within a plugin.
func checkUse(name string) error {
	if !use.MatchString(name) {
		return fmt.Errorf("%s is not a component's name within its plugin: lower-case letters, digits, -, _ and /", shorten(name))
	}
	return nil
}
