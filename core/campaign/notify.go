package campaign

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core/notify"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// Previous is the Baseline that stands for the run before.
const Previous = "previous"

// Webhook is told of what a comparison of runs found; by default of what is new
// and of what moved.
type Webhook struct {
	notify.Webhook
	At Position
}

// maxWebhooks bounds the list: each of them is waited for.
const maxWebhooks = 20

var reference = regexp.MustCompile(`\$\{[^}]*\}`)

func (r *reader) webhooks(v value) []Webhook {
	var all []Webhook
	r.list(v, func(entry value) { all = append(all, r.webhook(entry)) })
	if v.Kind == yaml.SequenceNode && (len(v.Content) == 0 || len(v.Content) > maxWebhooks) {
		r.problem(v.place(), "leave it out to tell nobody", "%s must have from 1 to %d webhooks, not %d", v.label, maxWebhooks, len(v.Content))
	}
	return all
}

func (r *reader) webhook(v value) Webhook {
	w := Webhook{At: v.place()}
	w.On = []notify.Occasion{notify.NewFinding, notify.ASRMoved}
	r.object(v, []field{
		{"url", true, func(v value) { w.URL = r.webhookURL(v) }},
		{"format", true, func(v value) {
			format, _ := r.choice(v, string(notify.JSON), string(notify.Slack))
			w.Format = notify.Format(format)
		}},
		{"on", false, func(v value) { w.On = r.occasions(v) }},
	})
	return w
}

func (r *reader) webhookURL(v value) string {
	const hint = `such as "${SLACK_WEBHOOK}", an environment variable`
	s, ok := r.text(v)
	if !ok {
		return ""
	}
	_, err := secret.References(notify.Webhook{URL: s}.Config())
	if malformed, ok := errors.AsType[secret.SyntaxErrors](err); ok {
		r.problem(v.place(), malformed[0].Hint, "%s: %s", v.label, malformed[0].Message)
		return s
	}
	if strings.HasPrefix(s, "${") { // looked at when it is known
		return s
	}
	if _, err := notify.CheckURL(reference.ReplaceAllString(s, "x")); err != nil {
		r.secretProblem(v.place(), hint, "%s: %v", v.label, err)
	}
	return s
}

func (r *reader) occasions(v value) []notify.Occasion {
	var all []notify.Occasion
	r.list(v, func(entry value) {
		word, ok := r.choice(entry, string(notify.NewFinding), string(notify.ASRMoved), string(notify.NoEvidence))
		switch o := notify.Occasion(word); {
		case !ok:
		case slices.Contains(all, o):
			r.problem(entry.place(), "", "%s is listed twice", o)
		default:
			all = append(all, o)
		}
	})
	if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
		r.problem(v.place(), "leave it out for new_finding and asr_moved", "%s must not be empty", v.label)
	}
	return all
}

var runID = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[a-z0-9]+$`)

// baseline reads what the campaign's runs are compared with.
func (r *reader) baseline(v value) string {
	s, ok := r.text(v)
	if ok && s != Previous && !runID.MatchString(s) {
		r.problem(v.place(), `"previous" for the run before, or a run's ID such as 20261123-203434-k3x9`, "%s is not a run", shorten(s))
	}
	return s
}
