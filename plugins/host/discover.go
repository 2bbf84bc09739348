package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

const (
	filePrefix = "orchestrator-plugin-"
	// bundledName stands for the bundled plugin in messages and logs. It is
	// the name that the plugin gives itself.
	bundledName = "orchestrator"
)

// program is how a plugin is started. hash is the SHA-256 that it must have,
// or "". attach is where it runs already; it has no argv then.
type program struct {
	name   string
	argv   []string
	third  bool
	hash   string
	attach *wire.Attachment
}

// discover looks for plugins in folders, and nowhere else: a campaign that
// somebody cloned must not be able to bring a program along.
func discover(dirs []string, log hclog.Logger) []program {
	var programs []program
	seen := map[string]string{}
	for _, dir := range dirs {
		for _, path := range pluginFiles(dir, log) {
			name := strings.TrimPrefix(filepath.Base(path), filePrefix)
			if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`).MatchString(name) {
				log.Warn("not a plugin's name: it consists of lower-case letters, digits and \"-\"", "path", path)
				continue
			}
			if first, taken := seen[name]; taken {
				log.Warn("two plugins have the same name; the first is used", "plugin", name, "used", first, "ignored", path)
				continue
			}
			seen[name] = path
			programs = append(programs, program{name: name, argv: []string{path}, third: true})
		}
	}
	return programs
}

// pluginFiles lists a folder's plugins in alphabetical order, by absolute
// path. A folder that does not exist has none.
func pluginFiles(dir string, log hclog.Logger) []string {
	if dir == "" {
		return nil // or else it would mean the working directory
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		log.Warn("plugin folder cannot be used", "folder", dir, "error", err)
		return nil
	}
	entries, err := os.ReadDir(absolute)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			log.Warn("plugin folder cannot be read", "folder", absolute, "error", err)
		}
		return nil
	}
	var paths []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filePrefix) && !e.IsDir() {
			paths = append(paths, filepath.Join(absolute, e.Name()))
		}
	}
	return paths
}
