package install

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
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// LockName is the name of the lock file beside a campaign.
const LockName = "plugins.lock.yaml"

// Lock is the content of a lock file: the approved versions, permissions and
// checksums of the plugins that the campaigns of a folder run with.
type Lock struct {
	// File is the name under which the file was read; positions refer to it.
	File string
	// Source is the text of the file.
	Source []byte
	// Plugins are in alphabetical order.
	Plugins []Entry
}

// Entry is one plugin of a lock.
type Entry struct {
	Name string
	// Source is where it was installed from: the URL of a release, or a path.
	Source  string
	Version string
	// Protocol is the contract version that it implements, such as
	// "redteam.plugin.v1".
	Protocol string
	// Permissions are those that the plugin declares.
	Permissions core.Permissions
	// SHA256 are the checksums of the program, in hexadecimal, by platform,
	// such as "linux/amd64".
	SHA256 map[string]string
	// SignedBy is the minisign public key that the checksums were verified
	// with; "" for none.
	SignedBy string
}

// Find returns the entry of a plugin. A nil lock has none.
func (l *Lock) Find(name string) (Entry, bool) {
	if l == nil {
		return Entry{}, false
	}
	for _, p := range l.Plugins {
		if p.Name == name {
			return p, true
		}
	}
	return Entry{}, false
}

// Put adds a plugin to the lock, or replaces the one with its name.
func (l *Lock) Put(p Entry) {
	l.Plugins = slices.DeleteFunc(l.Plugins, func(q Entry) bool { return q.Name == p.Name })
	l.Plugins = append(l.Plugins, p)
	slices.SortFunc(l.Plugins, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
}

// ReadLockFile reads a lock from fsys. display is the name that problems show.
//
// The error is [yamlfile.Problems] where the lock is invalid; the returned lock
// is then only for showing the lines of the problems. Any other error means
// that the file could not be read: fs.ErrNotExist where there is none.
func ReadLockFile(fsys fs.FS, name, display string) (*Lock, error) {
	data, err := yamlfile.ReadFile(fsys, name, yamlfile.MaxFile)
	if err != nil {
		return nil, fmt.Errorf("reading the lock %s: %w", display, err)
	}
	l := &Lock{File: display, Source: data}
	f, root, ok := yamlfile.Parse(data, "the lock", yamlfile.MaxFile)
	if ok {
		root.Object(
			yamlfile.Required("version", yamlfile.VersionOne),
			yamlfile.Required("plugins", l.readPlugins),
		)
	}
	if f.Count() > 0 {
		return l, f.Problems(display)
	}
	return l, nil
}

func (l *Lock) readPlugins(v yamlfile.Value) {
	v.Definitions("plugin", requirement.CheckName, func(name string, _ yamlfile.Position, v yamlfile.Value) {
		p := Entry{Name: name}
		v.Object(
			yamlfile.Required("source", func(v yamlfile.Value) { p.Source = requirement.ReadSource(v) }),
			yamlfile.Required("version", func(v yamlfile.Value) { p.Version = readVersion(v) }),
			yamlfile.Required("protocol", yamlfile.TextInto(&p.Protocol)),
			yamlfile.Optional("permissions", func(v yamlfile.Value) { p.Permissions = readPermissions(v) }),
			yamlfile.Required("sha256", func(v yamlfile.Value) { p.SHA256 = readSums(v) }),
			yamlfile.Optional("signed_by", yamlfile.TextInto(&p.SignedBy)),
		)
		l.Put(p)
	})
}

// readVersion reads one version.
func readVersion(v yamlfile.Value) string {
	s, ok := v.Text()
	if !ok {
		return ""
	}
	if _, err := semver.StrictNewVersion(s); err != nil {
		v.Problem("such as 0.3.1", "%s: %s is not a semantic version", v.Label(), yamlfile.Quote(s))
	}
	return s
}

func readPermissions(v yamlfile.Value) core.Permissions {
	var p core.Permissions
	v.Object(
		yamlfile.Optional("network", func(v yamlfile.Value) { p.Network = v.Boolean() }),
		yamlfile.Optional("read", yamlfile.Texts(&p.Read)),
		yamlfile.Optional("write", yamlfile.Texts(&p.Write)),
		yamlfile.Optional("programs", yamlfile.Texts(&p.Programs)),
	)
	if err := p.Check(); err != nil {
		v.Problem("", "%s: %v", v.Label(), err)
	}
	return p
}

var (
	platform  = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+$`)
	hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func checkPlatform(name string) error {
	if !platform.MatchString(name) {
		return fmt.Errorf("%s is not a platform, which is the system and the architecture, such as linux/amd64", yamlfile.Quote(name))
	}
	return nil
}

// readSums reads checksums by platform.
func readSums(v yamlfile.Value) map[string]string {
	all := map[string]string{}
	v.Definitions("platform", checkPlatform, func(name string, _ yamlfile.Position, v yamlfile.Value) {
		s, ok := v.Text()
		if ok && !hexSHA256.MatchString(s) {
			v.Problem("64 hexadecimal digits, in lower case", "%s: %s is not a SHA-256", v.Label(), yamlfile.Quote(s))
		}
		all[name] = s
	})
	if len(all) == 0 {
		v.Problem("a plugin without a checksum cannot be verified", "%s: there are no checksums", v.Label())
	}
	return all
}

const lockHead = `# Which plugins there are, and what their programs must be. This file is
# written by "orchestrator plugins". Beside a campaign it belongs into version
# control: what changes here is what others will run.
`

// Encode returns the text of the lock file. It is deterministic.
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

// permissionsYAML returns the granted permissions, without those that are not
// granted.
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
