package realtime

import (
	"errors"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// explain says which service an error is of, and removes secrets that the service
// may have repeated.
func (t *target) explain(err error) error {
	return t.access.Redacted(fmt.Errorf("realtime service at %s: %w", t.endpoint.shown, err))
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
