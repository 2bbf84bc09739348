package responsestest

import (
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// endPromises are about how replies end.
func endPromises() []promise {
	finishes := suite().Ends
	cut := "I am sorry. I cannot tell you the code because it is confid"
	return []promise{
		finishes("a reply at the limit of tokens is truncated", "incomplete-max_output_tokens", core.FinishTruncated, "max_output_tokens", all),
		finishes("so is one at the limit of messages", "incomplete-max_messages", core.FinishTruncated, "max_messages", all),
		finishes("a reply that was steered is interrupted", "incomplete-steered", core.FinishInterrupted, "steered", all),
		finishes("an unknown reason is unconfirmed", "incomplete-contemplation", core.FinishUnconfirmed, "contemplation", all),
		finishes("so is no reason", "status-incomplete", core.FinishUnconfirmed, "not why", all),
		finishes("a cancelled reply is interrupted", "status-cancelled", core.FinishInterrupted, "cancelled", all),
		finishes("a reply that is queued is unconfirmed", "status-queued", core.FinishUnconfirmed, "queued", all).Whole(),
		finishes("so is one in progress", "status-in_progress", core.FinishUnconfirmed, "in_progress", all).Whole(),
		finishes("so is a status of no known name", "status-dreaming", core.FinishUnconfirmed, "dreaming", all).Whole(),
		finishes("an empty reply is unconfirmed", "empty", core.FinishUnconfirmed, "counts 4 tokens", ""),
		finishes("so is one of which nothing can be seen", "invisible", core.FinishUnconfirmed, "the reply is empty", "\u200b \ufeff"),
		finishes("a text that ends in the middle of a character is truncated", "half-character", core.FinishTruncated, "middle of a character", "It is \ufffd"),
		{Name: "a service that counts too few tokens has not read the conversation", Faults: []string{"few-tokens"}, Verify: func(s *stage) {
			s.Ended(s.Reply(manyWords()), core.FinishUnconfirmed, "was not given all of it")
		}},
		finishes("so is one without output", "no-output", core.FinishUnconfirmed, "the reply is empty", ""),
		finishes("a part of no known type is told", "unknown-part", core.FinishUnconfirmed, "", ""),
		finishes("a reply that ends in the middle of a sentence is truncated", "mid-sentence", core.FinishTruncated, "middle of a sentence", cut),
		finishes("so is one with an incomplete item", "cut-item", core.FinishTruncated, "incomplete", all),
		finishes("so is one that is completed, and says why it is not", "completed-but-cut", core.FinishTruncated, "max_output_tokens", all),
		{Name: "so is one with a call", Agent: calling(Call("c1", "look_up", "{}")), Faults: []string{"at-limit@1"}, Config: map[string]any{"max_output_tokens": 16}, Verify: func(s *stage) {
			s.Ended(s.Reply("call"), core.FinishTruncated, "16 tokens")
		}},
		finishes("so is one with as many tokens as allowed", "at-limit", core.FinishTruncated, "16 tokens", all).With(map[string]any{"max_output_tokens": 16}),
		finishes("the provider's own word is taken for the end", "mid-sentence", core.FinishComplete, "", cut).With(map[string]any{"provider": "openai"}),
		finishes("fields of other types are left out", "wrong-types", core.FinishComplete, "", all),
		finishes("events of no known type are passed over", "novelty", core.FinishComplete, "", all).Streamed(),
		finishes("a stream without pieces is whole", "no-deltas", core.FinishComplete, "", all).Streamed(),
		{Name: "a stream of pieces alone is whole, and remembered", Only: "stream", Faults: []string{"only-deltas@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Ended(s.Answered(c, clienttest.Four(), all), core.FinishComplete, "")
			s.Say(c, core.UserText("two"))
			if input := s.Last()["input"].([]any); len(input) != 3 || !strings.Contains(string(encode(input[1])), all) {
				s.Errorf("the input is %s", encode(input))
			}
		}},
		{Name: "a text that is another one in whole is kept beside its pieces", Only: "stream", Faults: []string{"contradicts"}, Verify: func(s *stage) {
			r := s.Say(s.Talk(core.Start{}), clienttest.Four())
			if text := r.Message.Text(); !strings.Contains(text, "TWO THREE") || !strings.Contains(text, all) {
				s.Errorf("the text is %q", text)
			}
			s.Warned(r, "both are kept")
		}},
		{Name: "an answer in one piece is judged, and told once", Only: "stream", Faults: []string{"in-one-piece"}, Verify: func(s *stage) {
			s.Warned(s.Answered(s.Talk(core.Start{}), clienttest.Four(), all), "in one piece")
			s.Warned(s.Reply(all))
		}},
		{Name: "a reply that is too long is truncated", Faults: []string{"huge"}, Config: map[string]any{"max_reply_bytes": 1000}, Verify: func(s *stage) {
			r := s.Reply("one")
			s.Ended(r, core.FinishTruncated, "max_reply_bytes")
			if n := len(r.Message.Text()); n == 0 || n > 1000 {
				s.Errorf("%d bytes are kept", n)
			}
		}},
	}
}

// blockPromises are about content filters and refusals.
func blockPromises() []promise {
	finishes := suite().Ends
	blocked := func(name, fault, says string) promise {
		return promise{Name: name, Faults: []string{fault + "@2"}, Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("one"))
			r := s.Say(c, core.UserText("two"))
			s.Ended(r, core.FinishBlocked, says)
			if !r.Message.Empty() {
				s.Errorf("the reply is %q", r.Message.Text())
			}
			s.Answered(c, core.UserText("three"), "one then three")
		}}
	}
	return []promise{
		blocked("a prompt that was filtered is blocked, and left out from then on", "prompt-filter", "content_filter"),
		blocked("a prompt that was flagged is blocked", "prompt-flagged", "usage policy"),
		blocked("a response that failed for bio_policy is blocked", "failed-bio_policy", "bio_policy"),
		blocked("so is one for misalignment_policy_violation", "failed-misalignment_policy_violation", "misalignment_policy_violation"),
		blocked("a prompt that was filtered, and answered with nothing, is blocked", "prompt-filter-empty", "the message was filtered: blocked"),
		blocked("so is one for an image against the policy", "failed-image_content_policy_violation", "image_content_policy_violation"),
		finishes("what came before the policy stopped it is kept", "blocked-late", core.FinishBlocked, "bio_policy", all),
		finishes("a reply that was filtered is blocked", "incomplete-content_filter", core.FinishBlocked, "content_filter", all),
		blocked("a prompt that LiteLLM's filter refused is blocked", "litellm-filter", "ContentPolicyViolationError"),
		blocked("so is one that OpenRouter's refused", "router-filter", "The input was flagged. (violence)"),
		finishes("what a filter flags of a reply that is completed is blocked", "filter-late", core.FinishBlocked, "content_filter: violence (high)", all),
		finishes("an error that says nothing is none", "empty-error", core.FinishComplete, "", all),
		finishes("a filter's categories are named", "filter-named", core.FinishBlocked, "content_filter: violence (high)", all),
		finishes("a policy that ends the stream is a block", "stream-policy", core.FinishBlocked, "misalignment_policy_violation", "one two ").Streamed(),
		{Name: "a refusal is blocked, and its words are kept and remembered", Faults: []string{"refusal@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Ended(s.Answered(c, clienttest.Four(), all), core.FinishBlocked, "refusal")
			s.Answered(c, core.UserText("two"), "two")
			if sent := string(encode(s.Last()["input"].([]any)[1])); !strings.Contains(sent, `"refusal":"`+all+`"`) {
				s.Errorf("sent was %s", sent)
			}
		}},
		{Name: "a filter that did not run is told", Faults: []string{"filter-failed"}, Verify: func(s *stage) {
			s.Warned(s.Answered(s.Talk(core.Start{}), clienttest.Four(), all), "unfiltered")
		}},
	}
}

