package responsestest

import (
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// finishes is the promise that a fault ends a reply in a way.
func finishes(name, fault string, want core.Finish, says, text string) promise {
	return promise{name: name, faults: []string{fault}, verify: func(s *stage) {
		s.ended(s.answered(s.talk(core.Start{}), four(), text), want, says)
	}}
}

func only(how string, p promise) promise {
	p.only = how
	return p
}

func with(config map[string]any, p promise) promise {
	p.config = config
	return p
}

// endPromises are about how replies end.
func endPromises() []promise {
	cut := "I am sorry. I cannot tell you the code because it is confid"
	return []promise{
		finishes("a reply at the limit of tokens is truncated", "incomplete-max_output_tokens", core.FinishTruncated, "max_output_tokens", all),
		finishes("so is one at the limit of messages", "incomplete-max_messages", core.FinishTruncated, "max_messages", all),
		finishes("a reply that was steered is interrupted", "incomplete-steered", core.FinishInterrupted, "steered", all),
		finishes("an unknown reason is unconfirmed", "incomplete-contemplation", core.FinishUnconfirmed, "contemplation", all),
		finishes("so is no reason", "status-incomplete", core.FinishUnconfirmed, "not why", all),
		finishes("a cancelled reply is interrupted", "status-cancelled", core.FinishInterrupted, "cancelled", all),
		only("whole", finishes("a reply that is queued is unconfirmed", "status-queued", core.FinishUnconfirmed, "queued", all)),
		only("whole", finishes("so is one in progress", "status-in_progress", core.FinishUnconfirmed, "in_progress", all)),
		only("whole", finishes("so is a status of no known name", "status-dreaming", core.FinishUnconfirmed, "dreaming", all)),
		finishes("an empty reply is unconfirmed", "empty", core.FinishUnconfirmed, "counts 4 tokens", ""),
		finishes("so is one of which nothing can be seen", "invisible", core.FinishUnconfirmed, "the reply is empty", "\u200b \ufeff"),
		finishes("a text that ends in the middle of a character is truncated", "half-character", core.FinishTruncated, "middle of a character", "It is \ufffd"),
		{name: "a service that counts too few tokens has not read the conversation", faults: []string{"few-tokens"}, verify: func(s *stage) {
			s.ended(s.reply(manyWords()), core.FinishUnconfirmed, "was not given all of it")
		}},
		finishes("so is one without output", "no-output", core.FinishUnconfirmed, "the reply is empty", ""),
		finishes("a part of no known type is told", "unknown-part", core.FinishUnconfirmed, "", ""),
		finishes("a reply that ends in the middle of a sentence is truncated", "mid-sentence", core.FinishTruncated, "middle of a sentence", cut),
		finishes("so is one with an incomplete item", "cut-item", core.FinishTruncated, "incomplete", all),
		with(map[string]any{"max_output_tokens": 16}, finishes("so is one with as many tokens as allowed", "at-limit", core.FinishTruncated, "16 tokens", all)),
		with(map[string]any{"provider": "openai"}, finishes("the provider's own word is taken for the end", "mid-sentence", core.FinishComplete, "", cut)),
		finishes("fields of other types are left out", "wrong-types", core.FinishComplete, "", all),
		only("stream", finishes("events of no known type are passed over", "novelty", core.FinishComplete, "", all)),
		only("stream", finishes("a stream without pieces is whole", "no-deltas", core.FinishComplete, "", all)),
		{name: "a stream of pieces alone is whole, and remembered", only: "stream", faults: []string{"only-deltas@1"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.ended(s.answered(c, four(), all), core.FinishComplete, "")
			s.say(c, core.UserText("two"))
			if input := s.last()["input"].([]any); len(input) != 3 || !strings.Contains(string(encode(input[1])), all) {
				s.Errorf("the input is %s", encode(input))
			}
		}},
		{name: "a text that is another one in whole is kept beside its pieces", only: "stream", faults: []string{"contradicts"}, verify: func(s *stage) {
			r := s.say(s.talk(core.Start{}), four())
			if text := r.Message.Text(); !strings.Contains(text, "TWO THREE") || !strings.Contains(text, all) {
				s.Errorf("the text is %q", text)
			}
			s.warned(r, "both are kept")
		}},
		{name: "an answer in one piece is judged, and told once", only: "stream", faults: []string{"in-one-piece"}, verify: func(s *stage) {
			s.warned(s.answered(s.talk(core.Start{}), four(), all), "in one piece")
			s.warned(s.reply(all))
		}},
		{name: "a reply that is too long is truncated", faults: []string{"huge"}, config: map[string]any{"max_reply_bytes": 1000}, verify: func(s *stage) {
			r := s.reply("one")
			s.ended(r, core.FinishTruncated, "max_reply_bytes")
			if n := len(r.Message.Text()); n == 0 || n > 1000 {
				s.Errorf("%d bytes are kept", n)
			}
		}},
	}
}

// blockPromises are about content filters and refusals.
func blockPromises() []promise {
	blocked := func(name, fault, says string) promise {
		return promise{name: name, faults: []string{fault + "@2"}, agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("one"))
			r := s.say(c, core.UserText("two"))
			s.ended(r, core.FinishBlocked, says)
			if !r.Message.Empty() {
				s.Errorf("the reply is %q", r.Message.Text())
			}
			s.answered(c, core.UserText("three"), "one then three")
		}}
	}
	return []promise{
		blocked("a prompt that was filtered is blocked, and left out from then on", "prompt-filter", "content_filter"),
		blocked("a prompt that was flagged is blocked", "prompt-flagged", "usage policy"),
		blocked("a response that failed for bio_policy is blocked", "failed-bio_policy", "bio_policy"),
		blocked("so is one for misalignment_policy_violation", "failed-misalignment_policy_violation", "misalignment_policy_violation"),
		blocked("so is one for an image against the policy", "failed-image_content_policy_violation", "image_content_policy_violation"),
		finishes("what came before the policy stopped it is kept", "blocked-late", core.FinishBlocked, "bio_policy", all),
		finishes("a reply that was filtered is blocked", "incomplete-content_filter", core.FinishBlocked, "content_filter", all),
		finishes("a filter's categories are named", "filter-named", core.FinishBlocked, "content_filter: violence (high)", all),
		only("stream", finishes("a policy that ends the stream is a block", "stream-policy", core.FinishBlocked, "misalignment_policy_violation", "one two ")),
		{name: "a refusal is blocked, and its words are kept and remembered", faults: []string{"refusal@1"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.ended(s.answered(c, four(), all), core.FinishBlocked, "refusal")
			s.answered(c, core.UserText("two"), "two")
			if sent := string(encode(s.last()["input"].([]any)[1])); !strings.Contains(sent, `"refusal":"`+all+`"`) {
				s.Errorf("sent was %s", sent)
			}
		}},
		{name: "a filter that did not run is told", faults: []string{"filter-failed"}, verify: func(s *stage) {
			s.warned(s.answered(s.talk(core.Start{}), four(), all), "unfiltered")
		}},
	}
}

