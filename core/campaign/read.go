package campaign

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Read reads a campaign file from fsys, and the prompts, audio files and
// datasets that it refers to, which have to be in the campaign's folder or
// below it. display is the name that problems show.
//
// The error is [yamlfile.Problems] where the file, or one it refers to, is
// invalid: all problems at once, in the order of the file, or the first hundred
// of them. The campaign then holds the valid parts, for further checks; it must
// not be run. Any other error means that the campaign file could not be read;
// the campaign is nil then.
func Read(fsys fs.FS, name, display string) (*Campaign, error) {
	return ReadGiven(fsys, name, display, Given{})
}

// ReadGiven reads a campaign file as [Read] does, with values for its parameters.
func ReadGiven(fsys fs.FS, name, display string, given Given) (*Campaign, error) {
	data, err := yamlfile.ReadFile(fsys, name, yamlfile.MaxFile)
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err // display names the file, as its reader does
		}
		return nil, fmt.Errorf("reading the campaign %s: %w", display, err)
	}
	c := &Campaign{File: display, Source: data}
	in := &folder{fsys: fsys, dir: path.Dir(name), files: files{}, wasHeld: given.WasHeld}
	f, root, ok := yamlfile.Parse(data, "the campaign", yamlfile.MaxFile)
	if ok {
		c.Doubts = c.doubts(f, root)
		in.params = newParameters(f, root, given)
		in.params.substitute(root)
		readCampaign(root, c, in)
		link(f, c, in.params)
		c.Doubts = append(c.Doubts, c.restsOnRefusals()...).Sorted()
		in.params.checkUsed()
		c.Incomplete = slices.ContainsFunc(in.params.all, func(p Parameter) bool { return !p.hasValue })
		c.Parameters, c.filledLines = in.params.all, in.params.lines
	}
	c.Files = in.files.sorted()
	if f.Count() > 0 {
		return c, c.Explain(f.Problems(display))
	}
	return c, nil
}

// value is a value of a campaign's file.
type value = yamlfile.Value

// Reference is the name of something that the campaign defines, where it is used.
type Reference struct {
	Name string
	At   yamlfile.Position
}

// readReference reads the name of something that the campaign defines.
func readReference(v value) (Reference, bool) {
	s, ok := v.Text()
	return Reference{Name: s, At: v.At()}, ok
}

// referencesInto reads a list of references, which may be empty.
func referencesInto(into *[]Reference) func(value) {
	return func(v value) {
		*into = []Reference{} // an empty list differs from a missing one
		v.List(func(entry value) {
			if n, ok := readReference(entry); ok {
				*into = append(*into, n)
			}
		})
	}
}
