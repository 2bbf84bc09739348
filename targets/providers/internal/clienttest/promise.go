package clienttest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Streamed is the promise about streamed replies only.
func (p Promise[A, S]) Streamed() Promise[A, S] {
	p.Only = "stream"
	return p
}

// Whole is the promise about replies in one piece only.
func (p Promise[A, S]) Whole() Promise[A, S] {
	p.Only = "whole"
	return p
}

// With is the promise under a configuration.
func (p Promise[A, S]) With(config map[string]any) Promise[A, S] {
	p.Config = config
	return p
}

// Ends is the promise that a reply under a fault ends in a way, with a text.
func (u Suite[A, S]) Ends(name, fault string, want core.Finish, says, text string) Promise[A, S] {
	return Promise[A, S]{Name: name, Faults: []string{fault}, Verify: func(s *Stage[S]) {
		s.Ended(s.Answered(s.Talk(core.Start{}), Four(), text), want, says)
	}}
}

// Fails is the promise that a fault is an error, of a kind and about a subject.
func (u Suite[A, S]) Fails(fault string, kind core.ErrorKind, subject core.ErrorSubject, says string) Promise[A, S] {
	return Promise[A, S]{Name: "is an error: " + fault, Faults: []string{fault}, Verify: func(s *Stage[S]) {
		s.About(s.Fails(kind, says), subject)
		if got := s.Server.Turns(); got != 1 {
			s.Errorf("%d requests were sent, want 1: whether to try again is not the target's to say", got)
		}
	}}
}

// Waits is the promise that the error of a fault says when to come back.
func (u Suite[A, S]) Waits(fault, want string, kind core.ErrorKind) Promise[A, S] {
	return Promise[A, S]{Name: "says when to come back: " + fault, Faults: []string{fault}, Verify: func(s *Stage[S]) {
		err := s.Fails(kind, "")
		s.About(err, core.SubjectLimit)
		if got := core.RetryAfterOf(err); got.String() != want {
			s.Errorf("the error asks to wait %s, want %s", got, want)
		}
	}}
}

// NamesKey is the promise that the error of a fault is at a key of the configuration,
// with a hint. An empty key is none.
func (u Suite[A, S]) NamesKey(name, fault, key, hint string, config map[string]any) Promise[A, S] {
	return Promise[A, S]{Name: name, Faults: []string{fault}, Config: config, Verify: func(s *Stage[S]) {
		_, err := s.Talk(core.Start{SystemPrompt: "Be kind."}).Send(s.Context(), Four())
		s.Kind(err, core.ErrorConfig, "")
		if fieldOf(err) != key || !strings.Contains(core.HintOf(err), hint) {
			s.Errorf("the error is at %q with the hint %q, want %q and %q: %v", fieldOf(err), core.HintOf(err), key, hint, err)
		}
	}}
}

// fieldOf returns the key that the outermost error with one names.
func fieldOf(err error) string {
	for err != nil {
		e, ok := errors.AsType[*core.Error](err)
		if !ok {
			return ""
		}
		if e.Field != "" {
			return e.Field
		}
		err = e.Err
	}
	return ""
}

// Breaks is the promise that a second answer which a fault breaks off is an error, that
// what had come of it is kept, and that it is not remembered.
func (u Suite[A, S]) Breaks(name, fault string, kind core.ErrorKind, says, text string, config map[string]any) Promise[A, S] {
	return Promise[A, S]{Name: name, Faults: []string{fault + "@2"}, Agent: u.Recall, Config: config, Verify: func(s *Stage[S]) {
		c := s.Talk(core.Start{})
		s.Say(c, core.UserText(All))
		r, err := c.Send(s.Context(), core.UserText("more"))
		s.Kind(err, kind, says)
		s.About(err, core.SubjectAnswer)
		s.Ended(r, core.FinishBroken, "")
		if got := r.Message.Text(); got != text {
			s.Errorf("%q had come, want %q", got, text)
		}
		s.Answered(c, core.UserText("after"), All+" then after")
	}}
}

// TimesOut is the promise that a service which never answers, the fault "silence", is a
// timeout.
func (u Suite[A, S]) TimesOut(says string) Promise[A, S] {
	config := map[string]any{"timeouts": map[string]any{"turn": "2s"}}
	return Promise[A, S]{Name: "a service that never answers is a timeout", Faults: []string{"silence"}, Config: config, Verify: func(s *Stage[S]) {
		s.About(s.Fails(core.ErrorTimeout, says), core.SubjectAnswer)
	}}
}

// GivesUp is the promise that a turn which the caller gives up ends, although the service
// never answers: the fault "silence".
func (u Suite[A, S]) GivesUp() Promise[A, S] {
	return Promise[A, S]{Name: "a turn that is given up ends at once", Faults: []string{"silence"}, Verify: func(s *Stage[S]) {
		ctx, cancel := context.WithTimeout(s.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := s.Talk(core.Start{}).Send(ctx, Four()); err == nil {
			s.Error("there is no error")
		}
	}}
}

// HidesKey is the promise that a wrong key, which the service repeats in its error, is
// hidden in ours, which says more.
func (u Suite[A, S]) HidesKey(key, says string) Promise[A, S] {
	return Promise[A, S]{Name: "a key that the service repeats is hidden", Config: map[string]any{"api_key": key}, Verify: func(s *Stage[S]) {
		_, err := s.Talk(core.Start{}).Send(s.Context(), Four())
		s.Kind(err, core.ErrorAuth, says)
		if strings.Contains(err.Error(), key[:len(key)/3]) {
			s.Errorf("the error shows the key: %v", err)
		}
	}}
}

// StaysHome is the promise that a redirect is not followed.
func (u Suite[A, S]) StaysHome() Promise[A, S] {
	return Promise[A, S]{Name: "a redirect is not followed, and takes no key along", Verify: func(s *Stage[S]) {
		var asked atomic.Int32
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
		defer other.Close()
		s.Server.RedirectTo(other.URL)
		s.About(s.Fails(core.ErrorConfig, "HTTP 307"), core.SubjectConfiguration)
		if asked.Load() != 0 {
			s.Error("the other host was asked")
		}
	}}
}
