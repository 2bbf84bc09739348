package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// Webhook is told of what a comparison of runs found.
type Webhook struct {
	// URL is as the campaign writes it: secret references are not resolved.
	URL    string
	Format Format
	// On are the occasions on which the webhook is told.
	On []Occasion
}

// Format is what a webhook understands.
type Format string

// The formats of webhooks.
const (
	// JSON is the whole comparison.
	JSON Format = "json"
	// Slack is a message that Slack and services compatible with it show.
	Slack Format = "slack"
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

// Config returns the URL as a JSON object, in which package secret finds what it
// refers to.
func (w Webhook) Config() []byte {
	data, err := json.Marshal(map[string]string{"url": w.URL})
	if err != nil {
		return []byte("{}") // strings always encode
	}
	return data
}

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

// CheckURL checks the address of a webhook: it has to be encrypted, unless it is
// on this machine. Its errors do not repeat the address, which is a secret.
func CheckURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme == "" || u.Hostname() == "":
		return nil, errors.New("the address is not a URL such as https://hooks.example.com/services/…")
	case u.User != nil:
		return nil, errors.New("the address has a user or password before the host, which webhooks do not take")
	case u.Scheme == "http" && scope.Loopback(scope.Name(u.Hostname())), u.Scheme == "https":
		return u, nil
	default:
		return nil, fmt.Errorf("the address begins with %s://, and has to begin with https:// unless it is on this machine", u.Scheme)
	}
}
