package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// Webhook is an address that notices are sent to.
type Webhook struct {
	// URL is the address in the campaign; secret references are not resolved.
	URL    string
	Format Format
	// On are the occasions on which a notice is sent.
	On []Occasion
}

// Format is the form of a webhook's body.
type Format string

// The formats of webhooks.
const (
	// JSON is the JSON form of a [Notice].
	JSON Format = "json"
	// Slack is a message for Slack and compatible services.
	Slack Format = "slack"
)

// Occasion is a reason to send a notice.
type Occasion string

// The occasions.
const (
	// NewFinding: a case succeeded that has no success in the baseline.
	NewFinding Occasion = "new_finding"
	// ASRMoved: an attack success rate rose or fell significantly.
	ASRMoved Occasion = "asr_moved"
	// NoEvidence: the conclusion is [compare.NoEvidence].
	NoEvidence Occasion = "no_evidence"
)

// Config returns {"url": URL} as JSON, in which package secret finds the secret
// references.
func (w Webhook) Config() []byte {
	data, err := json.Marshal(map[string]string{"url": w.URL})
	if err != nil {
		return []byte("{}") // cannot happen: strings always encode
	}
	return data
}

// Place returns the webhook's address without the parts that may be secret: the
// scheme and host, or the secret reference that the address begins with.
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

// CheckURL parses the address of a webhook, which has to be https, or http on this
// machine. Its errors do not contain the address, which is a secret.
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
