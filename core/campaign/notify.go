package campaign

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// Previous is the Baseline that stands for the run before.
const Previous = "previous"

// Webhook is told of what a comparison of runs found.
type Webhook struct {
	// URL is as it is written: secret references are not resolved.
	URL    string
	Format WebhookFormat
	// On says what it is told of; by default of what is new and of what moved.
	On []Occasion
	At Position
}

// WebhookFormat is what a webhook understands.
type WebhookFormat string

// The formats of webhooks.
const (
	// JSON is the whole comparison.
	JSON WebhookFormat = "json"
	// Slack is a message that Slack and those who are compatible with it show.
	Slack WebhookFormat = "slack"
)

// Occasion is a reason to tell a webhook.
type Occasion string

// The occasions.
const (
	// NewFinding: something succeeded that never did in the baseline.
	NewFinding Occasion = "new_finding"
	// ASRMoved: an attack success rate really rose or fell.
	ASRMoved Occasion = "asr_moved"
	// NoEvidence: the run cannot say whether anything is worse.
	NoEvidence Occasion = "no_evidence"
)

// maxWebhooks bounds the list: each of them is waited for.
const maxWebhooks = 20

// Config returns the URL as a JSON object, in which package secret finds what it
// refers to.
func (w Webhook) Config() []byte {
	data, err := json.Marshal(map[string]string{"url": w.URL})
	if err != nil {
		return []byte("{}") // strings always encode
	}
	return data
}

var reference = regexp.MustCompile(`\$\{[^}]*\}`)

// Place says where the webhook is, without what may be secret in its address: the
// host, or the reference that stands for the whole address.
func (w Webhook) Place() string {
	if name, _, ok := strings.Cut(w.URL, "}"); ok && strings.HasPrefix(name, "${") {
		return name + "}"
	}
	scheme, rest, _ := strings.Cut(w.URL, "://")
	host := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		host = rest[:end]
	}
	return scheme + "://" + host + "/…"
}

// CheckWebhookURL checks the address of a webhook: it has to be encrypted, unless
// it is on this machine. Its errors do not repeat the address, which is a secret.
// References to secrets stand for what does not matter, but for one that stands
// for the beginning.
func CheckWebhookURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme == "" || u.Hostname() == "":
		return nil, errors.New("it is not a URL such as https://hooks.example.com/services/…")
	case u.User != nil:
		return nil, errors.New("it has a user or password before the host, which webhooks do not take")
	case u.Scheme == "http" && scope.Loopback(scope.Name(u.Hostname())), u.Scheme == "https":
		return u, nil
	default:
		return nil, fmt.Errorf("it begins with %s://, and has to begin with https:// unless it is on this machine", u.Scheme)
	}
}

func (r *reader) webhooks(v value) []Webhook {
	var all []Webhook
	r.list(v, func(entry value) { all = append(all, r.webhook(entry)) })
	if v.Kind == yaml.SequenceNode && (len(v.Content) == 0 || len(v.Content) > maxWebhooks) {
		r.problem(v.place(), "leave it out to tell nobody", "%s must have from 1 to %d webhooks, not %d", v.label, maxWebhooks, len(v.Content))
	}
	return all
}

func (r *reader) webhook(v value) Webhook {
	w := Webhook{On: []Occasion{NewFinding, ASRMoved}, At: v.place()}
	r.object(v, []field{
		{"url", true, func(v value) { w.URL = r.webhookURL(v) }},
		{"format", true, func(v value) {
			format, _ := r.choice(v, string(JSON), string(Slack))
			w.Format = WebhookFormat(format)
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
	_, err := secret.References(Webhook{URL: s}.Config())
	if malformed, ok := errors.AsType[secret.SyntaxErrors](err); ok {
		r.problem(v.place(), malformed[0].Hint, "%s: %s", v.label, malformed[0].Message)
		return s
	}
	if strings.HasPrefix(s, "${") { // looked at when it is known
		return s
	}
	if _, err := CheckWebhookURL(reference.ReplaceAllString(s, "x")); err != nil {
		r.secretProblem(v.place(), hint, "%s: %v", v.label, err)
	}
	return s
}

func (r *reader) occasions(v value) []Occasion {
	var all []Occasion
	r.list(v, func(entry value) {
		word, ok := r.choice(entry, string(NewFinding), string(ASRMoved), string(NoEvidence))
		switch o := Occasion(word); {
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