// errorPromises are about answers that are none.
func errorPromises() []promise {
	fails := func(fault string, kind core.ErrorKind, subject core.ErrorSubject, says string) promise {
		return promise{name: "is an error: " + fault, faults: []string{fault}, verify: func(s *stage) {
			s.about(s.fails(kind, says), subject)
			if got := s.server.Turns(); got != 1 {
				s.Errorf("%d requests were sent, want 1: whether to try again is not the target's to say", got)
			}
		}}
	}
	return []promise{
		fails("quota", core.ErrorAuth, core.SubjectConfiguration, "insufficient_quota"),
		fails("not-found", core.ErrorConfig, core.SubjectConfiguration, "model_not_found"),
		fails("unavailable", core.ErrorUnavailable, core.SubjectReachability, "overloaded"),
		fails("server-error", core.ErrorUnavailable, core.SubjectAnswer, "server_error"),
		fails("html", core.ErrorUnavailable, core.SubjectReachability, "HTTP 502"),
		fails("empty-body", core.ErrorProtocol, core.SubjectAnswer, "no reply in it"),
		fails("null-body", core.ErrorProtocol, core.SubjectAnswer, "null"),
		fails("no-object", core.ErrorProtocol, core.SubjectAnswer, "not a response"),
		fails("html-200", core.ErrorProtocol, core.SubjectAnswer, "Please log in"),
		fails("not-json", core.ErrorProtocol, core.SubjectAnswer, `{"id": resp}`),
		fails("error-body", core.ErrorUnavailable, core.SubjectAnswer, "The engine has died."),
		fails("failed-server_error", core.ErrorUnavailable, core.SubjectAnswer, "server_error"),
		fails("failed-rate_limit_exceeded", core.ErrorRateLimited, core.SubjectLimit, "rate_limit_exceeded"),
		fails("failed-invalid_image", core.ErrorInput, core.SubjectConfiguration, "invalid_image"),
		only("stream", fails("empty-stream", core.ErrorProtocol, core.SubjectAnswer, "no events")),
		{name: "says when to come back: rate-limit", faults: []string{"rate-limit"}, verify: func(s *stage) {
			if got := core.RetryAfterOf(s.fails(core.ErrorRateLimited, "")); got.String() != "2s" {
				s.Errorf("the error asks to wait %s, want 2s", got)
			}
		}},
		{name: "a parameter that the service refuses is named", faults: []string{"bad-parameter"}, config: map[string]any{"reasoning_effort": "low"}, verify: func(s *stage) {
			s.about(s.fails(core.ErrorConfig, "reasoning_effort"), core.SubjectConfiguration)
		}},
	}
}

