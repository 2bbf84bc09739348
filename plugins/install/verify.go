package install

import (
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// Finding is the result of verifying one program.
type Finding string

// The findings of [Verify].
const (
	// OK: the program is the installed or locked one.
	OK Finding = "ok"
	// Changed: the program differs.
	Changed Finding = "changed"
	// Missing: the program is in the lock, and does not exist.
	Missing Finding = "missing"
	// Untrusted: other users could change the program.
	Untrusted Finding = "untrusted place"
	// Unlocked: there is nothing to compare the program with.
	Unlocked Finding = "not locked"
)

// Verified is a program with its finding.
type Verified struct {
	host.Program
	Finding Finding
	// SHA256 of the Program is the expected checksum, Is the actual one.
	Is string
	// Why explains the finding; it may be empty.
	Why string
}

// Verify verifies all programs that were found: an installed one against its
// installation; one that is directly in a plugin folder has nothing to be
// compared with.
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

// VerifyLock verifies the programs of a lock.
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

// VerifyProgram verifies a program by the checksum that it must have, if there is one.
func VerifyProgram(p host.Program) Verified { return verify(p, p.SHA256) }

// verify verifies one program. want is the expected checksum, "" where it is
// not known.
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
