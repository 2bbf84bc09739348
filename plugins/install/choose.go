package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// Choice is the set of programs that a campaign runs with.
type Choice struct {
	// Programs are the accepted programs. A locked one has its checksum and its
	// permissions.
	Programs []host.Program
	// Problems say why a required plugin is not among the programs. They have
	// positions in the campaign.
	Problems yamlfile.Problems
	// Unlocked are the programs without an entry in the lock, each with a
	// warning.
	Unlocked map[string]yamlfile.Problem
	// Attached are the plugins that run already, by name.
	Attached []string
	// PassedOver names programs that would take precedence without the lock.
	PassedOver yamlfile.Problems
}

// chooser is the state of Choose.
type chooser struct {
	// file is the campaign's.
	file     string
	lock     *Lock
	lockFile string
	found    []host.Program
	choice   Choice
}

// Choose chooses a program for each plugin that a campaign requires, from those
// that were found. A plugin in the lock needs exactly the locked program; lock
// is nil where there is none. For a plugin that is not in the lock, it chooses
// one that the campaign allows. For attached plugins it chooses nothing.
func Choose(file string, required []requirement.Requirement, lock *Lock, found []host.Program, attached []string) Choice {
	ch := chooser{
		file: file, lock: lock, lockFile: filepath.Join(filepath.Dir(file), LockName), found: found,
		choice: Choice{Unlocked: map[string]yamlfile.Problem{}, Attached: attached},
	}
	for _, q := range required {
		if slices.Contains(attached, q.Name) {
			continue
		}
		if q.Version == "" { // the reader of the campaign has reported it
			continue
		}
		if l, ok := lock.Find(q.Name); ok {
			ch.locked(q, l)
		} else {
			ch.unlocked(q)
		}
	}
	return ch.choice
}

func (ch *chooser) problem(at yamlfile.Position, hint, format string, args ...any) yamlfile.Problem {
	return yamlfile.Problem{File: ch.file, Position: at, Message: fmt.Sprintf(format, args...), Hint: hint}
}

func (ch *chooser) refuse(at yamlfile.Position, hint, format string, args ...any) {
	ch.choice.Problems = append(ch.choice.Problems, ch.problem(at, hint, format, args...))
}

// locked chooses the program in the lock.
func (ch *chooser) locked(q requirement.Requirement, l Entry) {
	relock := "orchestrator plugins lock " + ch.file
	want, ok := l.SHA256[Platform()]
	switch {
	case !q.Allows(l.Version):
		ch.refuse(q.VersionAt, relock+" locks one that is, if it is installed",
			"%s locks plugin %q %s, which is not within %q", ch.lockFile, q.Name, l.Version, q.Version)
		return
	case !ok:
		ch.refuse(q.At, "install a release that has it, then: "+relock,
			"%s has no checksum of plugin %q %s for %s; it has some for %s", ch.lockFile, q.Name, l.Version, Platform(), strings.Join(platforms(l), ", "))
		return
	}
	var wrong []yamlfile.Problem
	for _, p := range named(ch.found, q.Name) {
		if p.Version != "" && p.Version != l.Version {
			continue
		}
		sum, err := host.HashFile(p.Path)
		if err == nil && sum == want {
			p.SHA256, p.Permissions = want, &l.Permissions
			if ch.take(q, p) && len(wrong) > 0 {
				ch.choice.PassedOver = append(ch.choice.PassedOver, ch.problem(q.At, wrong[0].Hint,
					"plugin %q runs as it is locked (%s); passed over: %s", q.Name, p.Path, wrong[0].Message))
			}
			return
		}
		wrong = append(wrong, ch.mismatch(q, l, p, sum, err))
	}
	if len(wrong) > 0 {
		ch.choice.Problems = append(ch.choice.Problems, wrong[0])
		return
	}
	ch.refuse(q.At, fmt.Sprintf("orchestrator init %s installs it from %s", ch.file, l.Source),
		"plugin %q %s is locked, and not installed%s", q.Name, l.Version, installedToo(ch.found, q.Name))
}

