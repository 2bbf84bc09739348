package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// surrounded is a campaign in which "reset" is asked before and after each trial.
const surrounded = `version: 1
name: around
scope: {hosts: [reset.example]}
targets:
  agent: {use: voice}
  reset: {use: chat, with: {endpoint: "https://reset.example/v1"}}
scorers:
  leaked: {use: match/substring, with: {any: [blue]}}
datasets:
  doors: {rows: [{door: vault}, {door: safe}]}
attacks:
  - name: asked
    target: agent
    objective: It opens the {{ .door }}.
    for_each: doors
    turns: [{user: "Open the {{ .door }}."}]
    before_trial: [{target: reset, send: "Lock the {{ .door }}."}]
    after_trial: [reset]
    scorers: [leaked]
`

func TestATrialHasTheRequestsOfItsRow(t *testing.T) {
	p := plans(t, surrounded)
	got := [][]plan.Request{p.Trials[1].BeforeTrial, p.Trials[1].AfterTrial}
	want := [][]plan.Request{{{Target: "reset", Send: "Lock the safe."}}, {{Target: "reset", Send: "after_trial"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	var opened []string
	for _, target := range p.Targets {
		opened = append(opened, target.Name)
	}
	if diff := cmp.Diff([]string{"agent", "reset"}, opened); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	if e := p.Estimate(); e.Turns != (plan.Range[int64]{Low: 2 + 4, High: 2 + 4}) {
		t.Errorf("the estimate is %+v turns, want two of the trials and four of the requests", e.Turns)
	}
	without := plans(t, strings.Replace(surrounded, "    after_trial: [reset]\n", "", 1))
	if p.Fingerprint() == without.Fingerprint() {
		t.Error("a plan without its requests has the same fingerprint")
	}
}

func TestARequestGoesToATargetThatTakesText(t *testing.T) {
	source := strings.Replace(surrounded, `use: chat, with: {endpoint: "https://reset.example/v1"}`, "use: gallery", 1)
	if got, want := problems(t, source), `which target "reset" (gallery) does not take (the target takes image)`; strings.Count(got, want) != 2 {
		t.Errorf("problems %s, want %q for both requests", got, want)
	}
}
