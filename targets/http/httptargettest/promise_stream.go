package httptargettest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	eventStream = `{"url":"http://service/stream","request":{"body":{"message":"$(prompt)"}},"rules":[{"jq":".filtered","is":"blocked"}],"reply":{"stream":"sse","jq":".delta","end":"[DONE]"}}`
	lineStream  = `{"url":"http://service/lines","request":{"body":{"message":"$(prompt)"}},"rules":[{"jq":".filtered","is":"blocked"}],"reply":{"stream":"lines","jq":".delta","end_jq":".done","usage":"if .done then {output_tokens: .eval_count} else null end"}}`
	polling     = `{"url":"http://service/jobs","request":{"body":{"message":"$(prompt)"},"take":{"job":{"jq":".id"}}},"then":[{"path":"/jobs/$(taken.job)","until":{"jq":".state == \"done\""},"every":"1ms","tries":5}],"reply":{"jq":".answer"},"memory":"none"}`
)

func streamPromises() []promise {
	return slices.Concat(jobPromises(), joinedPromises("events", eventStream, core.ErrorProtocol), joinedPromises("lines", lineStream, core.ErrorUnavailable), endPromises())
}

// joinedPromises are about streams of a kind; unstreamed is the kind of the error of a
// JSON document in place of one.
func joinedPromises(name, config string, unstreamed core.ErrorKind) []promise {
	return []promise{
		{
			name: "a stream of " + name + " is joined", config: config,
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello  there\nü", "you said hello  there\nü") },
		},
		{
			name: "a stream of " + name + " with CR LF is joined", config: config, faults: once(Carriage),
			verify: func(s *stage) {
				if config == eventStream {
					s.answered(s.talk(core.Start{}), "hello", "you said hello")
				}
			},
		},
		{
			name: "a stream of " + name + " without its end is broken", config: config, faults: once(NoEnd),
			verify: func(s *stage) { s.breaks(s.talk(core.Start{}), core.ErrorUnavailable, "you said hello") },
		},
		{
			name: "a stream of " + name + " whose connection is cut is broken", config: config, faults: once(CutStream),
			verify: func(s *stage) { s.breaks(s.talk(core.Start{}), core.ErrorUnavailable, "you ") },
		},
		{
			name: "an error in a stream of " + name + " is an error", config: config, faults: once(StreamError),
			verify: func(s *stage) { s.breaks(s.talk(core.Start{}), core.ErrorProtocol, "you ") },
		},
		{
			name: "a filter in a stream of " + name + " blocks the reply", config: config, faults: once(StreamFilter),
			verify: func(s *stage) {
				r := s.say(s.talk(core.Start{}), "hello")
				s.ended(r, core.FinishBlocked)
				if r.Message.Text() != "you " {
					s.Errorf("answered with %q", r.Message.Text())
				}
			},
		},
		{
			name: "a stream of " + name + " that stops is a timeout with what arrived", config: config, faults: once(HangingStream),
			verify: func(s *stage) {
				ctx, cancel := context.WithTimeout(s.Context(), 2200*time.Millisecond)
				defer cancel()
				reply, err := s.talk(core.Start{}).Send(ctx, core.UserText("hello"))
				s.kind(err, core.ErrorTimeout, "")
				if reply.Message.Text() != "you " || reply.Finish != core.FinishBroken {
					s.Errorf("arrived: %q (%s)", reply.Message.Text(), reply.Finish)
				}
			},
		},
		failing("a limit before a stream of "+name+" is a limit", config, RateLimited, core.ErrorRateLimited, "slow down"),
		failing("a JSON document in place of a stream of "+name+" is an error", config, NoStream, unstreamed, ""),
	}
}