// errorPromises are about answers that are none.
func errorPromises() []promise {
	fails := suite().Fails
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
		fails("error-detail", core.ErrorUnavailable, core.SubjectAnswer, "Internal error"),
		fails("error-object", core.ErrorUnavailable, core.SubjectAnswer, "The engine has died."),
		fails("error-type", core.ErrorUnavailable, core.SubjectAnswer, "The engine has died."),
		fails("failed-server_error", core.ErrorUnavailable, core.SubjectAnswer, "server_error"),
		fails("failed-rate_limit_exceeded", core.ErrorRateLimited, core.SubjectLimit, "rate_limit_exceeded"),
		fails("failed-invalid_image", core.ErrorInput, core.SubjectConfiguration, "invalid_image"),
		fails("empty-stream", core.ErrorProtocol, core.SubjectAnswer, "no events").Streamed(),
		{Name: "says when to come back: rate-limit", Faults: []string{"rate-limit"}, Verify: func(s *stage) {
			if got := core.RetryAfterOf(s.Fails(core.ErrorRateLimited, "")); got.String() != "2s" {
				s.Errorf("the error asks to wait %s, want 2s", got)
			}
		}},
		{Name: "a parameter that the service refuses is named", Faults: []string{"bad-parameter"}, Config: map[string]any{"reasoning_effort": "low"}, Verify: func(s *stage) {
			s.About(s.Fails(core.ErrorConfig, "reasoning_effort"), core.SubjectConfiguration)
		}},
	}
}

