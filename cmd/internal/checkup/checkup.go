package checkup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/converters/speech"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// Level says how bad a finding is.
type Level string

// The levels.
const (
	OK Level = "ok"
	// Warning: runs are possible, some not in full.
	Warning Level = "warning"
	// Problem: a run would fail.
	Problem Level = "problem"
)

// Finding is the result of one check.
type Finding struct {
	Level Level
	// Check is the name of the check.
	Check string
	// What is one line.
	What string
	// Do says what to do; "" for nothing.
	Do string
}

// lowSpace is the free space, in bytes, below which Store warns.
const lowSpace = 1 << 30

// Machine is the part of the operating system that is looked at.
type Machine interface {
	// LookPath returns the path of a program on the PATH.
	LookPath(program string) (string, error)
	// Writable returns why no file can be made in a folder. Where the folder does
	// not exist, it is the nearest one above that counts.
	Writable(folder string) error
	// Free returns how many bytes the user can still write to a folder, or to the
	// nearest one above that exists.
	Free(folder string) (uint64, error)
	// Try has an engine work whose program is there, and returns why it does not.
	Try(ctx context.Context, engine speech.LocalEngine) error
}

// Sandbox reports what this system can enforce.
func Sandbox(s sandbox.Support) Finding {
	f := Finding{OK, "sandbox", s.String(), ""}
	if !s.Complete() {
		f.Level = Warning
		f.Do = "use Linux 6.12 or newer with Landlock and seccomp enabled; --require-sandbox refuses plugins that are not held to all that they declare"
	}
	return f
}

// Store checks the folder of runs. It makes nothing that stays.
func Store(ctx context.Context, m Machine, folder string) []Finding {
	if folder == "" {
		return []Finding{{Problem, "store", "there is no folder for runs", "give --store"}}
	}
	state := "can be written"
	reader, err := store.OpenReader(ctx, folder)
	switch {
	case err == nil:
		err = reader.Close()
	case errors.Is(err, store.ErrNoStore):
		state, err = "can be made", nil
	}
	if err != nil {
		return []Finding{problem("store", err, "--store or ORCHESTRATOR_STORE names another folder")}
	}
	if err := m.Writable(folder); err != nil {
		return []Finding{problem("store", err, "make it writable, or name another folder with --store or ORCHESTRATOR_STORE")}
	}
	all := []Finding{{OK, "store", folder + " " + state, ""}}
	free, err := m.Free(folder)
	switch {
	case err != nil:
		return append(all, Finding{Warning, "store", "free space is unknown: " + phrase.OneLine(err.Error()), ""})
	case free < lowSpace:
		return append(all, Finding{Warning, "store", phrase.Bytes(free) + " free", "make room, or name a folder on another disk with --store; recordings of voices are large"})
	}
	return append(all, Finding{OK, "store", phrase.Bytes(free) + " free", ""})
}

// Plugins reports verified programs.
func Plugins(verified []install.Verified) []Finding {
	if len(verified) == 0 {
		return []Finding{{OK, "plugins", "none but the bundled one", ""}}
	}
	var all []Finding
	for _, v := range verified {
		f := Finding{OK, "plugins", strings.TrimSpace(v.Name+" "+v.Version) + ": " + string(v.Finding), ""}
		if v.Why != "" {
			f.What += ": " + phrase.OneLine(v.Why)
		}
		switch v.Finding {
		case install.OK:
		case install.Unlocked:
			f.Level, f.Do = Warning, "install it with orchestrator plugins install, and lock it beside the campaign"
			if v.Companion {
				f.Do = "make build builds the orchestrator with the companion's checksum"
			}
		default:
			f.Level, f.Do = Problem, "install it again from a source that you trust, or remove it with orchestrator plugins remove"
			if v.Companion {
				f.Do = app.WhereCompanionsAre
			}
		}
		all = append(all, f)
	}
	return all
}

// Speech reports which engines' programs are there, and work.
func Speech(ctx context.Context, m Machine, engines []speech.LocalEngine) []Finding {
	var all []Finding
	for _, e := range engines {
		use := fmt.Sprintf("the converter %s with the engine %s", e.Converter, e.Engine)
		path, err := m.LookPath(e.Program)
		if err != nil {
			all = append(all, Finding{Warning, "speech", fmt.Sprintf("%s lacks the program %s", use, e.Program), "Debian: " + e.Install})
			continue
		}
		if err := m.Try(ctx, e); err != nil {
			f := problem("speech", fmt.Errorf("%s does not work: %w", use, err), "Debian: "+e.Install)
			f.Level = Warning
			all = append(all, f)
			continue
		}
		all = append(all, Finding{OK, "speech", fmt.Sprintf("%s: %s", use, path), ""})
	}
	return all
}

// problem returns a finding with an error's hint, or else the one given.
func problem(check string, err error, do string) Finding {
	if hint := core.HintOf(err); hint != "" {
		do = hint
	}
	return Finding{Problem, check, phrase.OneLine(err.Error()), do}
}