// endPromises are about the ends of streams, and what is read beside their texts.
func endPromises() []promise {
	const tolerant = `{"url":"http://service/stream","request":{"body":{"message":"$(prompt)"}},"reply":{"stream":"sse","jq":".delta? // empty"}}`
	return []promise{{
		name: "an event that is called an error is one", config: tolerant, faults: once(ErrorEvent),
		verify: func(s *stage) { s.breaks(s.talk(core.Start{}), core.ErrorProtocol, "you ") },
	}, {
		name: "an event that is called an error is none where a rule says so", faults: once(ErrorEvent),
		config: strings.Replace(tolerant, `"reply"`, `"rules":[{"jq":"$event == \"error\"","is":"complete"}],"reply"`, 1),
		verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "you ") },
	}, {
		name: "half a piece is no text, whatever the program makes of it", config: tolerant, faults: once(CutPiece),
		verify: func(s *stage) { s.breaks(s.talk(core.Start{}), core.ErrorProtocol, "you ") },
	}, {
		name: "an event that the end of the answer cuts is broken", config: eventStream, faults: once(CutEvent),
		verify: func(s *stage) { s.breaks(s.talk(core.Start{}), core.ErrorUnavailable, "you ") },
	}, {
		name: "a stream whose end is not configured ends as HTTP ends it", config: strings.Replace(eventStream, `,"end":"[DONE]"`, "", 1), faults: once(NoEnd),
		verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "you said hello") },
	}, {
		name: "the usage at the end of a stream is read", config: lineStream,
		verify: func(s *stage) {
			if r := s.say(s.talk(core.Start{}), "hello"); r.Usage.OutputTokens != 3 || r.Usage.InputTokens != 0 {
				s.Errorf("usage %+v", r.Usage)
			}
		},
	}, {
		name:   "values are taken from the pieces of a stream",
		config: `{"url":"http://service/stream","request":{"body":{"message":"$(prompt)","first":"$(taken.first)"},"take":{"first":{"jq":".delta","initial":"-"},"kind":{"header":"Content-Type"}}},"reply":{"stream":"sse","jq":".delta","end":"[DONE]"}}`,
		verify: func(s *stage) {
			c := s.talk(core.Start{})
			for _, want := range []string{`{"message":"x","first":"-"}`, `{"message":"x","first":"x"}`} {
				s.say(c, "x")
				if body := string(s.received(s.server, "/stream").Body); body != want {
					s.Errorf("arrived as %s, want %s", body, want)
				}
			}
		},
	}, {
		name: "the time of the first piece is that of the reply's first sign", config: eventStream,
		verify: func(s *stage) {
			if r := s.say(s.talk(core.Start{}), "hello"); r.Timing.FirstEvent <= 0 || r.Timing.Total < r.Timing.FirstEvent {
				s.Errorf("times %+v", r.Timing)
			}
		},
	}}
}

// jobPromises are about replies that are asked for until they are done.
func jobPromises() []promise {
	return []promise{
		{
			name: "a job is asked for until it is done", config: polling,
			verify: func(s *stage) {
				s.answered(s.talk(core.Start{}), "hello", "you said hello")
				if n := len(s.server.Received()); n != 4 {
					s.Errorf("%d requests", n)
				}
			},
		},
		{
			name: "a job that is never done is a timeout", config: polling, faults: once(JobStuck),
			verify: func(s *stage) {
				s.fails(s.talk(core.Start{}), "hello", core.ErrorTimeout, "5 answers")
				if n := len(s.server.Received()); n != 6 {
					s.Errorf("%d requests", n)
				}
			},
		},
		{
			name: "a limit while a job is asked for is waited for", config: polling, faults: once(JobLimited),
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "you said hello") },
		},
		{
			name: "a job that failed is an error of the answer, and the message is not sent again", config: polling, faults: once(JobFailed),
			verify: func(s *stage) {
				err := s.failed(s.talk(core.Start{}), "hello", core.ErrorUnavailable, "the job failed")
				if got := core.SubjectOf(err); got != core.SubjectAnswer {
					s.Errorf("the error speaks of %s", got)
				}
			},
		},
		{
			name: "a limit after the message was taken is none that it could be sent again for", faults: once(JobLimited),
			config: strings.Replace(polling, `,"until":{"jq":".state == \"done\""},"every":"1ms","tries":5`, "", 1),
			verify: func(s *stage) {
				err := s.failed(s.talk(core.Start{}), "hello", core.ErrorUnavailable, "ask less often")
				if got := core.SubjectOf(err); got != core.SubjectAnswer || core.RetryAfterOf(err) != 0 {
					s.Errorf("the error speaks of %s, and asks to wait %s", got, core.RetryAfterOf(err))
				}
			},
		},
	}
}
