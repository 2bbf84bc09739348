package install

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// Updater makes the lock of a folder of campaigns from the installed plugins.
type Updater struct {
	// Dir is the folder of the campaigns.
	Dir   string
	Found []host.Program
	// Describe starts a program and returns its description.
	Describe func(context.Context, host.Program) (host.Plugin, error)
}

// Update returns a lock with the plugins that campaigns require, each in the
// highest installed version that all of them allow. Other plugins are copied
// from the old lock, which may be nil.
func (u Updater) Update(ctx context.Context, old *Lock, required []requirement.Requirement) (*Lock, error) {
	lock := &Lock{}
	if old != nil {
		lock.Plugins = slices.Clone(old.Plugins)
	}
	names := map[string]bool{}
	for _, q := range required {
		names[q.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		l, err := u.entry(ctx, name, required)
		if err != nil {
			return nil, err
		}
		if before, ok := old.Find(name); ok {
			l = merge(before, l)
		}
		lock.Put(l)
	}
	return lock, nil
}

// entry returns the lock's entry for a plugin.
func (u Updater) entry(ctx context.Context, name string, required []requirement.Requirement) (Entry, error) {
	allowed := func(version string) bool {
		return !slices.ContainsFunc(required, func(q requirement.Requirement) bool { return q.Name == name && !q.Allows(version) })
	}
	p, ok := preferred(u.Found, name, allowed)
	if !ok {
		return Entry{}, core.Errorf(core.ErrorConfig, "no installed version of plugin %q will do: %s%s", name, ranges(required, name), installedToo(u.Found, name)).
			WithHint("orchestrator plugins install takes its program, the folder of its release or the address of its checksums")
	}
	if err := host.Trusted(p.Path); err != nil {
		return Entry{}, fmt.Errorf("plugin %q: %w", name, err)
	}
	l, installed, err := Receipt(p)
	if err != nil {
		return l, err
	}
	if !installed {
		if l, err = u.describe(ctx, p); err != nil {
			return l, err
		}
		if !allowed(l.Version) {
			return l, core.Errorf(core.ErrorConfig, "plugin %q is version %s, and that will not do: %s (%s)", name, l.Version, ranges(required, name), p.Path)
		}
	} else if err := unchanged(p, l); err != nil {
		return l, err
	}
	l.Source = relative(u.Dir, l.Source)
	return l, nil
}

// describe returns the lock's entry for a program that is directly in a plugin
// folder.
func (u Updater) describe(ctx context.Context, p host.Program) (Entry, error) {
	d, err := u.Describe(ctx, p)
	if err != nil {
		return Entry{}, fmt.Errorf("asking plugin %q what it is: %w", p.Name, err)
	}
	return Entry{
		Name: p.Name, Source: p.Path, Version: d.Version, Protocol: d.Protocol, Permissions: d.Permissions,
		SHA256: map[string]string{Platform(): d.SHA256},
	}, nil
}

// unchanged returns an error if a program differs from the installed one.
func unchanged(p host.Program, receipt Entry) error {
	sum, err := host.HashFile(p.Path)
	if err != nil {
		return core.Errorf(core.ErrorConfig, "plugin %q: %w", p.Name, err)
	}
	if want := receipt.SHA256[Platform()]; sum != want {
		return core.Errorf(core.ErrorConfig, "plugin %q %s was changed after it was installed: its SHA-256 is %s, and was %s (%s)", p.Name, p.Version, sum, want, p.Path).
			WithHint("orchestrator plugins remove %s@%s, and install it again", p.Name, p.Version)
	}
	return nil
}

// ranges describes the versions that campaigns allow.
func ranges(required []requirement.Requirement, name string) string {
	var all []string
	for _, q := range required {
		if q.Name == name {
			all = append(all, fmt.Sprintf("%q", q.Version))
		}
	}
	return "the campaigns allow " + strings.Join(all, " and ")
}

// relative returns a path below a folder relative to it, so that the folder can
// be moved; any other path is unchanged.
func relative(dir, source string) string {
	base, err := filepath.Abs(dir)
	if err != nil || requirement.IsURL(source) {
		return source
	}
	within, err := filepath.Rel(base, source)
	if err != nil || !filepath.IsLocal(within) {
		return source
	}
	return filepath.ToSlash(within)
}

// merge keeps the checksums of other platforms in the old entry of the same
// version.
func merge(old, l Entry) Entry {
	sum, ok := old.SHA256[Platform()]
	if old.Version != l.Version || ok && sum != l.SHA256[Platform()] {
		return l
	}
	sums := maps.Clone(old.SHA256)
	maps.Copy(sums, l.SHA256)
	l.SHA256 = sums
	if ok && len(l.SHA256) == len(old.SHA256) { // the same program, possibly from another source
		l.Source, l.SignedBy = old.Source, old.SignedBy
	}
	return l
}

// Differences returns one line for each difference between two locks; the old
// one may be nil.
func Differences(old, lock *Lock) []string {
	var lines []string
	for _, l := range lock.Plugins {
		before, ok := old.Find(l.Name)
		if !ok {
			lines = append(lines, fmt.Sprintf("%s: %s, new; it may do: %s", l.Name, l.Version, l.Permissions))
			continue
		}
		changed := func(what, was, is string) {
			if was != is {
				lines = append(lines, fmt.Sprintf("%s: %s %s, was %s", l.Name, what, is, was))
			}
		}
		changed("version", before.Version, l.Version)
		changed("protocol", before.Protocol, l.Protocol)
		changed("may do:", before.Permissions.String(), l.Permissions.String())
		for _, platform := range slices.Sorted(maps.Keys(union(before.SHA256, l.SHA256))) {
			changed("SHA-256 for "+platform, orNothing(before.SHA256[platform]), orNothing(l.SHA256[platform]))
		}
		changed("source", before.Source, l.Source)
		changed("signed by", orNothing(before.SignedBy), orNothing(l.SignedBy))
	}
	return lines
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
