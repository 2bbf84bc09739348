package realtimetest

import (
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// errorPromises are about replies that are errors.
func errorPromises() []promise {
	fails := func(name, fault string, kind core.ErrorKind, says string) promise {
		return promise{name: name, faults: []string{fault + "@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("the first turn goes well"))
			s.fails(c, core.UserText("the second does not"), kind, says)
		}}
	}
	breaks := func(name, fault string, kind core.ErrorKind) promise {
		return promise{name: name, faults: []string{fault + "@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("the first turn goes well"))
			reply, err := c.Send(s.Context(), core.UserText("the second does not"))
			s.kind(err, kind, "")
			s.ended(reply, core.FinishBroken)
			if got := reply.Message.Text(); got != "the second " || len(reply.Message.Of(core.Audio)) != 1 {
				s.Errorf("%q had come, and %d sounds, want half of the reply and one", got, len(reply.Message.Of(core.Audio)))
			}
			if kind == core.ErrorUnavailable {
				s.about(err, core.SubjectAnswer)
			}
		}}
	}
	return []promise{
		fails("no credit left is fatal", "quota", core.ErrorAuth, "insufficient_quota"),
		fails("a failed response is unavailable", "server-error", core.ErrorUnavailable, "server_error"),
		fails("an error that names our event fails the turn", "error-event", core.ErrorUnavailable, "server_error"),
		fails("a session that has expired is unavailable", "session-expired", core.ErrorUnavailable, "session_expired"),
		fails("a frame that is not JSON is the service's fault", "malformed-frame", core.ErrorProtocol, "malformed"),
		fails("a frame that is too large is refused", "huge-frame", core.ErrorProtocol, "MiB"),
		fails("a connection that breaks is never a short reply", "drop-mid-reply", core.ErrorUnavailable, "connection was lost"),
		fails("a close frame in the middle of a reply says why", "close-1011", core.ErrorUnavailable, "1011"),
		fails("a service that restarts is unavailable", "close-1012", core.ErrorUnavailable, "1012"),
		fails("a violated policy is fatal", "close-1008", core.ErrorAuth, "1008"),
		breaks("what had been said is returned when the line is cut", "drop-mid-reply", core.ErrorUnavailable),
		breaks("what had been said is returned when the service hangs up", "close-1000", core.ErrorUnavailable),
		breaks("what had been said is returned when the service fails", "close-1011", core.ErrorUnavailable),
		breaks("what had been said is returned when a policy ends it", "close-1008", core.ErrorAuth),
		{name: "a rate limit says when to come back", faults: []string{"rate-limit"}, verify: func(s *stage) {
			_, err := s.talk(core.Start{}).Send(s.Context(), four())
			s.kind(err, core.ErrorRateLimited, "rate_limit_exceeded")
			s.after(err, "1.5s")
		}},
		{name: "a service that never answers is a timeout", faults: []string{"silence"}, config: within("first_event"), verify: func(s *stage) {
			s.fails(s.talk(core.Start{}), four(), core.ErrorTimeout, "within 50ms")
		}},
		{name: "a service that begins and says nothing is a timeout", faults: []string{"created-only"}, config: within("turn"), verify: func(s *stage) {
			s.fails(s.talk(core.Start{}), four(), core.ErrorTimeout, "within 50ms")
		}},
		{name: "a turn that failed is not remembered", agent: recollection(), faults: []string{"server-error@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("one"))
			s.fails(c, core.UserText("two"), core.ErrorUnavailable, "server_error")
			s.answered(c, core.UserText("three"), "one then three")
		}},
	}
}

// after checks the wait that an error names.
func (s *stage) after(err error, want string) {
	s.Helper()
	if e, ok := errors.AsType[*core.Error](err); !ok || e.RetryAfter.String() != want {
		s.Errorf("the error does not say to wait %s: %+v", want, e)
	}
}
