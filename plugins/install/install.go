package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"aead.dev/minisign"
	"github.com/Masterminds/semver/v3"
	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// Options say what to install, and where.
type Options struct {
	// Dir is the folder in which plugins are installed side by side, as
	// NAME/VERSION.
	Dir string
	// Source is the path of a program, the folder of a release, or the path or
	// address of a release's checksums file.
	Source string
	// Key is the minisign key that must have signed the release; nil for none.
	// A release at an address needs one, or Unsigned.
	Key      *minisign.PublicKey
	Unsigned bool
	// Want returns why a plugin is not wanted; nil wants any. It is called
	// before the program is fetched if the version is known by then.
	Want func(name, version string) error
	// Describe starts a program and returns its description.
	Describe func(context.Context, host.Program) (host.Plugin, error)
	// Progress is called for a file that is fetched, with its size in bytes,
	// which is -1 if unknown, and returns a reader to use instead; it may be
	// nil.
	Progress func(file string, size int64) io.WriteCloser
	// Announce is called right before a plugin is installed, with its newest
	// installed version, nil for none; it may be nil.
	Announce func(l Entry, before *Entry)
}

// Installed is an installed plugin.
type Installed struct {
	Entry
	// Path is the path of the program.
	Path string
	// Already says that it was installed before, and nothing was changed.
	Already bool
	// ByLock says that it was verified against a lock, and no signature was
	// checked.
	ByLock bool
}

// Install verifies a plugin and installs it; on an error nothing is installed.
func Install(ctx context.Context, o Options) (Installed, error) {
	if requirement.IsURL(o.Source) && o.Key == nil && !o.Unsigned {
		return Installed{}, core.Errorf(core.ErrorConfig, "the publisher of %s cannot be known without a key", o.Source).
			WithHint("--key takes the publisher's minisign key, or its file; --unsigned does without")
	}
	from, err := findOrigin(ctx, o.Source, o.Key)
	if err != nil {
		return Installed{}, err
	}
	return o.install(ctx, from)
}

// Locked installs exactly the plugin in a lock, from the source in the lock.
// Source, Key and Unsigned of the options are ignored: the checksum is known.
func Locked(ctx context.Context, l Entry, o Options) (Installed, error) {
	from, err := lockedOrigin(l)
	if err != nil {
		return Installed{}, err
	}
	placed, err := o.install(ctx, from)
	placed.ByLock = true
	return placed, err
}

func (o Options) install(ctx context.Context, from origin) (Installed, error) {
	if from.known.Version != "" {
		if err := o.wanted(from.known); err != nil {
			return Installed{}, err
		}
		if done, err := o.installed(from.known); done.Already || err != nil {
			return done, err
		}
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return Installed{}, core.Errorf(core.ErrorInternal, "making the plugin folder: %w", err)
	}
	// A hidden folder beside the final one: on the same file system, and not
	// listed as an installed version.
	temp, err := os.MkdirTemp(o.Dir, ".install-")
	if err != nil {
		return Installed{}, core.Errorf(core.ErrorInternal, "making a folder for the plugin: %w", err)
	}
	placed, err := o.stage(ctx, from, temp)
	return placed, errors.Join(err, os.RemoveAll(temp))
}

func (o Options) wanted(l Entry) error {
	if o.Want == nil {
		return nil
	}
	return o.Want(l.Name, l.Version)
}

// stage fetches and checks a program in a temporary folder, and moves it to its
// place.
func (o Options) stage(ctx context.Context, from origin, temp string) (Installed, error) {
	unnamed := filepath.Join(temp, "program")
	sum, err := o.fetch(ctx, from, unnamed)
	if err != nil {
		return Installed{}, err
	}
	l, err := o.examine(ctx, from.known, unnamed, sum)
	if err != nil {
		return Installed{}, err
	}
	if err := o.wanted(l); err != nil {
		return Installed{}, err
	}
	if done, err := o.installed(l); done.Already || err != nil {
		return done, err
	}
	stage := filepath.Join(temp, l.Version)
	if err := os.Mkdir(stage, 0o700); err != nil {
		return Installed{}, core.Errorf(core.ErrorInternal, "placing the plugin: %w", err)
	}
	lock := &Lock{}
	lock.Put(l)
	err = errors.Join(
		os.Rename(unnamed, filepath.Join(stage, host.FilePrefix+l.Name)),
		WriteLock(filepath.Join(stage, LockName), lock),
		syncFolder(stage),
	)
	if err != nil {
		return Installed{}, core.Errorf(core.ErrorInternal, "placing the plugin: %w", err)
	}
	if o.Announce != nil {
		o.Announce(l, o.newest(l.Name))
	}
	if ctx.Err() != nil {
		return Installed{}, fmt.Errorf("placing the plugin: %w", ctx.Err())
	}
	return o.place(l, stage)
}

