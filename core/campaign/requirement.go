package campaign

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
	"gopkg.in/yaml.v3"
)

// Requirement is an entry of plugins:, a third party's plugin that the campaign
// uses.
type Requirement struct {
	// Name is what stands before the slash in the names of its components.
	Name string
	// Version is the range of versions that will do, as it is written, such as
	// ">=0.3, <1".
	Version   string
	VersionAt Position
	// Source is where the plugin can be installed from: the URL or the path of
	// a release. It may be empty.
	Source   string
	SourceAt Position
	Limits   PluginLimits
	At       Position
}

// PluginLimits bound what a plugin may use; 0 leaves a limit to the host.
type PluginLimits struct {
	// Memory is how many bytes may be resident in its processes.
	Memory int64
	// Calls is how many calls may be in progress at a time.
	Calls int64
	// InFlight is how many bytes requests and replies may have that are on
	// their way.
	InFlight int64
}

// Allows reports whether a version will do. What is no semantic version never
// does.
func (q Requirement) Allows(version string) bool {
	v, err := semver.StrictNewVersion(version)
	if err != nil {
		return false
	}
	within, err := semver.NewConstraint(q.Version)
	return err == nil && within.Check(v)
}

// IsURL reports whether a source is the address of a release, and not a path.
func IsURL(source string) bool { return strings.Contains(source, "://") }

// CheckSource returns why a release is not installed from a place: an address
// has to be https, or http to this machine itself.
func CheckSource(source string) error {
	if !IsURL(source) {
		return nil
	}
	u, err := url.Parse(source)
	switch {
	case err != nil:
		return fmt.Errorf("%s is not an address", shorten(source))
	case u.User != nil:
		return fmt.Errorf("%s holds credentials", shorten(u.Redacted()))
	case u.Host == "", u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return fmt.Errorf("%s is not an https address; http is for this machine itself only", shorten(source))
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var pluginName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// checkPluginName holds the names of plugins.
func checkPluginName(name string) error {
	if !pluginName.MatchString(name) {
		return fmt.Errorf("%s is not the name of a plugin: use lower-case letters, digits and -", shorten(name))
	}
	return checkLength(name)
}

func (r *reader) requirements(v value) []Requirement {
	var all []Requirement
	r.definitions(v, "plugin", checkPluginName, func(name Name, v value) {
		q := Requirement{Name: name.Name, At: name.At}
		version := func(v value) { q.Version, q.VersionAt = r.versions(v), v.place() }
		if v.Kind == yaml.ScalarNode {
			version(v)
		} else {
			r.object(v, []field{
				{"version", true, version},
				{"source", false, func(v value) { q.Source, q.SourceAt = r.source(v), v.place() }},
				{"limits", false, func(v value) { q.Limits = r.pluginLimits(v) }},
			})
		}
		all = append(all, q)
	})
	return all
}

func (r *reader) pluginLimits(v value) PluginLimits {
	const (
		leastMemory   = 32 << 20
		leastInFlight = 1 << 20
		mostBytes     = 1 << 40
		mostCalls     = 100_000
	)
	var l PluginLimits
	r.object(v, []field{
		{"memory", false, func(v value) { l.Memory = r.size(v, leastMemory, mostBytes) }},
		{"calls", false, func(v value) {
			if n, ok := r.integer(v, 1, mostCalls); ok {
				l.Calls = int64(n)
			}
		}},
		{"in_flight", false, func(v value) { l.InFlight = r.size(v, leastInFlight, mostBytes) }},
	})
	return l
}

// versions reads a range of versions.
func (r *reader) versions(v value) string {
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	if _, err := semver.NewConstraint(s); err != nil {
		r.problem(v.place(), `such as ">=0.3, <1", "~1.2" or "1.4.0"`, "%s: %s is not a range of versions", v.label, shorten(s))
		return ""
	}
	return s
}

// source reads where a plugin comes from. A path is relative to the folder of
// the file.
func (r *reader) source(v value) string {
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	if err := CheckSource(s); err != nil { // perhaps because there is a password in it
		r.secretProblem(v.place(), "", "%s: %v", v.label, err)
	}
	return s
}

// Locate returns a source as it is seen from the folder that a file is in.
func Locate(folder, source string) string {
	if IsURL(source) || filepath.IsAbs(source) {
		return source
	}
	return filepath.Join(folder, source)
}
