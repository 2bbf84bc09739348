package checkup_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/checkup"
	"github.com/redteam-orchestrator/orchestrator/converters/speech"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// computer is a machine with some programs and a disk.
type computer struct {
	programs  []string
	free      uint64
	unmounted error
	readOnly  error
	// broken are the errors of programs that are there.
	broken map[string]error
}

func (c computer) LookPath(program string) (string, error) {
	if slices.Contains(c.programs, program) {
		return "/usr/bin/" + program, nil
	}
	return "", errors.New("not found")
}
func (c computer) Try(_ context.Context, e speech.LocalEngine) error { return c.broken[e.Program] }
func (c computer) Writable(string) error                             { return c.readOnly }
func (c computer) Free(string) (uint64, error)                       { return c.free, c.unmounted }

func TestTheSandboxIsAWarningUnlessItIsComplete(t *testing.T) {
	for _, test := range []struct {
		name    string
		support sandbox.Support
		want    checkup.Level
	}{
		{"nothing", sandbox.Support{}, checkup.Warning},
		{"without seccomp", sandbox.Support{Landlock: 7}, checkup.Warning},
		{"old Landlock", sandbox.Support{Landlock: 4, Syscalls: true}, checkup.Warning},
		{"complete", sandbox.Support{Landlock: 7, Syscalls: true}, checkup.OK},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := checkup.Sandbox(test.support)
			if got.Level != test.want || (got.Do == "") != (test.want == checkup.OK) || got.What != test.support.String() {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestTheStoreIsCheckedAndLeftAsItIs(t *testing.T) {
	made, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	s, err := store.Open(context.Background(), made)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	absent := filepath.Join(t.TempDir(), "runs")
	const large = 5 << 30
	for _, test := range []struct {
		name    string
		folder  string
		machine computer
		want    []checkup.Level
		what    string
	}{
		{"a store", made, computer{free: large}, []checkup.Level{checkup.OK, checkup.OK}, "can be written"},
		{"none yet", absent, computer{free: large}, []checkup.Level{checkup.OK, checkup.OK}, "can be made"},
		{"little space", made, computer{free: 1<<30 - 1}, []checkup.Level{checkup.OK, checkup.Warning}, "free"},
		{"just enough space", made, computer{free: 1 << 30}, []checkup.Level{checkup.OK, checkup.OK}, "1.0 GiB free"},
		{"unknown space", made, computer{unmounted: errors.New("no such device")}, []checkup.Level{checkup.OK, checkup.Warning}, "no such device"},
		{"read-only", made, computer{readOnly: errors.New("read-only file system"), free: large}, []checkup.Level{checkup.Problem}, "read-only file system"},
		{"no folder is named", "", computer{free: large}, []checkup.Level{checkup.Problem}, "no folder"},
		{"a file", file, computer{free: large}, []checkup.Level{checkup.Problem}, "file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := checkup.Store(context.Background(), test.machine, test.folder)
			if levels, what := said(got); !slices.Equal(levels, test.want) || !strings.Contains(what, test.what) {
				t.Errorf("%+v", got)
			}
		})
	}
	if _, err := os.Stat(absent); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the check made the store: %v", err)
	}
}

// said returns the levels of findings, and all that they say.
func said(all []checkup.Finding) (levels []checkup.Level, what string) {
	for _, f := range all {
		levels = append(levels, f.Level)
		what += f.What + "\n" + f.Do + "\n"
	}
	return levels, what
}

func TestAPluginThatIsNotWhatItWasIsAProblem(t *testing.T) {
	for _, test := range []struct {
		finding install.Finding
		want    checkup.Level
	}{
		{install.OK, checkup.OK},
		{install.Unlocked, checkup.Warning},
		{install.Missing, checkup.Problem},
		{install.Changed, checkup.Problem},
		{"a finding to come", checkup.Problem},
	} {
		t.Run(string(test.finding), func(t *testing.T) {
			got := checkup.Plugins([]install.Verified{{Program: host.Program{Name: "acme", Version: "1.2.3"}, Finding: test.finding, Why: "its\nreason"}})
			levels, what := said(got)
			if !slices.Equal(levels, []checkup.Level{test.want}) || !strings.Contains(what, "acme 1.2.3: "+string(test.finding)) || strings.Contains(what, "its\nreason") {
				t.Errorf("%+v", got)
			}
		})
	}
	for finding, want := range map[install.Finding]string{install.Changed: "beside the orchestrator", install.Unlocked: "the companion's checksum"} {
		got := checkup.Plugins([]install.Verified{{Program: host.Program{Name: "providers", Companion: true}, Finding: finding}})
		if len(got) != 1 || !strings.Contains(got[0].Do, want) {
			t.Errorf("a companion is neither installed nor removed: %+v", got)
		}
	}
	if levels, _ := said(checkup.Plugins(nil)); !slices.Equal(levels, []checkup.Level{checkup.OK}) {
		t.Errorf("no plugins: %v", levels)
	}
}

func TestEachSpeechEngineNamesWhatItLacks(t *testing.T) {
	engines := speech.LocalEngines()
	var programs []string
	for _, e := range engines {
		programs = append(programs, e.Program)
	}
	if !slices.Equal(programs, speech.Programs()) {
		t.Errorf("the engines run %q, the plugin may run %q", programs, speech.Programs())
	}
	for i, missing := range engines {
		there := slices.Delete(slices.Clone(programs), i, i+1)
		for k, f := range checkup.Speech(t.Context(), computer{programs: there}, engines) {
			if k != i && (f.Level != checkup.OK || f.Do != "") {
				t.Errorf("without %s: %+v", missing.Program, f)
			}
			if k == i && (f.Level != checkup.Warning || !strings.Contains(f.What, missing.Program) || f.Do != "Debian: "+missing.Install) {
				t.Errorf("without %s: %+v", missing.Program, f)
			}
		}
	}
}

func TestAnEngineWhoseProgramDoesNotWorkIsAWarning(t *testing.T) {
	for _, e := range speech.LocalEngines() {
		for name, test := range map[string]struct {
			err error
			do  string
		}{
			"with a hint":    {core.Errorf(core.ErrorUnavailable, "no\nmodel").WithHint("install it"), "install it"},
			"without a hint": {errors.New("no\nmodel"), "Debian: " + e.Install},
		} {
			m := computer{programs: speech.Programs(), broken: map[string]error{e.Program: test.err}}
			for _, f := range checkup.Speech(t.Context(), m, []speech.LocalEngine{e}) {
				if f.Level != checkup.Warning || f.Check != "speech" || f.Do != test.do || !strings.Contains(f.What, "the engine "+e.Engine+" does not work: no") || strings.Contains(f.What, "\n") {
					t.Errorf("%s: %+v", name, f)
				}
			}
		}
	}
}
