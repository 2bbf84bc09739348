package requirement

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Requirement is an entry of plugins:, a third party's plugin that the campaign
// uses.
type Requirement struct {
	// Name is what stands before the slash in the names of its components.
	Name string
	// Version is the range of versions that are allowed, as it is written, such as
	// ">=0.3, <1".
	Version   string
	VersionAt yamlfile.Position
	// Source is where the plugin can be installed from: the URL or the path of
	// a release. It may be empty.
	Source string
	Limits Limits
	At     yamlfile.Position
}

// Limits bound what a plugin may use; 0 leaves a limit to the host.
type Limits struct {
	// Memory is how many bytes may be resident in its processes.
	Memory int64
	// Calls is how many calls may be in progress at a time.
	Calls int64
	// InFlight is how many bytes requests and replies may have that are on
	// their way.
	InFlight int64
}

// Allows reports whether a version is within the range. A text that is no semantic
// version never is.
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
// has to be https, or http to this machine itself. The error holds no password.
func CheckSource(source string) error {
	if !IsURL(source) {
		return nil
	}
	u, err := url.Parse(source)
	switch {
	case err != nil:
		return errors.New("the text after :// cannot be read as an address") // it may hold a password
	case secret.InAddress(source):
		return errors.New("the address holds credentials, which end up in logs: download the release, and name the file")
	case u.Host == "", u.Scheme != "https" && (u.Scheme != "http" || !scope.Loopback(scope.Name(u.Hostname()))):
		return fmt.Errorf("%s is not an https address; http is for this machine itself only", yamlfile.Quote(source))
	}
	return nil
}

var pluginName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// CheckName returns why a name is not that of a third party's plugin.
func CheckName(name string) error {
	if !pluginName.MatchString(name) {
		return fmt.Errorf("%s is not the name of a plugin: use lower-case letters, digits and -", yamlfile.Quote(name))
	}
	if IsReserved(name) {
		return fmt.Errorf("%s comes with the orchestrator and is no third party's plugin: its components need no entry and no prefix", yamlfile.Quote(name))
	}
	return yamlfile.CheckLength(name)
}

// IsReserved reports whether a name is that of a plugin that comes with the
// orchestrator: no third party's can have it.
func IsReserved(name string) bool {
	switch name {
	case "orchestrator", "providers", "reach":
		return true
	}
	return false
}

// Locate returns a source as it is seen from the folder that a file is in.
func Locate(folder, source string) string {
	if IsURL(source) || filepath.IsAbs(source) {
		return source
	}
	return filepath.Join(folder, source)
}
