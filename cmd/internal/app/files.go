package cli

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// allowFile returns why a campaign must not make a component read a file by
// itself. It may where the file is below a folder given with --secret-dir when
// symbolic links are followed, as the component will follow them.
func (f *secretFlags) allowFile(name string) error {
	if !filepath.IsAbs(name) {
		return core.Errorf(core.ErrorConfig, "%s is not an absolute path", name).
			WithHint("a component has no folder of its own: name the file by its absolute path, and allow its folder with --secret-dir")
	}
	followed, err := resolve(name)
	if err != nil {
		return core.Errorf(core.ErrorConfig, "the file %s cannot be found out about: %w", name, err)
	}
	for _, dir := range f.dirs {
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		folder, err := resolve(absolute)
		if err != nil {
			return err
		}
		if below(folder, followed) {
			return nil
		}
	}
	return core.Errorf(core.ErrorConfig, "the file %s is not below a folder that was allowed", name).
		WithHint("--secret-dir %s allows it, if you trust the campaign with it", filepath.Dir(followed))
}

// resolve follows the symbolic links in an absolute path. What is not there yet
// has none.
func resolve(path string) (string, error) {
	followed, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
		return followed, err
	}
	parent, err := resolve(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Join(parent, filepath.Base(path)), nil
}

// below reports whether a path is within a folder, both of them absolute.
func below(folder, path string) bool {
	within, err := filepath.Rel(folder, path)
	return err == nil && within != "." && filepath.IsLocal(within)
}
