package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/checkup"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/converters/speech"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

func newDoctorCommand(env Env) *cobra.Command {
	var (
		flags campaignFlags
		dir   storeFlag
	)
	cmd := &cobra.Command{
		Use:   "doctor [CAMPAIGN]",
		Short: "Check what runs need of this machine, and what a campaign needs, without sending anything",
		Long: `doctor checks what the sandbox can enforce, the store, the plugins and the speech
engines; with a campaign, all that validate checks, and that the secrets which
it refers to are there. Each line is ok, a warning or a problem, with what to do.
The exit code is 2 where a campaign, its secrets or a plugin has a problem, and 3
where only the machine has.`,
		Args: takes(0, 1, "at most one campaign's file"),
		RunE: func(cmd *cobra.Command, given []string) error {
			planner, err := flags.planner(env, env.Stderr)
			if err != nil {
				return err
			}
			findings, err := examine(cmd.Context(), planner, dir.dir, given)
			return errors.Join(err, reportFindings(env, findings))
		},
	}
	flags.register(cmd)
	flags.registerSet(cmd, env)
	dir.register(cmd, env)
	return cmd
}

// examine carries out all checks. given is a campaign's file, or empty.
func examine(ctx context.Context, planner *app.Planner, folder string, given []string) ([]checkup.Finding, error) {
	found := planner.Plugins.Discover()
	verified := install.Verify(found)
	all := append([]checkup.Finding{checkup.Sandbox(sandbox.Supported())}, checkup.Store(ctx, machine{}, folder)...)
	if len(given) > 0 {
		lock, err := app.ReadLock(filepath.Dir(given[0]))
		if err != nil {
			return all, err
		}
		if lock != nil {
			verified = install.VerifyLock(lock, found)
		}
	}
	all = append(all, checkup.Plugins(append(verifiedCompanions(planner.Plugins.Companions), verified...))...)
	for _, c := range planner.Plugins.Companions {
		if c.Missing && c.SHA256 == "" {
			what, hint := c.NotThere()
			all = append(all, checkup.Finding{Level: checkup.Warning, Check: "plugins", What: "not there: " + what, Do: hint})
		}
	}
	all = append(all, checkup.Speech(machine{}, speech.LocalEngines())...)
	if len(given) > 0 {
		all = append(all, checkup.Campaign(ctx, planner, given[0])...)
	}
	return all, ctx.Err()
}

// reportFindings prints findings, and returns the exit code as a conclusion.
func reportFindings(env Env, all []checkup.Finding) error {
	var lines [][]string
	code := exitClean
	for _, f := range all {
		lines = append(lines, []string{string(f.Level), f.Check, f.What})
		if f.Do != "" {
			lines = append(lines, []string{"", "", "→ " + f.Do})
		}
		switch {
		case f.Level != checkup.Problem:
		case f.Check == "sandbox" || f.Check == "store":
			if code == exitClean {
				code = exitNoEvidence
			}
		default:
			code = exitWrong
		}
	}
	view.Aligned(env.Stdout, lines, func(int) bool { return true })
	if code == exitClean {
		return nil
	}
	return conclusion{code}
}

// machine is the operating system that doctor looks at.
type machine struct{}

// LookPath searches the PATH.
func (machine) LookPath(program string) (string, error) { return exec.LookPath(program) }

// Writable makes a file and removes it again.
func (machine) Writable(folder string) error {
	file, err := os.CreateTemp(existing(folder), ".doctor-*")
	if err != nil {
		return fmt.Errorf("the store %s cannot be written: %w", folder, err)
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// Free asks the file system.
func (machine) Free(folder string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(existing(folder), &s); err != nil {
		return 0, fmt.Errorf("asking for the free space of %s: %w", folder, err)
	}
	return s.Bavail * uint64(s.Bsize), nil
}

// existing returns the folder, or the nearest one above that exists.
func existing(folder string) string {
	for {
		_, err := os.Stat(folder)
		above := filepath.Dir(folder)
		if !errors.Is(err, fs.ErrNotExist) || above == folder {
			return folder
		}
		folder = above
	}
}
