package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

func TestEveryErrorHasItsExitCode(t *testing.T) {
	broken := errors.New("the disk is full")
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"no error":                             {nil, 0},
		"findings":                             {conclusion{exitFindings}, 1},
		"findings, and then the store failed":  {errors.Join(conclusion{exitFindings}, broken), 1},
		"no evidence":                          {conclusion{exitNoEvidence}, 3},
		"interrupted":                          {conclusion{exitInterrupted}, 130},
		"interrupted before the first trial":   {fmt.Errorf("asking: %w", context.Canceled), 130},
		"a wrong flag":                         {usagef("unknown flag"), 2},
		"a wrong campaign":                     {app.CampaignError{Problems: yamlfile.Problems{{Message: "no"}}, Source: nil}, 2},
		"a wrong campaign among unreadable":    {errors.Join(broken, app.CampaignError{Problems: yamlfile.Problems{{Message: "no"}}, Source: nil}), 2},
		"a configuration that is refused":      {fmt.Errorf("run 1: %w", core.Errorf(core.ErrorConfig, "no such voice")), 2},
		"credentials that are refused":         {core.Errorf(core.ErrorAuth, "no"), 3},
		"the run could not be recorded":        {fmt.Errorf("run 1: %w", broken), 3},
		"a deadline that nobody speaks of":     {context.DeadlineExceeded, 3},
		"a wrong flag that names cancellation": {usagef("%w", context.Canceled), 2},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%s: exit code %d, want %d", name, got, test.want)
		}
	}
}

func TestAMistakeOnTheCommandLineGetsTheGeneralHintWhereNothingBetterIsSaid(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{usagef("no"), "orchestrator: error: no\norchestrator: hint: orchestrator help shows the commands and their flags\n"},
		{usagef("no").withHint("try"), "orchestrator: error: no\norchestrator: hint: try\n"},
		{usagef("no %q", "shwo").suggesting("shwo", []string{"list", "show"}), "orchestrator: error: no \"shwo\" (did you mean \"show\"?)\n"},
	} {
		var out strings.Builder
		printError(&out, test.err)
		if out.String() != test.want {
			t.Errorf("printed %q, want %q", out.String(), test.want)
		}
	}
}

func TestAnErrorIsPrintedWithItsHintAndNothingThatATerminalObeys(t *testing.T) {
	var out bytes.Buffer
	err := core.Errorf(core.ErrorAuth, "the server says \x1b]0;owned\x07\nno").WithHint("check \x9b2Jthe key")
	printError(view.Printable(&out), errors.Join(err, conclusion{exitFindings}))
	want := `orchestrator: error: the server says \u001b]0;owned\u0007
orchestrator: error: no
orchestrator: hint: check ` + "\uFFFD" + `2Jthe key
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}
