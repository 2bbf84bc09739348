package install

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// Receipt returns the entry that was written when a program was installed. It
// is kept beside the program, as a lock of one plugin; ok is false for a
// program that was not installed.
func Receipt(p host.Program) (receipt Entry, ok bool, err error) {
	if p.Version == "" {
		return Entry{}, false, nil
	}
	folder := filepath.Dir(p.Path)
	lock, err := ReadLockFile(os.DirFS(folder), LockName, filepath.Join(folder, LockName))
	if err != nil {
		return Entry{}, false, core.Errorf(core.ErrorConfig, "the installed plugin %q %s: %w", p.Name, p.Version, err).
			WithHint("orchestrator plugins remove %s@%s, and install it again", p.Name, p.Version)
	}
	receipt, ok = lock.Find(p.Name)
	if !ok || receipt.Version != p.Version {
		return Entry{}, false, core.Errorf(core.ErrorConfig, "%s is not that of plugin %q %s", lock.File, p.Name, p.Version).
			WithHint("orchestrator plugins remove %s@%s, and install it again", p.Name, p.Version)
	}
	return receipt, true, nil
}

// Newest returns one program of each name: the first one if that is directly in
// a plugin folder, otherwise the highest installed version.
func Newest(found []host.Program) []host.Program {
	var newest []host.Program
	seen := map[string]bool{}
	for _, p := range found {
		if !seen[p.Name] {
			seen[p.Name] = true
			best, _ := preferred(found, p.Name, func(string) bool { return true })
			newest = append(newest, best)
		}
	}
	return newest
}

// preferred returns the program of a name that is used without a lock: the
// first one if that is directly in a plugin folder, otherwise the highest
// version that is allowed.
func preferred(found []host.Program, name string, allowed func(version string) bool) (host.Program, bool) {
	var best *semver.Version
	var program host.Program
	for _, p := range named(found, name) {
		if p.Version == "" {
			if best == nil {
				return p, true
			}
			continue
		}
		v, err := semver.StrictNewVersion(p.Version)
		if err == nil && allowed(p.Version) && (best == nil || v.GreaterThan(best)) {
			best, program = v, p
		}
	}
	return program, best != nil
}

// named returns the programs of a name.
func named(found []host.Program, name string) []host.Program {
	return slices.DeleteFunc(slices.Clone(found), func(p host.Program) bool { return p.Name != name })
}

// platforms lists the platforms with checksums.
func platforms(l Entry) []string { return slices.Sorted(maps.Keys(l.SHA256)) }

// Remove removes an installed version of a plugin, and with the version "" all
// of them. It returns the removed versions. The error is of kind config where
// there is none.
func Remove(dir, name, version string) ([]string, error) {
	versions, err := versionsOf(dir, name)
	if err != nil {
		return nil, err
	}
	if version != "" {
		if !slices.Contains(versions, version) {
			return nil, core.Errorf(core.ErrorConfig, "plugin %q %s is not installed in %s", name, version, dir).
				WithHint("%s", orNone("the installed versions are ", versions))
		}
		versions = []string{version}
	}
	for _, v := range versions {
		// The folder is renamed first, so that it is never incomplete under its
		// name.
		trash, err := os.MkdirTemp(dir, ".remove-")
		if err != nil {
			return nil, core.Errorf(core.ErrorInternal, "removing plugin %q %s: %w", name, v, err)
		}
		err = os.Rename(filepath.Join(dir, name, v), filepath.Join(trash, v))
		if err := errors.Join(err, os.RemoveAll(trash)); err != nil {
			return nil, core.Errorf(core.ErrorInternal, "removing plugin %q %s: %w", name, v, err)
		}
	}
	_ = os.Remove(filepath.Join(dir, name)) // fails, as intended, while another version exists
	return versions, nil
}

// versionsOf lists the installed versions of a plugin.
func versionsOf(dir, name string) ([]string, error) {
	if !host.IsName(name) {
		return nil, core.Errorf(core.ErrorConfig, "%q is not the name of a plugin", name)
	}
	entries, err := os.ReadDir(filepath.Join(dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, core.Errorf(core.ErrorConfig, "looking for plugin %q: %w", name, err)
	}
	var versions []string
	for _, e := range entries {
		if e.IsDir() {
			versions = append(versions, e.Name())
		}
	}
	if len(versions) == 0 {
		return nil, core.Errorf(core.ErrorConfig, "plugin %q is not installed in %s", name, dir).
			WithHint("orchestrator plugins list --plugins shows what is installed")
	}
	return versions, nil
}
