package realtime

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// explain says whom an error is about, and takes out secrets that the other
// side may have repeated.
func (t *target) explain(err error) error {
	err = fmt.Errorf("realtime service at %s: %w", t.endpoint.shown, err)
	text, hint := err.Error(), core.HintOf(err)
	cleanText, cleanHint := t.secrets.hide(text), t.secrets.hide(hint)
	if cleanText == text && cleanHint == hint {
		return err
	}
	// The chain is cut on purpose: it holds the secret.
	return &core.Error{
		Kind: core.KindOf(err), Subject: core.SubjectOf(err), Hint: cleanHint, RetryAfter: core.RetryAfterOf(err), Err: errors.New(cleanText),
	}
}

// aboutTheAnswer has an error of a conversation that stands speak of an answer:
// a service that has closed a connection, or failed in a reply, can be reached.
func aboutTheAnswer(err error) error {
	if core.SubjectOf(err) != core.SubjectReachability {
		return err
	}
	return &core.Error{Kind: core.KindOf(err), Subject: core.SubjectAnswer, Err: err}
}

// aboutTheWay has an error that came before a session stood speak of whether the
// service can be reached, unless the service has said something else.
func aboutTheWay(err error) error {
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Kind != core.ErrorTimeout && e.Kind != core.ErrorUnavailable || core.RetryAfterOf(err) > 0 || e.Subject != "" {
		return err
	}
	return &core.Error{Kind: e.Kind, Subject: core.SubjectReachability, Err: err}
}

// maxSecrets is how many tokens are remembered. Each connection may bring one;
// the last ones are those that an error can still quote.
const maxSecrets = 256

// minSecret is the length of the shortest value that is hidden, in bytes. What
// is shorter stands in many texts that have nothing to do with it.
const minSecret = 4

// secrets are the values that must not show up in an error, even if the
// service repeats them.
type secrets struct {
	mu     sync.Mutex
	values []string
}

func newSecrets(c Config) *secrets {
	s := &secrets{}
	s.add(c.APIKey.Reveal())
	s.add(c.AccessToken.Reveal())
	for _, value := range c.Headers {
		s.add(value.Reveal())
	}
	return s
}

func (s *secrets) add(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(value) < minSecret || slices.Contains(s.values, value) {
		return
	}
	if len(s.values) >= maxSecrets {
		s.values = slices.Delete(s.values, maxSecrets/2, maxSecrets/2+1) // the first ones are the configuration's
	}
	s.values = append(s.values, value)
}

func (s *secrets) hide(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.values {
		text = strings.ReplaceAll(text, secret, core.Secret(secret).String())
	}
	return text
}

// clean takes them out of what a reply tells in the service's words. What the
// target said is left as it is: that it gives a secret away is a finding.
func (s *secrets) clean(r *core.Reply) {
	r.Detail = s.hide(r.Detail)
	for i := range r.Warnings {
		r.Warnings[i] = s.hide(r.Warnings[i])
	}
}
