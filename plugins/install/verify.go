package install

import (
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// Finding is what there is to say of one program.
type Finding string

// The findings of [Verify].
const (
	// OK: the program is the one that was installed, or locked.
	OK Finding = "ok"
	// Changed: it is another one.
	Changed Finding = "changed"
	// Missing: it is locked, and not there.
	Missing Finding = "missing"
	// Untrusted: others could change it.
	Untrusted Finding = "untrusted place"
	// Unlocked: there is nothing to compare it with.
	Unlocked Finding = "not locked"
)

// Verified is what was found out about a program.
type Verified struct {
	host.Program
	Finding Finding
	// SHA256 of the Program is what it should be, and Is what it is.
	Is string
	// Why explains findings that need it.
	Why string
}

// Verify looks at all programs that were found again: an installed one has to be
// what it was when it was installed, and one that just lies in a plugin folder
// has nothing to be compared with.
func Verify(found []host.Program) []Verified {
	var all []Verified
	for _, p := range found {
		receipt, installed, err := Receipt(p)
		switch {
		case err != nil:
			all = append(all, Verified{Program: p, Finding: Changed, Why: err.Error()})
		case installed:
			all = append(all, verify(p, receipt.SHA256[Platform()]))
		default:
			all = append(all, verify(p, ""))
		}
	}
	return all
}

// VerifyLock looks at the programs of a lock.
func VerifyLock(lock *Lock, found []host.Program) []Verified {
	var all []Verified
	for _, l := range lock.Plugins {
		v := Verified{
			Program: host.Program{Name: l.Name, Version: l.Version, SHA256: l.SHA256[Platform()]},
			Finding: Missing, Why: "its source is " + l.Source,
		}
		if v.SHA256 == "" {
			v.Why = "the lock has no checksum for " + Platform()
			all = append(all, v)
			continue
		}
		for _, p := range named(found, l.Name) {
			if p.Version != "" && p.Version != l.Version {
				continue
			}
			if w := verify(p, v.SHA256); v.Finding == Missing || w.Finding == OK {
				w.Version, v = l.Version, w
			}
		}
		all = append(all, v)
	}
	return all
}

// verify looks at one program. want is the checksum that it should have, ""
// where that is not known.
func verify(p host.Program, want string) Verified {
	p.SHA256 = want
	v := Verified{Program: p, Finding: OK}
	var err error
	if v.Is, err = host.HashFile(p.Path); err != nil {
		v.Finding, v.Why = Changed, err.Error()
		return v
	}
	switch err := host.Trusted(p.Path); {
	case want != "" && v.Is != want:
		v.Finding, v.Why = Changed, "its SHA-256 is "+v.Is+", not "+want
	case err != nil:
		v.Finding, v.Why = Untrusted, err.Error()
	case want == "":
		v.Finding = Unlocked
	}
	return v
}
