package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/checkup"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/converters/speech"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// doctorFlags are those of orchestrator doctor.
type doctorFlags struct {
	campaignFlags
	dir storeFlag
	// send: the targets are asked. targets are those that are, all where there are none.
	send    bool
	targets []string
}

func newDoctorCommand(env Env) *cobra.Command {
	var flags doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor [CAMPAIGN]",
		Short: "Check what runs need of this machine, and what a campaign needs",
		Long: `doctor checks what the sandbox can enforce, the store, the plugins and the speech
engines; with a campaign, all that validate checks, and that the secrets which
it refers to are there. Each line is ok, a warning or a problem, with what to do.
It sends nothing, unless --send asks the campaign's targets: each gets the one message
"Hello.", within the campaign's scope and limits, and nothing is recorded.
The exit code is 2 where a campaign, its secrets or a plugin has a problem, and 3
where only the machine has, or a target does not answer.`,
		Args: takes(0, 1, "at most one campaign's file"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return doctor(cmd.Context(), env, &flags, given)
		},
	}
	flags.register(cmd)
	flags.registerSet(cmd, env)
	flags.registerUnlocked(cmd, "check the campaign")
	flags.dir.register(cmd, env)
	cmd.Flags().BoolVar(&flags.send, "send", false, "send one harmless message to each target that the campaign uses")
	cmd.Flags().StringArrayVar(&flags.targets, "target", nil, "`name` of the target that --send asks; may be repeated (default: all)")
	return cmd
}

// doctor prints what it finds, and returns the exit code as a conclusion.
func doctor(ctx context.Context, env Env, flags *doctorFlags, given []string) (err error) {
	switch {
	case len(flags.targets) > 0 && !flags.send:
		return usagef("--target is for --send").withHint("give --send, too: doctor sends nothing without it")
	case flags.send && len(given) == 0:
		return usagef("--send needs a campaign").withHint("orchestrator doctor CAMPAIGN --send")
	}
	redactor := secret.NewRedactor()
	log := redactor.Writer(env.Stderr)
	defer func() { err = errors.Join(err, log.Close()) }()
	planner, err := flags.planner(env, log)
	if err != nil {
		return err
	}
	findings, err := examine(ctx, planner, flags.dir.dir, given)
	if err == nil && flags.send {
		runner := &app.Runner{Planner: planner, Log: console{log}, Redactor: redactor, Observers: []engine.Observer{waits{log}}}
		var more []checkup.Finding
		more, err = greet(ctx, runner, given[0], flags.targets, findings)
		findings = append(findings, more...)
	}
	code := printFindings(env.Stdout, findings)
	if err != nil || code == exitClean {
		return err
	}
	return conclusion{code}
}

// greet asks the targets of a campaign, unless findings have a problem with it.
func greet(ctx context.Context, runner *app.Runner, file string, targets []string, findings []checkup.Finding) ([]checkup.Finding, error) {
	if slices.ContainsFunc(findings, func(f checkup.Finding) bool { return f.Level == checkup.Problem && f.Check == "campaign" }) {
		return []checkup.Finding{{Level: checkup.Warning, Check: checkup.CheckTarget, What: "none was asked: the campaign has a problem"}}, nil
	}
	greetings, err := runner.Greet(ctx, file, targets)
	return checkup.Targets(greetings), err
}

// waits prints what a target that is asked is waited for, and warnings.
type waits struct{ w io.Writer }

// Observe implements [engine.Observer].
func (o waits) Observe(e record.Event) {
	switch e := e.(type) {
	case record.Warning:
		view.Lines(o.w, "warning", e.Message)
	case record.TargetPaused:
		if e.For >= time.Second {
			fmt.Fprintf(o.w, "target %q is asked again in %s\n", e.Target, e.For.Round(time.Second))
		}
	}
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
	all = append(all, checkup.Speech(ctx, machine{}, speech.LocalEngines())...)
	if len(given) > 0 {
		all = append(all, checkup.Campaign(ctx, planner, given[0])...)
	}
	return all, ctx.Err()
}

// printFindings prints findings, and returns the exit code.
func printFindings(w io.Writer, all []checkup.Finding) int {
	var lines [][]string
	code := exitClean
	for _, f := range all {
		lines = append(lines, []string{string(f.Level), f.Check, f.What})
		if f.Do != "" {
			lines = append(lines, []string{"", "", "→ " + f.Do})
		}
		switch {
		case f.Level != checkup.Problem:
		case f.Check == "sandbox" || f.Check == "store" || f.Check == checkup.CheckTarget:
			if code == exitClean {
				code = exitNoEvidence
			}
		default:
			code = exitWrong
		}
	}
	view.Aligned(w, lines, func(int) bool { return true })
	return code
}

// machine is the operating system that doctor looks at.
type machine struct{}

// LookPath searches the PATH.
func (machine) LookPath(program string) (string, error) { return exec.LookPath(program) }

// Try lets the engine work.
func (machine) Try(ctx context.Context, e speech.LocalEngine) error { return e.Try(ctx) }

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