// examine describes a program, and compares that with what is known of it.
func (o Options) examine(ctx context.Context, known Entry, path, sum string) (Entry, error) {
	name := known.Name
	if name == "" {
		name = "unnamed"
	}
	d, err := o.Describe(ctx, host.Program{Name: name, Path: path, SHA256: sum})
	if err != nil {
		return known, fmt.Errorf("asking the program of %s what it is: %w", known.Source, err)
	}
	switch {
	case known.Name != "" && d.OwnName != known.Name:
		return known, core.Errorf(core.ErrorConfig, "the plugin calls itself %q; its file says that it is %q", d.OwnName, known.Name).
			WithHint("the file of a plugin is called %s and then the name that its program gives plugins.Serve", host.FilePrefix)
	case !host.IsName(d.OwnName):
		return known, core.Errorf(core.ErrorConfig, "the plugin calls itself %q, which is no name for a plugin", d.OwnName).
			WithHint("a name consists of lower-case letters, digits and \"-\"")
	case requirement.IsReserved(d.OwnName):
		return known, core.Errorf(core.ErrorConfig, "the plugin calls itself %q, which is the name of a plugin that comes with the orchestrator", d.OwnName)
	case known.Version != "" && d.Version != known.Version:
		return known, core.Errorf(core.ErrorConfig, "plugin %q says that it is version %s; its release says %s", d.OwnName, d.Version, known.Version)
	}
	if _, err := semver.StrictNewVersion(d.Version); err != nil {
		return known, core.Errorf(core.ErrorConfig, "the version %q of plugin %q is not a semantic version", d.Version, d.OwnName).
			WithHint("a version is written such as 0.3.1")
	}
	l := known
	l.Name, l.Version, l.Protocol, l.Permissions = d.OwnName, d.Version, d.Protocol, d.Permissions
	if l.SHA256 == nil {
		l.SHA256 = map[string]string{Platform(): sum}
	}
	return l, nil
}

// target is the folder of a plugin's version.
func (o Options) target(l Entry) host.Program {
	return host.Program{
		Name: l.Name, Version: l.Version,
		Path: filepath.Join(o.Dir, l.Name, l.Version, host.FilePrefix+l.Name),
	}
}

// installed reports whether a plugin is already installed. It fails if the
// folder has another program, or a changed one: an installed version is never
// replaced.
func (o Options) installed(l Entry) (Installed, error) {
	p := o.target(l)
	want := l.SHA256[Platform()]
	if _, err := os.Stat(filepath.Dir(p.Path)); err != nil || want == "" {
		return Installed{}, nil
	}
	found, err := host.HashFile(p.Path)
	if err != nil {
		return Installed{}, core.Errorf(core.ErrorConfig, "plugin %q %s is installed in part: %w", l.Name, l.Version, err).
			WithHint("orchestrator plugins remove %s@%s, and install it again", l.Name, l.Version)
	}
	if found != want {
		return Installed{}, core.Errorf(core.ErrorConfig, "another program is installed as plugin %q %s: its SHA-256 is %s, that of the new one %s (%s)", l.Name, l.Version, found, want, p.Path).
			WithHint("orchestrator plugins remove %s@%s, and install it again", l.Name, l.Version)
	}
	receipt, _, err := Receipt(p)
	return Installed{Entry: receipt, Path: p.Path, Already: err == nil}, err
}

// newest returns the newest installed version of a plugin.
func (o Options) newest(name string) *Entry {
	found := host.Discover([]string{o.Dir}, hclog.NewNullLogger())
	p, ok := preferred(found, name, func(string) bool { return true })
	if !ok {
		return nil
	}
	receipt, ok, err := Receipt(p)
	if !ok || err != nil {
		return nil
	}
	return &receipt
}

// place renames the folder of a plugin to its final path. Another process may
// have done the same just before.
func (o Options) place(l Entry, stage string) (Installed, error) {
	p := o.target(l)
	versions := filepath.Dir(filepath.Dir(p.Path))
	if err := os.MkdirAll(versions, 0o700); err != nil {
		return Installed{}, core.Errorf(core.ErrorInternal, "placing the plugin: %w", err)
	}
	if err := os.Rename(stage, filepath.Dir(p.Path)); err != nil {
		if done, other := o.installed(l); done.Already || other != nil {
			return done, other
		}
		return Installed{}, core.Errorf(core.ErrorInternal, "placing the plugin: %w", err)
	}
	if err := errors.Join(syncFolder(versions), syncFolder(o.Dir)); err != nil {
		return Installed{}, core.Errorf(core.ErrorInternal, "placing the plugin: %w", err)
	}
	return Installed{Entry: l, Path: p.Path}, nil
}