// mismatch describes how a program differs from the locked one.
func (ch *chooser) mismatch(q requirement.Requirement, l Entry, p host.Program, sum string, err error) yamlfile.Problem {
	if err != nil {
		return ch.problem(q.At, "", "plugin %q (%s): %v", q.Name, p.Path, err)
	}
	hint := fmt.Sprintf("if you changed it yourself, orchestrator plugins lock %s locks it as it is now", ch.file)
	if p.Version != "" {
		hint = fmt.Sprintf("orchestrator plugins remove %s@%s, then orchestrator init %s, install the locked one again", p.Name, p.Version, ch.file)
	}
	return ch.problem(q.At, hint, "the program of plugin %q is not the locked one: its SHA-256 is %s, and %s says %s (%s)",
		q.Name, sum, ch.lockFile, l.SHA256[Platform()], p.Path)
}

// unlocked chooses a program that the campaign allows.
func (ch *chooser) unlocked(q requirement.Requirement) {
	p, ok := preferred(ch.found, q.Name, q.Allows)
	if !ok {
		hint := "orchestrator plugins install takes its program, the folder of its release or the address of its checksums"
		if q.Source != "" {
			hint = fmt.Sprintf("orchestrator init %s installs it from %s", ch.file, q.Source)
		}
		ch.refuse(q.At, hint, "plugin %q %s is not installed%s", q.Name, q.Version, installedToo(ch.found, q.Name))
		return
	}
	message := "plugin %q is not locked: there is no %s"
	if ch.lock != nil {
		message = "plugin %q is not locked: it is not in %s"
	}
	if ch.take(q, p) {
		ch.choice.Unlocked[q.Name] = ch.problem(q.At, fmt.Sprintf("orchestrator plugins lock %s locks what is installed now", ch.file), message, q.Name, ch.lockFile)
	}
}

// take adds a program, unless other users could change it.
func (ch *chooser) take(q requirement.Requirement, p host.Program) bool {
	if err := host.Trusted(p.Path); err != nil {
		ch.refuse(q.At, core.HintOf(err), "plugin %q: %v", q.Name, err)
		return false
	}
	p.Limits = host.Limits(q.Limits)
	ch.choice.Programs = append(ch.choice.Programs, p)
	return true
}

// installedToo lists the other installed versions of a plugin.
func installedToo(found []host.Program, name string) string {
	var versions []string
	for _, p := range named(found, name) {
		if p.Version != "" {
			versions = append(versions, p.Version)
		}
	}
	return orNone("; installed is ", versions)
}

func orNone(before string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return before + strings.Join(list, ", ")
}

// Absent returns the required plugins that are not among the programs.
func (c Choice) Absent(required []requirement.Requirement) map[string]bool {
	absent := map[string]bool{}
	for _, q := range required {
		chosen := slices.ContainsFunc(c.Programs, func(p host.Program) bool { return p.Name == q.Name })
		if !chosen && !slices.Contains(c.Attached, q.Name) {
			absent[q.Name] = true
		}
	}
	return absent
}

// CheckStarted returns the problems of the required plugins after they were
// described: those that failed, and those whose version the campaign does not
// allow.
func CheckStarted(file string, required []requirement.Requirement, plugins []host.Plugin) yamlfile.Problems {
	ch := chooser{file: file}
	for _, q := range required {
		i := slices.IndexFunc(plugins, func(p host.Plugin) bool { return p.Name == q.Name && !p.Bundled })
		switch {
		case i < 0:
		case plugins[i].Err != nil:
			ch.refuse(q.At, core.HintOf(plugins[i].Err), "plugin %q cannot be used: %v", q.Name, plugins[i].Err)
		case !q.Allows(plugins[i].Version):
			ch.refuse(q.VersionAt, "", "plugin %q is version %s, which is not within %q (%s)", q.Name, plugins[i].Version, q.Version, plugins[i].Path)
		}
	}
	return ch.choice.Problems
}

// ReadLock reads the lock beside a campaign; nil where there is none.
func ReadLock(dir string) (*Lock, error) {
	lock, err := ReadLockFile(os.DirFS(dir), LockName, filepath.Join(dir, LockName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return lock, err
}
