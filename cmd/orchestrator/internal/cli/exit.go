package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
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
	// exitInterrupted: stopped by a signal, as shells number SIGINT.
	exitInterrupted = 130
)

// errUsage marks mistakes on the command line.
var errUsage = errors.New("usage")

// usagef returns an error for a mistake on the command line.
func usagef(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errUsage, fmt.Errorf(format, args...))
}

// conclusion is how a run ends that was carried out, with an exit code other
// than 0: its explanation has been printed already.
type conclusion struct{ code int }

func (c conclusion) Error() string { return fmt.Sprintf("exit code %d", c.code) }

// exitCode maps an error to the exit code.
func exitCode(err error) int {
	if err == nil {
		return exitClean
	}
	if c, ok := errors.AsType[conclusion](err); ok {
		return c.code
	}
	if _, ok := errors.AsType[wrongCampaign](err); ok {
		return exitWrong
	}
	switch {
	case errors.Is(err, errUsage):
		return exitWrong
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case core.KindOf(err) == core.KindConfig:
		return exitWrong
	default:
		return exitNoEvidence
	}
}

// printError prints an error, then its hint, each line with the program's
// name, so that they can be told apart from what a command prints. A campaign's
// problems come with the lines that they are about.
func printError(w io.Writer, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && !errors.Is(err, errUsage) {
		for _, e := range joined.Unwrap() {
			printError(w, e)
		}
		return
	}
	if _, ok := errors.AsType[conclusion](err); ok || err == nil {
		return
	}
	if wrong, ok := errors.AsType[wrongCampaign](err); ok {
		for _, p := range wrong.Problems {
			fmt.Fprintf(w, "orchestrator: error: %v\n%s", p, p.Snippet(wrong.source))
		}
		return
	}
	printLines(w, "error", strings.TrimPrefix(err.Error(), errUsage.Error()+": "))
	if hint := core.HintOf(err); hint != "" {
		printLines(w, "hint", hint)
	}
	if errors.Is(err, errUsage) {
		printLines(w, "hint", "orchestrator help shows the commands and their flags")
	}
}

func printLines(w io.Writer, what, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(w, "orchestrator: %s: %s\n", what, line)
	}
}
