package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

const (
	// FilePrefix is what the file names of plugins begin with; the rest is the
	// plugin's name.
	FilePrefix = "orchestrator-plugin-"
	// bundledName is the name of the bundled plugin in messages and logs. It is
	// the name that the plugin declares.
	bundledName = "orchestrator"
)

// Program is the file of a plugin other than the bundled one.
type Program struct {
	// Name is what campaigns write before the slash, except for a companion's
	// components.
	Name string
	// Companion says that the program comes with the orchestrator. Campaigns use
	// its components without its name, and no third party's can hide them.
	Companion bool
	// Version is that of the folder in which the program is installed; "" for a
	// program that is directly in a plugin folder.
	Version string
	// Path is absolute.
	Path string
	// SHA256 is the checksum that the program must have, in hexadecimal; ""
	// allows any.
	SHA256 string
	// Permissions are those in the lock, or those that a companion is built
	// with: the program gets no others. With nil, it is asked for them.
	Permissions *core.Permissions
	// Limits are those of this plugin; for 0 the host's apply.
	Limits Limits
}

// origin is who made a plugin.
type origin int

const (
	// bundled: the plugin is the orchestrator's own program.
	bundled origin = iota
	// companion: its program comes with the orchestrator.
	companion
	// third: its program comes from a third party.
	third
)

func (p Program) origin() origin {
	if p.Companion {
		return companion
	}
	return third
}

// program is how a plugin is started. hash is the SHA-256 that it must have,
// or ""; locked are the permissions that it must ask for, or nil. attach
// is where it runs already; it has no argv then.
type program struct {
	name   string
	argv   []string
	origin origin
	hash   string
	locked *core.Permissions
	attach *wire.Attachment
	limits Limits
}

// Discover looks for plugins in the given folders only: a cloned campaign must
// not be able to bring a program along. A folder may contain programs named
// orchestrator-plugin-NAME, and installed versions in
// NAME/VERSION/orchestrator-plugin-NAME.
//
// They are returned in the order of the folders, those that are not installed
// first. Of two with the same name and version, the first is used.
func Discover(dirs []string, log hclog.Logger) []Program {
	var programs []Program
	for _, dir := range dirs {
		for _, p := range slices.Concat(pluginFiles(dir, log), installedFiles(dir, log)) {
			if !IsName(p.Name) {
				log.Warn("not a plugin's name: it consists of lower-case letters, digits and \"-\"", "path", p.Path)
				continue
			}
			i := slices.IndexFunc(programs, func(q Program) bool { return q.Name == p.Name && q.Version == p.Version })
			if i >= 0 {
				log.Warn("two plugins have the same name; the first is used", "plugin", p.Name, "used", programs[i].Path, "ignored", p.Path)
				continue
			}
			programs = append(programs, p)
		}
	}
	return programs
}

// IsName reports whether a text is a valid name of a plugin.
func IsName(name string) bool {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`).MatchString(name)
}

// pluginFiles lists the programs directly in a folder, in alphabetical order.
func pluginFiles(dir string, log hclog.Logger) []Program {
	var programs []Program
	for _, e := range entries(dir, log) {
		if name, ok := strings.CutPrefix(e.Name(), FilePrefix); ok && !e.IsDir() {
			programs = append(programs, Program{Name: name, Path: absolute(dir, e.Name())})
		}
	}
	return programs
}

// installedFiles lists the plugins that are installed in a folder, in
// alphabetical order.
func installedFiles(dir string, log hclog.Logger) []Program {
	var programs []Program
	for _, name := range entries(dir, log) {
		if !name.IsDir() || !IsName(name.Name()) {
			continue
		}
		for _, version := range entries(filepath.Join(dir, name.Name()), log) {
			path := absolute(dir, name.Name(), version.Name(), FilePrefix+name.Name())
			if info, err := os.Stat(path); version.IsDir() && err == nil && info.Mode().IsRegular() {
				programs = append(programs, Program{Name: name.Name(), Version: version.Name(), Path: path})
			}
		}
	}
	return programs
}

// entries lists a folder in alphabetical order. A folder that does not exist is
// empty.
func entries(dir string, log hclog.Logger) []fs.DirEntry {
	if dir == "" {
		return nil // an empty path would mean the working directory
	}
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("plugin folder cannot be read", "folder", dir, "error", err)
	}
	return found
}

// absolute joins a path and makes it absolute. If the working directory does
// not exist, the path stays relative, and no file is found.
func absolute(parts ...string) string {
	path := filepath.Join(parts...)
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
