package sandbox

import (
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// The sets of file rights. None contains creating device files: with the device of
// a disk, root could read every file.
const (
	reading   landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSReadDir
	writing   landlock.AccessFSSet = reading | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSRefer | ll.AccessFSRemoveDir | ll.AccessFSRemoveFile | ll.AccessFSMakeDir | ll.AccessFSMakeReg | ll.AccessFSMakeSock | ll.AccessFSMakeFifo | ll.AccessFSMakeSym
	executing landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSExecute
	owning    landlock.AccessFSSet = writing | ll.AccessFSResolveUnix
	// ofFiles are the rights that apply to files that are not folders.
	ofFiles landlock.AccessFSSet = ll.AccessFSExecute | ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSResolveUnix
)

// restrict applies Landlock to this thread, as far as the system supports it.
func restrict(p Policy) error {
	config, ok := strictest(Supported().Landlock)
	if !ok {
		return nil // Exec has checked that the policy does not demand Landlock
	}
	rules, err := rules(p, config)
	if err != nil {
		return err
	}
	// The library's own function would apply it to all threads, by signals. That
	// is not needed: the others end when this thread executes the program.
	ruleset, flags, err := config.NewRulesetFD(rules...)
	if err != nil {
		return err
	}
	if err := ll.LandlockRestrictSelf(ruleset, flags); err != nil {
		return fmt.Errorf("landlock_restrict_self: %w", err)
	}
	return unix.Close(ruleset)
}

// strictest returns the configuration with everything that a Landlock ABI version
// can restrict; false for version 0.
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

// rules returns the Landlock rules of a policy. What no rule allows is refused.
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

// allow returns the rule for a path; false if the path does not exist or the rule
// would allow nothing.
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
