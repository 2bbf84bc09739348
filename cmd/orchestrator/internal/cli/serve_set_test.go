package cli_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// The values that serve is started with are those of each of its runs.
func TestServeGivesItsRunsTheirParameters(t *testing.T) {
	t.Parallel()
	campaign := strings.Replace(scheduledTurns(newPractice(t, nil).endpoint(), 1), "trials: 1", `trials: "{{ .params.calls }}"`, 1)
	campaign = strings.Replace(campaign, "targets:", "parameters: {calls: {type: integer}}\ntargets:", 1)
	p := startServe(t, campaign, "--set", "calls=3")
	p.command(0, "schedule", "trigger", "two-turns")
	run := p.finished()
	if want := (store.Value{Name: "calls", Value: "3", Source: "--set"}); run.Trials != 3 || len(run.Values) != 1 || run.Values[0] != want {
		t.Errorf("the run has %d trials and the values %+v", run.Trials, run.Values)
	}
}
