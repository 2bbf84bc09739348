package campaign

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/notify"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Previous is the Baseline that means the previous run.
const Previous = "previous"

// Webhook gets the result of a comparison of runs; by default new findings and
// significant changes.
type Webhook struct {
	notify.Webhook
	At yamlfile.Position
}

// maxWebhooks is the largest number of webhooks, because a run waits for each.
const maxWebhooks = 20

var reference = regexp.MustCompile(`\$\{[^}]*\}`)

func readWebhooks(v value) []Webhook {
	var all []Webhook
	v.List(func(entry value) { all = append(all, readWebhook(entry)) })
	if v.IsList() && (v.Len() == 0 || v.Len() > maxWebhooks) {
		v.Problem("leave it out to tell nobody", "%s must have from 1 to %d webhooks, not %d", v.Label(), maxWebhooks, v.Len())
	}
	return all
}

func readWebhook(v value) Webhook {
	w := Webhook{At: v.At()}
	w.On = []notify.Occasion{notify.NewFinding, notify.ASRMoved}
	v.Object(
		yamlfile.Required("url", func(v value) { w.URL = readWebhookURL(v) }),
		yamlfile.Required("format", func(v value) {
			format, _ := v.Choice(string(notify.JSON), string(notify.Slack))
			w.Format = notify.Format(format)
		}),
		yamlfile.Optional("on", func(v value) { w.On = readOccasions(v) }),
	)
	return w
}

func readWebhookURL(v value) string {
	const hint = `such as "${SLACK_WEBHOOK}", an environment variable`
	s, ok := v.Text()
	if !ok {
		return ""
	}
	_, err := secret.References(notify.Webhook{URL: s}.Config())
	if malformed, ok := errors.AsType[secret.SyntaxErrors](err); ok {
		v.Problem(malformed[0].Hint, "%s: %s", v.Label(), malformed[0].Message)
		return s
	}
	if strings.HasPrefix(s, "${") { // checked when the secret is known
		return s
	}
	if secret.InAddress(s) {
		v.SecretProblem(hint, "%s: the address holds credentials", v.Label())
		return s
	}
	if _, err := notify.CheckURL(reference.ReplaceAllString(s, "x")); err != nil {
		v.SecretProblem(hint, "%s: %v", v.Label(), err)
	}
	return s
}

func readOccasions(v value) []notify.Occasion {
	var all []notify.Occasion
	v.List(func(entry value) {
		word, ok := entry.Choice(string(notify.NewFinding), string(notify.ASRMoved), string(notify.NoEvidence))
		switch o := notify.Occasion(word); {
		case !ok:
		case slices.Contains(all, o):
			entry.Problem("", "%s is listed twice", o)
		default:
			all = append(all, o)
		}
	})
	if v.IsList() && v.Len() == 0 {
		v.Problem("leave it out for new_finding and asr_moved", "%s must not be empty", v.Label())
	}
	return all
}

var runID = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[a-z0-9]+$`)

// readBaseline reads the baseline of the campaign's runs.
func readBaseline(v value) string {
	s, ok := v.Text()
	if ok && s != Previous && !runID.MatchString(s) {
		v.Problem(`"previous" for the run before, or a run's ID such as 20261123-203434-k3x9`, "%s is not a run", yamlfile.Quote(s))
	}
	return s
}
