package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// The exit codes. They are documented in the README and do not change.
const (
	// exitClean: the run gave evidence, and nothing was found.
	exitClean = 0
	// exitFindings: at least one trial succeeded.
	exitFindings = 1
	// exitWrong: the campaign or the command line is wrong; nothing was sent.
	exitWrong = 2
	// exitNoEvidence: the run could not give evidence.
	exitNoEvidence = 3
	// exitNotLaunched: the sandbox could not be set up, so that the plugin was
	// not started.
	exitNotLaunched = sandbox.ExitStatus
	// exitInterrupted: stopped by a signal (the shells' code for SIGINT) or by
	// orchestrator stop.
	exitInterrupted = 130
)

// usageError is an error in the command line.
type usageError struct {
	error
	hint string
}

func (e usageError) Unwrap() error { return e.error }

// withHint replaces the general hint; "" removes it.
func (e usageError) withHint(format string, args ...any) usageError {
	e.hint = fmt.Sprintf(format, args...)
	return e
}

// usagef returns a usageError.
func usagef(format string, args ...any) usageError {
	return usageError{fmt.Errorf(format, args...), "orchestrator help shows the commands and their flags"}
}

// suggesting adds the nearest known name to the message about an unknown one.
func (e usageError) suggesting(name string, known []string) usageError {
	if near := schema.Nearest(name, known); near != "" {
		return usageError{fmt.Errorf("%w (did you mean %q?)", e.error, near), ""}
	}
	return e
}

// conclusion is the error of a run that ended with an exit code other than 0:
// its explanation was printed already.
type conclusion struct{ code int }

func (c conclusion) Error() string { return fmt.Sprintf("exit code %d", c.code) }

// verdictCode returns the exit code of a run with a verdict. Where there is no verdict,
// the error decides.
func verdictCode(v app.Verdict) int {
	switch v {
	case app.Findings:
		return exitFindings
	case app.NoEvidence:
		return exitNoEvidence
	case app.Interrupted:
		return exitInterrupted
	default:
		return exitClean
	}
}

// concluded returns the error of a command that has carried out a run, or tried
// to.
func concluded(out app.Outcome, err error) error {
	if code := verdictCode(out.Verdict); code != exitClean {
		return errors.Join(conclusion{code}, err)
	}
	return err
}

// exitCode maps an error to the exit code.
func exitCode(err error) int {
	if err == nil {
		return exitClean
	}
	if c, ok := errors.AsType[conclusion](err); ok {
		return c.code
	}
	if _, ok := errors.AsType[app.CampaignError](err); ok {
		return exitWrong
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitWrong
	}
	if _, ok := errors.AsType[app.UnknownPluginError](err); ok {
		return exitWrong
	}
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case core.KindOf(err) == core.ErrorConfig:
		return exitWrong
	default:
		return exitNoEvidence
	}
}

// scheduledOutcome returns the outcome of a scheduled run that ended with an
// error, or with nil.
func scheduledOutcome(err error) schedule.Outcome {
	switch exitCode(err) {
	case exitClean:
		return schedule.Clean
	case exitFindings:
		return schedule.Findings
	case exitWrong:
		return schedule.Wrong
	case exitInterrupted:
		return schedule.Interrupted
	default:
		return schedule.NoEvidence
	}
}

// printError prints an error, then its hint, each line with the program's name,
// which tells them from a command's output. A campaign's problems are printed
// with their lines.
func printError(w io.Writer, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			printError(w, e)
		}
		return
	}
	if _, ok := errors.AsType[conclusion](err); ok || err == nil {
		return
	}
	if wrong, ok := errors.AsType[app.CampaignError](err); ok {
		for _, p := range wrong.Problems {
			view.Problem(w, "error", p, wrong.Source)
		}
		return
	}
	if unknown, ok := errors.AsType[app.UnknownPluginError](err); ok {
		err = usagef("--no-sandbox: %w", err).suggesting(unknown.Name, unknown.Known)
	}
	view.Lines(w, "error", err.Error())
	hint := core.HintOf(err)
	if usage, ok := errors.AsType[usageError](err); ok {
		hint = usage.hint
	}
	if hint != "" {
		view.Lines(w, "hint", hint)
	}
}
