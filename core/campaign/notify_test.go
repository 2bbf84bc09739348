package campaign_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/notify"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

const notified = `version: 1
name: notified
baseline: previous
notify:
  - {url: "${SLACK_WEBHOOK}", format: slack}
  - {url: "https://hooks.example.com/${file:token}", format: json, on: [no_evidence]}
  - {url: "http://127.0.0.1:9000/hook", format: json}
targets: {agent: realtime}
scorers: {leaked: match/substring}
attacks:
  - {name: a, target: agent, objective: x, turns: [{user: a}], scorers: [leaked]}
`

func TestACampaignNamesWhoIsToldOfComparisons(t *testing.T) {
	c, err := read(t, notified, nil)
	if err != nil {
		t.Fatal(err)
	}
	usual := []notify.Occasion{notify.NewFinding, notify.ASRMoved}
	want := []campaign.Webhook{
		{Webhook: notify.Webhook{URL: "${SLACK_WEBHOOK}", Format: notify.Slack, On: usual}},
		{Webhook: notify.Webhook{URL: "https://hooks.example.com/${file:token}", Format: notify.JSON, On: []notify.Occasion{notify.NoEvidence}}},
		{Webhook: notify.Webhook{URL: "http://127.0.0.1:9000/hook", Format: notify.JSON, On: usual}},
	}
	if diff := cmp.Diff(want, c.Notify, cmpopts.IgnoreTypes(yamlfile.Position{})); diff != "" || c.Baseline != campaign.Previous {
		t.Errorf("baseline %q; notify -want +got:\n%s", c.Baseline, diff)
	}
}

func TestWhereAWebhookIsShowsNoSecret(t *testing.T) {
	for address, want := range map[string]string{
		"${SLACK_WEBHOOK}":                         "${SLACK_WEBHOOK}",
		"https://hooks.example.com/T0/B0/s3cret":   "https://hooks.example.com/…",
		"https://hooks.example.com?token=s3cret":   "https://hooks.example.com/…",
		"https://${HOST}:8443/x":                   "https://${HOST}:8443/…",
		"http://127.0.0.1:9000/hook/${file:token}": "http://127.0.0.1:9000/…",
	} {
		if got := (notify.Webhook{URL: address}).Place(); got != want {
			t.Errorf("%s is shown as %s, want %s", address, got, want)
		}
	}
}

func TestMistakesAboutWebhooksAndBaselinesHaveAPlace(t *testing.T) {
	const hint = ` (such as "${SLACK_WEBHOOK}", an environment variable)`
	for name, test := range map[string]struct{ was, is, want string }{
		"an address that is not encrypted": {"http://127.0.0.1:9000/hook", "http://10.0.0.1/s3cret", "7:11: url: the address begins with http://, and has to begin with https:// unless it is on this machine" + hint},
		"no address":                       {"http://127.0.0.1:9000/hook", "hooks.example.com/x", "7:11: url: the address is not a URL such as https://hooks.example.com/services/…" + hint},
		"a password":                       {"http://127.0.0.1:9000/hook", "https://me:s3cret@h.example", "7:11: url: the address holds credentials" + hint},
		"a reference that is malformed":    {"${SLACK_WEBHOOK}", "${SLACK WEBHOOK}", `5:11: url: "${SLACK WEBHOOK}" does not name an environment variable (write ${NAME} for an environment variable, ${file:path} for a file, "$${" for a literal "${")`},
		"an unknown format":                {"format: slack", "format: slak", `5:39: format must be one of json, slack, not "slak" (did you mean "slack"?)`},
		"no format":                        {", format: slack", "", `5:5: notify[0] needs the key "format"`},
		"an unknown occasion":              {"[no_evidence]", "[no_evidense]", `6:73: on[0] must be one of new_finding, asr_moved, no_evidence, not "no_evidense" (did you mean "no_evidence"?)`},
		"no occasion":                      {"[no_evidence]", "[]", "6:72: on must not be empty (leave it out for new_finding and asr_moved)"},
		"an occasion twice":                {"[no_evidence]", "[asr_moved, asr_moved]", "6:84: asr_moved is listed twice"},
		"an unknown key":                   {"format: slack", "format: slack, contents: true", `5:46: unknown key "contents" (the keys here are url, format, on)`},
		"a baseline that is no run":        {"previous", "yesterday", `3:11: "yesterday" is not a run ("previous" for the run before, or a run's ID such as 20261123-203434-k3x9)`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, strings.Replace(notified, test.was, test.is, 1), nil)
			if err == nil {
				t.Fatal("no error")
			}
			if got := first(t, err); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error has the secret: %v", err)
			}
		})
	}
	head, _, _ := strings.Cut(notified, "  - {url")
	_, tail, _ := strings.Cut(notified, "/hook\", format: json}\n")
	_, err := read(t, head+"  []\n"+tail, nil)
	if err == nil || !strings.Contains(err.Error(), "notify must have from 1 to 20 webhooks, not 0") {
		t.Errorf("no webhooks: %v", err)
	}
}
