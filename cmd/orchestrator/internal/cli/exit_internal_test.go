package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
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
		"a wrong campaign":                     {wrongCampaign{campaign.Problems{{Message: "no"}}, nil}, 2},
		"a wrong campaign among unreadable":    {errors.Join(broken, wrongCampaign{campaign.Problems{{Message: "no"}}, nil}), 2},
		"a configuration that is refused":      {fmt.Errorf("run 1: %w", core.Errorf(core.KindConfig, "no such voice")), 2},
		"credentials that are refused":         {core.Errorf(core.KindAuth, "no"), 3},
		"the run could not be recorded":        {fmt.Errorf("run 1: %w", broken), 3},
		"a deadline that nobody speaks of":     {context.DeadlineExceeded, 3},
		"a wrong flag that names cancellation": {usagef("%w", context.Canceled), 2},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%s: exit code %d, want %d", name, got, test.want)
		}
	}
}

func TestARunIsJudgedByItsFindingsThenByItsEvidence(t *testing.T) {
	for name, test := range map[string]struct {
		tally       stats.Tally
		limit       campaign.Evidence
		interrupted bool
		want        int
		why         string
	}{
		"all defended":                   {tally: stats.Tally{Defended: 20}, want: 0, why: "nothing found"},
		"a finding":                      {tally: stats.Tally{Succeeded: 1, Defended: 19}, want: 1, why: "in 1 trial"},
		"a finding among errors":         {tally: stats.Tally{Succeeded: 1, Errored: 19}, want: 1},
		"one error, none allowed":        {tally: stats.Tally{Defended: 19, Errored: 1}, want: 3, why: "1 trial errored, and the campaign allows 0%"},
		"one undetermined, none allowed": {tally: stats.Tally{Defended: 19, Undetermined: 1}, want: 3, why: "1 trial undetermined"},
		"as many errors as allowed":      {tally: stats.Tally{Defended: 93, Errored: 7}, limit: campaign.Evidence{MaxErrored: 0.07}, want: 0},
		"more errors than allowed": {
			tally: stats.Tally{Defended: 992, Errored: 8}, limit: campaign.Evidence{MaxErrored: 0.0075}, want: 3, why: "allows 0.75%",
		},
		"as many undetermined as allowed": {tally: stats.Tally{Defended: 7, Undetermined: 3}, limit: campaign.Evidence{MaxUndetermined: 0.3}, want: 0},
		"undetermined is not errored":     {tally: stats.Tally{Defended: 7, Undetermined: 3}, limit: campaign.Evidence{MaxErrored: 1}, want: 3},
		"nothing but errors, all allowed": {tally: stats.Tally{Errored: 3}, limit: campaign.Evidence{MaxErrored: 1}, want: 3, why: "no trial was judged"},
		"stopped":                         {tally: stats.Tally{Defended: 1}, interrupted: true, want: 130, why: "0 findings so far"},
		"stopped after a finding":         {tally: stats.Tally{Succeeded: 1}, interrupted: true, want: 130, why: "1 finding so far"},
	} {
		code, why := judgeRun(test.tally, test.limit, test.interrupted)
		if code != test.want || !strings.Contains(why, test.why) {
			t.Errorf("%s: %d, %q; want %d, %q", name, code, why, test.want, test.why)
		}
	}
}

func TestAnErrorIsPrintedWithItsHintAndNothingThatATerminalObeys(t *testing.T) {
	var out bytes.Buffer
	err := core.Errorf(core.KindAuth, "the server says \x1b]0;owned\x07\nno").WithHint("check \x9b2Jthe key")
	printError(printable{&out}, errors.Join(err, conclusion{exitFindings}))
	want := `orchestrator: error: the server says \u001b]0;owned\u0007
orchestrator: error: no
orchestrator: hint: check ` + "\uFFFD" + `2Jthe key
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}

func TestARateIsRoundedToNothingOnlyIfItIsNothing(t *testing.T) {
	for rate, want := range map[float64]string{
		0: "0%", 0.0004: "<1%", 0.006: "1%", 0.25: "25%", 0.994: "99%", 0.9996: ">99%", 1: "100%",
	} {
		if got := percent(rate); got != want {
			t.Errorf("percent(%v) = %s, want %s", rate, got, want)
		}
	}
}
