package access

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// maxTokens is the number of tokens that are remembered. Each connection may
// fetch one; the oldest are dropped first.
const maxTokens = 128

// minSecret is the length in bytes of the shortest value that is redacted.
// Shorter values occur in unrelated texts.
const minSecret = 4

// secrets are the values that are redacted in errors, even if the service
// repeats them. The zero value has none.
type secrets struct {
	mu sync.Mutex
	// kept are the configuration's, tokens those that were fetched since.
	kept, tokens []string
}

func (s *secrets) keep(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, form := range forms(value) {
		if s.isNew(form) {
			s.kept = append(s.kept, form)
		}
	}
}

// forms are a value as it is, and as it stands in the source of JSON, where some
// services escape a slash.
func forms(value string) []string {
	quoted, err := json.Marshal(value)
	if err != nil || len(quoted) < 2 {
		return []string{value}
	}
	source := string(quoted[1 : len(quoted)-1])
	return []string{value, source, strings.ReplaceAll(source, "/", `\/`)}
}

// isNew reports whether a value is long enough, and not among the secrets.
func (s *secrets) isNew(value string) bool {
	return len(value) >= minSecret && !slices.Contains(s.kept, value) && !slices.Contains(s.tokens, value)
}

// Keep has a secret of the configuration redacted that is not one of [Config].
func (a *Access) Keep(secret core.Secret) {
	a.secrets.keep(secret.Reveal())
	if _, token, ok := strings.Cut(secret.Reveal(), " "); ok { // as in "Bearer TOKEN"
		a.secrets.keep(token)
	}
}

// Remember has a secret redacted that was obtained after the opening, such as a
// short-lived key. The latest 128 are remembered.
func (a *Access) Remember(secret string) {
	s := &a.secrets
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isNew(secret) {
		return
	}
	if len(s.tokens) >= maxTokens {
		s.tokens = slices.Delete(s.tokens, 0, 1)
	}
	s.tokens = append(s.tokens, secret)
}

// Hide returns a text without secrets, and without the beginning of one at a place where
// the text was cut: before an ellipsis, or at its end.
func (a *Access) Hide(text string) string {
	s := &a.secrets
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range [][]string{s.kept, s.tokens} {
		for _, secret := range list {
			text = hideCut(strings.ReplaceAll(text, secret, core.Secret(secret).String()), secret)
		}
	}
	return text
}

// hideCut returns a text without the beginning of a secret at a place where it was cut.
func hideCut(text, secret string) string {
	pieces := strings.Split(text, "…")
	for i, piece := range pieces {
		for n := min(len(piece), len(secret)-1); n >= minSecret; n-- {
			if strings.HasSuffix(piece, secret[:n]) {
				pieces[i] = piece[:len(piece)-n] + core.Secret(secret).String()
				break
			}
		}
	}
	return strings.Join(pieces, "…")
}

// HideIn redacts the service's messages in a reply. What the model said is left
// unchanged: a model that reveals a secret is a finding.
func (a *Access) HideIn(r *core.Reply) {
	r.Detail = a.Hide(r.Detail)
	for i := range r.Warnings {
		r.Warnings[i] = a.Hide(r.Warnings[i])
	}
}

// Redacted returns an error without secrets that the service may have repeated.
// One that holds none is returned unchanged. nil gives nil.
func (a *Access) Redacted(err error) error {
	if err == nil {
		return nil
	}
	text, hint := err.Error(), core.HintOf(err)
	cleanText, cleanHint := a.Hide(text), a.Hide(hint)
	if cleanText == text && cleanHint == hint {
		return err
	}
	// The chain is cut on purpose: the cause holds the secret.
	return &core.Error{
		Kind: core.KindOf(err), Subject: core.SubjectOf(err), Hint: cleanHint, RetryAfter: core.RetryAfterOf(err), Err: errors.New(cleanText),
	}
}
