package sandbox

import (
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// What may be done with files. Making device files is in none of them: with one
// of a disk, root would read every file.
const (
	reading   landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSReadDir
	writing   landlock.AccessFSSet = reading | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSRefer | ll.AccessFSRemoveDir | ll.AccessFSRemoveFile | ll.AccessFSMakeDir | ll.AccessFSMakeReg | ll.AccessFSMakeSock | ll.AccessFSMakeFifo | ll.AccessFSMakeSym
	executing landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSExecute
	owning    landlock.AccessFSSet = writing | ll.AccessFSResolveUnix
	// ofFiles are those that a file which is no folder can have.
	ofFiles landlock.AccessFSSet = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSResolveUnix
)

// restrict applies Landlock to this thread, as far as the system has it.
func restrict(p Policy) error {
	config, ok := strictest(Supported().Landlock)
	if !ok {
		return nil // not demanded, or Exec would not have come here
	}
	rules, err := rules(p, config)
	if err != nil {
		return err
	}
	// Applied by the library itself, it would be to all threads, by way of
	// signals; but all the others end when this one becomes the program.
	ruleset, flags, err := config.NewRulesetFD(rules...)
	if err != nil {
		return err
	}
	if err := ll.LandlockRestrictSelf(ruleset, flags); err != nil {
		return fmt.Errorf("landlock_restrict_self: %w", err)
	}
	return unix.Close(ruleset)
}

// strictest returns all that a version of Landlock can restrict.
func strictest(abi int) (landlock.Config, bool) {
	versions := []landlock.Config{
		landlock.V1, landlock.V2, landlock.V3, landlock.V4, landlock.V5, landlock.V6,
		landlock.V7, landlock.V8, landlock.V9, landlock.V10, landlock.V11,
	}
	if abi < 1 {
		return landlock.Config{}, false
	}
	return versions[min(abi, len(versions))-1], true
}

// rules are the exceptions from the rule that nothing is allowed.
func rules(p Policy, config landlock.Config) ([]landlock.Rule, error) {
	var all []landlock.Rule
	for _, group := range []struct {
		paths  []string
		access landlock.AccessFSSet
	}{{p.Read, reading}, {p.Write, writing}, {p.Execute, executing}, {p.Own, owning}} {
		for _, path := range group.paths {
			if rule, ok := allow(path, group.access&config.HandledAccessFS); ok {
				all = append(all, rule)
			}
		}
	}
	for _, dir := range p.Own {
		if _, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("the process's own folder: %w", err)
		}
	}
	if config.HandledAccessNet != 0 {
		for _, port := range p.Ports {
			all = append(all, landlock.ConnectTCP(port))
		}
	}
	return all, nil
}

// allow returns the rule for a path, if it exists.
func allow(path string, access landlock.AccessFSSet) (landlock.Rule, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, false
	}
	if !info.IsDir() {
		access &= ofFiles
	}
	return landlock.PathAccess(access, path).IgnoreIfMissing(), access != 0
}
