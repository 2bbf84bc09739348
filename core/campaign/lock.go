package campaign

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/Masterminds/semver/v3"
	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// LockName is the file beside a campaign that says which plugins exactly it
// runs with.
const LockName = "plugins.lock.yaml"

// Lock is the plugins that the campaigns of a folder run with, as somebody found
// them good.
type Lock struct {
	// File is the name the lock was read by; positions refer to it.
	File string
	// Source is the file as it was read.
	Source []byte
	// Plugins are in alphabetical order.
	Plugins []Locked
}

// Locked is one plugin of a lock.
type Locked struct {
	Name string
	// Source is where it came from: the URL of a release, or a path.
	Source  string
	Version string
	// Protocol is the contract that it speaks, such as "redteam.plugin.v1".
	Protocol string
	// Permissions are those that the plugin declares.
	Permissions core.Permissions
	// SHA256 are the checksums of the program, in hexadecimal, by platform,
	// such as "linux/amd64".
	SHA256 map[string]string
	// SignedBy is the minisign public key that the checksums were verified
	// with; "" for none.
	SignedBy string
	At       Position
}

// Find returns what is locked of a plugin. There is nothing in a nil lock.
func (l *Lock) Find(name string) (Locked, bool) {
	if l == nil {
		return Locked{}, false
	}
	for _, p := range l.Plugins {
		if p.Name == name {
			return p, true
		}
	}
	return Locked{}, false
}

// Put adds a plugin to the lock, or replaces the one of its name.
func (l *Lock) Put(p Locked) {
	l.Plugins = slices.DeleteFunc(l.Plugins, func(q Locked) bool { return q.Name == p.Name })
	l.Plugins = append(l.Plugins, p)
	slices.SortFunc(l.Plugins, func(a, b Locked) int { return cmp.Compare(a.Name, b.Name) })
}

// ReadLock reads a lock from fsys. display is the name that problems show.
//
// The error is [Problems] where the lock is wrong; there is a lock then, but
// only to show the lines that the problems are about. Another error means that
// the file could not be read: fs.ErrNotExist where there is none.
func ReadLock(fsys fs.FS, name, display string) (*Lock, error) {
	data, err := readFile(fsys, name, maxFile)
	if err != nil {
		return nil, fmt.Errorf("reading the lock %s: %w", display, err)
	}
	r := newReader(fsys, name, "the lock")
	l := &Lock{File: display, Source: data}
	if root := r.root(data); root != nil {
		r.object(value{root, r.what}, []field{
			{"version", true, r.version},
			{"plugins", true, func(v value) { r.locked(v, l) }},
		})
	}
	if len(r.problems) > 0 {
		return l, r.sorted(display)
	}
	return l, nil
}

func (r *reader) locked(v value, l *Lock) {
	r.definitions(v, "plugin", checkPluginName, func(name Name, v value) {
		p := Locked{Name: name.Name, At: name.At}
		r.object(v, []field{
			{"source", true, func(v value) { p.Source = r.source(v) }},
			{"version", true, func(v value) { p.Version = r.semantic(v) }},
			{"protocol", true, r.textInto(&p.Protocol)},
			{"permissions", false, func(v value) { p.Permissions = r.permissions(v) }},
			{"sha256", true, func(v value) { p.SHA256 = r.sums(v) }},
			{"signed_by", false, r.textInto(&p.SignedBy)},
		})
		l.Put(p)
	})
}

// semantic reads one version.
func (r *reader) semantic(v value) string {
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	if _, err := semver.StrictNewVersion(s); err != nil {
		r.problem(v.place(), "such as 0.3.1", "%s: %s is not a semantic version", v.label, shorten(s))
	}
	return s
}

func (r *reader) permissions(v value) core.Permissions {
	var p core.Permissions
	texts := func(into *[]string) func(value) {
		return func(v value) {
			r.list(v, func(entry value) {
				if s, ok := r.text(entry); ok {
					*into = append(*into, s)
				}
			})
		}
	}
	r.object(v, []field{
		{"network", false, func(v value) { p.Network = r.boolean(v) }},
		{"read", false, texts(&p.Read)},
		{"write", false, texts(&p.Write)},
		{"programs", false, texts(&p.Programs)},
	})
	if err := p.Check(); err != nil {
		r.problem(v.place(), "", "%s: %v", v.label, err)
	}
	return p
}

var (
	platform = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+$`)
	sha256   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// sums reads checksums by platform.
func (r *reader) sums(v value) map[string]string {
	all := map[string]string{}
	check := func(name string) error {
		if !platform.MatchString(name) {
			return fmt.Errorf("%s is not a platform: it is the system and the architecture, such as linux/amd64", shorten(name))
		}
		return nil
	}
	r.definitions(v, "platform", check, func(name Name, v value) {
		s, ok := r.text(v)
		if ok && !sha256.MatchString(s) {
			r.problem(v.place(), "64 hexadecimal digits, in lower case", "%s: %s is not a SHA-256", v.label, shorten(s))
		}
		all[name.Name] = s
	})
	if len(all) == 0 {
		r.problem(v.place(), "a plugin without a checksum cannot be verified", "%s: there are no checksums", v.label)
	}
	return all
}

const lockHead = `# Which plugins there are, and what their programs must be. This file is
# written by "orchestrator plugins". Beside a campaign it belongs into version
# control: what changes here is what others will run.
`

// Encode returns the lock as a file. The same lock always gives the same bytes.
func (l *Lock) Encode() ([]byte, error) {
	type locked struct {
		Source      string            `yaml:"source"`
		Version     string            `yaml:"version"`
		Protocol    string            `yaml:"protocol"`
		Permissions map[string]any    `yaml:"permissions,omitempty"`
		SHA256      map[string]string `yaml:"sha256"`
		SignedBy    string            `yaml:"signed_by,omitempty"`
	}
	file := struct {
		Version int               `yaml:"version"`
		Plugins map[string]locked `yaml:"plugins"`
	}{1, map[string]locked{}}
	for _, p := range l.Plugins {
		file.Plugins[p.Name] = locked{
			filepath.ToSlash(p.Source), p.Version, p.Protocol, permissionsYAML(p.Permissions), maps.Clone(p.SHA256), p.SignedBy,
		}
	}
	var out bytes.Buffer
	out.WriteString(lockHead)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(file); err != nil {
		return nil, fmt.Errorf("encoding the lock: %w", err)
	}
	return out.Bytes(), nil
}

// permissionsYAML returns what is permitted, without what is not.
func permissionsYAML(p core.Permissions) map[string]any {
	all := map[string]any{}
	if p.Network {
		all["network"] = true
	}
	for key, names := range map[string][]string{"read": p.Read, "write": p.Write, "programs": p.Programs} {
		if len(names) > 0 {
			all[key] = names
		}
	}
	return all
}