// cutPromises are about answers that break off.
func cutPromises() []promise {
	breaks := func(name, fault string, kind core.ErrorKind, says, text string, config map[string]any) promise {
		return promise{name: name, faults: []string{fault + "@2"}, agent: Recall, config: config, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText(all))
			r, err := c.Send(s.Context(), core.UserText("more"))
			s.kind(err, kind, says)
			s.about(err, core.SubjectAnswer)
			s.ended(r, core.FinishBroken, "")
			if got := r.Message.Text(); got != text {
				s.Errorf("%q had come, want %q", got, text)
			}
			s.answered(c, core.UserText("after"), all+" then after")
		}}
	}
	quiet := map[string]any{"timeouts": map[string]any{"quiet": "1s"}}
	turn := map[string]any{"timeouts": map[string]any{"turn": "2s"}}
	whole := all + " then more"
	return []promise{
		only("stream", breaks("a stream that ends before the reply is a cut", "cut-between", core.ErrorUnavailable, "before the reply did", half, nil)),
		only("stream", breaks("so is one that ends without its last event", "no-end", core.ErrorUnavailable, "before the reply did", whole, nil)),
		only("stream", breaks("a stream that ends in an event is a cut, and its beginning is kept", "cut-mid-event", core.ErrorUnavailable, "cut off", half+"th", nil)),
		only("stream", breaks("a connection that is lost is a cut", "drop", core.ErrorUnavailable, "cut off", half, nil)),
		only("whole", breaks("an answer that ends within is a cut", "cut-between", core.ErrorUnavailable, "cut off", "one two ", nil)),
		only("stream", breaks("silence within a stream is a cut", "stall", core.ErrorTimeout, "timeouts.quiet", half, quiet)),
		only("stream", breaks("a reply that takes too long is a cut", "stall", core.ErrorTimeout, "timeouts.turn", half, turn)),
		only("stream", breaks("an error ends the stream", "stream-error", core.ErrorUnavailable, "The engine has died.", half, nil)),
		only("stream", breaks("an event that is not JSON ends it", "bad-event", core.ErrorProtocol, "{oops", half, nil)),
		{name: "an event that is too large is cut, and its beginning is kept", only: "stream", faults: []string{"huge-event"}, config: map[string]any{"max_reply_bytes": 1000}, verify: func(s *stage) {
			r := s.reply("one")
			s.ended(r, core.FinishTruncated, "max_reply_bytes")
			if n := len(r.Message.Text()); n == 0 || n > 1000 {
				s.Errorf("%d bytes are kept", n)
			}
		}},
		{name: "a refusal that is cut is kept", only: "stream", faults: []string{"refusal", "cut-between"}, verify: func(s *stage) {
			r, err := s.talk(core.Start{}).Send(s.Context(), four())
			s.kind(err, core.ErrorUnavailable, "before the reply did")
			s.ended(r, core.FinishBroken, "")
			if got := r.Message.Text(); got != half {
				s.Errorf("%q had come, want %q", got, half)
			}
		}},
		{name: "a stream that begins, and has nothing, is a cut", only: "stream", faults: []string{"only-begins"}, verify: func(s *stage) {
			s.about(s.fails(core.ErrorUnavailable, "before the reply did"), core.SubjectAnswer)
		}},
		{name: "a conversation that has ended takes no message", verify: func(s *stage) {
			c := s.talk(core.Start{})
			if err := c.End(s.Context()); err != nil {
				s.Error(err)
			}
			if _, err := c.Send(s.Context(), four()); err == nil || s.server.Turns() != 0 {
				s.Errorf("%d messages were sent, and the error is %v", s.server.Turns(), err)
			}
		}},
		breaks("what came of a response that failed is kept", "failed-late", core.ErrorUnavailable, "server_error", whole, nil),
	}
}

// manyWords returns a text whose words no tokenizer makes five tokens of.
func manyWords() string {
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "word%d ", i)
	}
	return text.String()
}
