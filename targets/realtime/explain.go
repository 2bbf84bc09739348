package realtime

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// explain sets what an error is about, and removes secrets that the service may
// have repeated.
func (t *target) explain(err error) error {
	err = fmt.Errorf("realtime service at %s: %w", t.endpoint.shown, err)
	text, hint := err.Error(), core.HintOf(err)
	cleanText, cleanHint := t.secrets.hide(text), t.secrets.hide(hint)
	if cleanText == text && cleanHint == hint {
		return err
	}
	// The chain is cut on purpose: the cause holds the secret.
	return &core.Error{
		Kind: core.KindOf(err), Subject: core.SubjectOf(err), Hint: cleanHint, RetryAfter: core.RetryAfterOf(err), Err: errors.New(cleanText),
	}
}

// aboutTheAnswer sets the subject of an error in an open conversation to the
// answer: a service that closed a connection or failed in a reply can be
// reached.
func aboutTheAnswer(err error) error {
	if core.SubjectOf(err) != core.SubjectReachability {
		return err
	}
	return &core.Error{Kind: core.KindOf(err), Subject: core.SubjectAnswer, Err: err}
}

// aboutTheWay sets the subject of an error before a session was open to
// reachability, unless the error already has a subject.
func aboutTheWay(err error) error {
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Kind != core.ErrorTimeout && e.Kind != core.ErrorUnavailable || core.RetryAfterOf(err) > 0 || e.Subject != "" {
		return err
	}
	return &core.Error{Kind: e.Kind, Subject: core.SubjectReachability, Err: err}
}

// maxSecrets is the number of secrets that are remembered. Each connection may
// add one; the oldest connections' are dropped first.
const maxSecrets = 256

// minSecret is the length in bytes of the shortest value that is redacted.
// Shorter values occur in unrelated texts.
const minSecret = 4

// secrets are the values that are redacted in errors, even if the service
// repeats them.
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
		s.values = slices.Delete(s.values, maxSecrets/2, maxSecrets/2+1) // the first half are the configuration's
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

// clean redacts the service's messages in a reply. What the model said is left
// unchanged: a model that reveals a secret is a finding.
func (s *secrets) clean(r *core.Reply) {
	r.Detail = s.hide(r.Detail)
	for i := range r.Warnings {
		r.Warnings[i] = s.hide(r.Warnings[i])
	}
}
