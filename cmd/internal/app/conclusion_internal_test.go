package app

import (
	"strconv"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func TestARunIsJudgedByItsFindingsThenByItsEvidence(t *testing.T) {
	type tallies = []stats.Tally
	for name, test := range map[string]struct {
		attacks tallies
		limit   campaign.Evidence
		end     ending
		want    Verdict
		why     string
	}{
		"all defended":                   {attacks: tallies{{Defended: 20}}, want: Clean, why: "nothing found: the objective was reached in 0 of 20 trials"},
		"a finding":                      {attacks: tallies{{Succeeded: 1, Defended: 19}}, want: Findings, why: "in 1 of 20 trials"},
		"a finding among errors":         {attacks: tallies{{Succeeded: 1, Errored: 19}}, want: Findings, why: "findings: the objective was reached in 1 of 20 trials; 19 gave no evidence"},
		"a finding beside a dead attack": {attacks: tallies{{Errored: 33}, {Succeeded: 27}}, want: Findings, why: "findings: the objective was reached in 27 of 60 trials; 33 gave no evidence"},
		"one error, none allowed":        {attacks: tallies{{Defended: 19, Errored: 1}}, want: NoEvidence, why: `attack "0": 1 of 20 trials errored, and the campaign allows 0%`},
		"one undetermined, none allowed": {attacks: tallies{{Defended: 19, Undetermined: 1}}, want: NoEvidence, why: "1 of 20 trials undetermined"},
		"as many errors as allowed":      {attacks: tallies{{Defended: 93, Errored: 7}}, limit: campaign.Evidence{MaxErrored: 0.07}, want: Clean, why: "7 gave no evidence"},
		"more errors than allowed": {
			attacks: tallies{{Defended: 992, Errored: 8}}, limit: campaign.Evidence{MaxErrored: 0.0075}, want: NoEvidence, why: "allows 0.75%",
		},
		"one attack has more errors than allowed, all of them together have not": {
			attacks: tallies{{Defended: 100}, {Defended: 1, Errored: 1}}, limit: campaign.Evidence{MaxErrored: 0.1}, want: NoEvidence, why: `attack "1": 1 of 2 trials errored`,
		},
		"an attack without a judgement, which the limits allow": {
			attacks: tallies{{Defended: 100}, {Errored: 1, Undetermined: 1}}, limit: campaign.Evidence{MaxErrored: 1, MaxUndetermined: 1}, want: NoEvidence,
			why: `attack "1": no trial was judged`,
		},
		"two attacks without evidence":    {attacks: tallies{{Errored: 1}, {Errored: 1}}, want: NoEvidence, why: "and so for 1 other attack"},
		"as many undetermined as allowed": {attacks: tallies{{Defended: 7, Undetermined: 3}}, limit: campaign.Evidence{MaxUndetermined: 0.3}, want: Clean},
		"undetermined is not errored":     {attacks: tallies{{Defended: 7, Undetermined: 3}}, limit: campaign.Evidence{MaxErrored: 1}, want: NoEvidence},
		"no attack at all":                {want: NoEvidence, why: "no trial was judged"},
		"stopped":                         {attacks: tallies{{Defended: 1}}, end: interrupted, want: Interrupted, why: "reached in 0 of 1 trial"},
		"stopped after a finding":         {attacks: tallies{{Succeeded: 1}}, end: interrupted, want: Interrupted, why: "reached in 1 of 1 trial"},
		"at a bound":                      {attacks: tallies{{Defended: 9}}, end: bounded, want: NoEvidence, why: "no evidence: a bound of scope stopped the run before the end; the objective was reached in 0 of 9 trials"},
		"at a bound, after a finding":     {attacks: tallies{{Succeeded: 1, Defended: 9}}, end: bounded, want: Findings, why: "findings"},
		"not recorded to its end":         {attacks: tallies{{Defended: 9}}, end: unrecorded, want: NoEvidence, why: "could not be recorded"},
		"not recorded, with a finding":    {attacks: tallies{{Succeeded: 1, Defended: 9}}, end: unrecorded, want: Findings, why: "findings"},
	} {
		var rows stats.Rows
		planned := 0
		for i, tally := range test.attacks {
			rows = append(rows, &stats.Row{Name: strconv.Itoa(i), Tally: tally})
			planned += tally.Total()
		}
		code, why := judge(rows, planned, test.limit, test.end)
		if code != test.want || !strings.Contains(why, test.why) {
			t.Errorf("%s: %d, %q; want %d, %q", name, code, why, test.want, test.why)
		}
	}
}

func TestARunThatWasStoppedCountsTheTrialsThatNeverBegan(t *testing.T) {
	if code, why := judge(nil, 400, campaign.Evidence{}, interrupted); code != Interrupted || !strings.Contains(why, "0 of 400 trials; 400 gave no evidence") {
		t.Errorf("%d, %q", code, why)
	}
}

// A target that was never reached is not hidden by another one that answered.
func TestEachTargetOfAnAttackHasToGiveEvidence(t *testing.T) {
	counts := []store.Count{
		{Attack: "ask", Target: "old", Outcome: core.Defended, Trials: 90},
		{Attack: "ask", Target: "new", Outcome: core.Errored, Trials: 10},
	}
	want := `no evidence: attack "ask" on target "new": 10 of 10 trials errored, and the campaign allows 20%`
	if verdict, why := judge(Tally(counts), 100, campaign.Evidence{MaxErrored: 0.2}, finished); verdict != NoEvidence || why != want {
		t.Errorf("%d, %q; want %q", verdict, why, want)
	}
}
