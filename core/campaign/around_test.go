package campaign_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// around is a sound campaign with a second target, and an attack with the given
// requests before and after each trial.
func around(requests string) string {
	return strings.Replace(with(`name: a
target: agent
objective: It says it.
for_each: openers
turns: [{user: "{{ .text }}"}]
scorers: [leaked]
`+requests), "targets: {agent: realtime}", "targets: {agent: realtime, reset: chat}", 1)
}

func TestAnAttackMayHaveRequestsBeforeAndAfterEachTrial(t *testing.T) {
	c, err := read(t, around(`before_trial: [reset, {target: reset, send: "fill {{ .text }}"}, reset]
after_trial: [{target: agent}]`), nil)
	if err != nil {
		t.Fatal(err)
	}
	options := []cmp.Option{cmpopts.IgnoreTypes(yamlfile.Position{}), cmpopts.IgnoreUnexported(campaign.Text{})}
	request := func(target, send string) campaign.Request {
		return campaign.Request{Target: campaign.Reference{Name: target}, Send: written(send)}
	}
	want := [][]campaign.Request{
		{request("reset", "before_trial"), request("reset", "fill {{ .text }}"), request("reset", "before_trial")},
		{request("agent", "after_trial")},
	}
	a := c.Attacks[0]
	if diff := cmp.Diff(want, [][]campaign.Request{a.BeforeTrial, a.AfterTrial}, options...); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestARequestMayNameParameters(t *testing.T) {
	source := strings.Replace(around(`after_trial: [{target: reset, send: "empty {{ .params.account }}"}]`), "\n", "\nparameters: {account: {type: string, default: Smith}}\n", 1)
	c, err := read(t, source, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Attacks[0].AfterTrial[0].Send.Fill(map[string]string{"text": "x"}); err != nil || got != "empty Smith" {
		t.Errorf("sent %q, %v", got, err)
	}
}

func TestWhatIsWrongWithARequestIsSaidWithItsPlace(t *testing.T) {
	for requests, want := range map[string]string{
		"before_trial: []":                                   "before_trial must not be empty",
		"before_trial: reset":                                "before_trial must be a list",
		"before_trial: [rest]":                               `target "rest" is not defined (did you mean "reset"?)`,
		"after_trial: [{send: x}]":                           `needs the key "target"`,
		"after_trial: [{target: reset, say: x}]":             `unknown key "say"`,
		`after_trial: [{target: reset, send: "{{ .txt }}"}]`: `has no column "txt"`,
	} {
		if _, err := read(t, around(requests), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", requests, err, want)
		}
	}
}