// errorEventPromises are about errors in a stream, in forms that are not the protocol's.
func errorEventPromises() []promise {
	breaks := suite().Breaks
	return []promise{
		breaks("so does an event that is a detail", "detail-event", core.ErrorUnavailable, "Internal error", half, nil).Streamed(),
		breaks("so does an object that is an error", "object-event", core.ErrorUnavailable, "The engine has died.", half, nil).Streamed(),
		breaks("so does a problem", "problem-event", core.ErrorUnavailable, "The engine has died.", half, nil).Streamed(),
		promise{Name: "what a model thought before its reply broke off is kept", Faults: []string{"thought-error"}, Verify: func(s *stage) {
			r, err := s.Talk(core.Start{}).Send(s.Context(), clienttest.Four())
			s.Kind(err, core.ErrorUnavailable, "The engine has died.")
			s.Ended(r, core.FinishBroken, "")
			if got := s.Thoughts(r); got != "they want it" {
				s.Errorf("the target thinks %q", got)
			}
		}}.Streamed(),
	}
}

// cutPromises are about answers that break off.
func cutPromises() []promise {
	breaks := suite().Breaks
	quiet := map[string]any{"timeouts": map[string]any{"quiet": "1s"}}
	turn := map[string]any{"timeouts": map[string]any{"turn": "2s"}}
	whole := all + " then more"
	return []promise{
		breaks("a stream that ends before the reply is a cut", "cut-between", core.ErrorUnavailable, "before the reply did", half, nil).Streamed(),
		breaks("so is one that ends without its last event", "no-end", core.ErrorUnavailable, "before the reply did", whole, nil).Streamed(),
		breaks("a stream that ends in an event is a cut, and its beginning is kept", "cut-mid-event", core.ErrorUnavailable, "cut off", half+"th", nil).Streamed(),
		breaks("a connection that is lost is a cut", "drop", core.ErrorUnavailable, "cut off", half, nil).Streamed(),
		breaks("an answer that ends within is a cut", "cut-between", core.ErrorUnavailable, "cut off", "one two ", nil).Whole(),
		breaks("silence within a stream is a cut", "stall", core.ErrorTimeout, "timeouts.quiet", half, quiet).Streamed(),
		breaks("a reply that takes too long is a cut", "stall", core.ErrorTimeout, "timeouts.turn", half, turn).Streamed(),
		breaks("an error ends the stream", "stream-error", core.ErrorUnavailable, "The engine has died.", half, nil).Streamed(),
		breaks("an event that is not JSON ends it", "bad-event", core.ErrorProtocol, "{oops", half, nil).Streamed(),
		{Name: "an event that is too large is cut, and its beginning is kept", Only: "stream", Faults: []string{"huge-event"}, Config: map[string]any{"max_reply_bytes": 1000}, Verify: func(s *stage) {
			r := s.Reply("one")
			s.Ended(r, core.FinishTruncated, "max_reply_bytes")
			if n := len(r.Message.Text()); n == 0 || n > 1000 {
				s.Errorf("%d bytes are kept", n)
			}
		}},
		{Name: "a refusal that is cut is kept", Only: "stream", Faults: []string{"refusal", "cut-between"}, Verify: func(s *stage) {
			r, err := s.Talk(core.Start{}).Send(s.Context(), clienttest.Four())
			s.Kind(err, core.ErrorUnavailable, "before the reply did")
			s.Ended(r, core.FinishBroken, "")
			if got := r.Message.Text(); got != half {
				s.Errorf("%q had come, want %q", got, half)
			}
		}},
		{Name: "a stream that begins, and has nothing, is a cut", Only: "stream", Faults: []string{"only-begins"}, Verify: func(s *stage) {
			s.About(s.Fails(core.ErrorUnavailable, "before the reply did"), core.SubjectAnswer)
		}},
		{Name: "a conversation that has ended takes no message", Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			if err := c.End(s.Context()); err != nil {
				s.Error(err)
			}
			if _, err := c.Send(s.Context(), clienttest.Four()); err == nil || s.Server.Turns() != 0 {
				s.Errorf("%d messages were sent, and the error is %v", s.Server.Turns(), err)
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

// networkPromises are about the way to the service.
func networkPromises() []promise {
	u := suite()
	return []promise{u.HidesKey("sk-wrong-9876543210", "invalid_api_key"), u.StaysHome(), u.Carries()}
}
