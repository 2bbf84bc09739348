package chattest

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// gatewayPromises are about what gateways and compatible services do in their own ways.
func gatewayPromises() []promise {
	u := suite()
	ends, fails, breaks := u.Ends, u.Fails, u.Breaks
	filtered := func(fault, says string) promise {
		return ends("a filter's refusal: "+fault, fault, core.FinishBlocked, says, "")
	}
	blocked := func(fault, says string) promise {
		return ends("a filter's end: "+fault, fault, core.FinishBlocked, says, all)
	}
	return []promise{
		filtered("guardrail", "Violated guardrail policy"), filtered("guardrail-object", "Violated guardrail policy"), filtered("hooks-filter", "guardrail checks"),
		filtered("deepseek-filter", "Content Exists Risk"), filtered("alibaba-filter", "data_inspection_failed"), filtered("xai-filter", "SAFETY_CHECK_TYPE_BIO"),
		filtered("zhipu-filter", "1301"), filtered("moonshot-filter", "high risk"), filtered("cloudflare-filter", "security configurations"),
		filtered("azure-inner-filter", "(sexual (high))"), filtered("prompt-filter-alone", "the message was filtered: jailbreak"),
		blocked("ends-filter-named", "content_filter: PROHIBITED_CONTENT"), blocked("ends-safety", "SAFETY"), blocked("ends-guardrail", "guardrail_intervened"),
		blocked("ends-refusal", "refusal"), blocked("native-filter", "SAFETY"), blocked("filter-number", "content_filter: violence"),
		blocked("filter-list", "content_filter: custom_blocklists"), blocked("guardrail-action", "guardrail"), blocked("sensitive-reply", "output_sensitive"),
		blocked("refusal-true", "refusal"),
		ends("what a filter only detects is none of its blocks", "filter-detected", core.FinishComplete, "", all),
		ends("a guardrail that let pass says nothing", "guardrail-no-action", core.FinishComplete, "", all),
		ends("that there is no refusal is none", "refusal-false", core.FinishComplete, "", all),
		ends("an error without a word beside an answer is none", "error-of-nothing", core.FinishComplete, "", all),
		fails("filter-died", core.ErrorConfig, core.SubjectConfiguration, "content_filter_error"),
		fails("filter-died-200", core.ErrorUnavailable, core.SubjectAnswer, "content_filter_error"),
		fails("filter-429", core.ErrorRateLimited, core.SubjectLimit, "content_filter"),
		filtered("prompt-filter-stream", "the message was filtered: jailbreak").Streamed(),
		fails("gateway-quota", core.ErrorAuth, core.SubjectConfiguration, "insufficient_quota"),
		u.Waits("rate-limit-units", "1m30s", core.ErrorRateLimited),
		u.Waits("rate-limit-reset", "3s", core.ErrorRateLimited),
		ends("capitals do not matter to a limit", "ends-max-tokens", core.FinishTruncated, "MAX_TOKENS", all),
		ends("nor to a stop", "ends-stop", core.FinishComplete, "", all),
		ends("a limit of the provider behind a router counts", "native-length", core.FinishTruncated, "max_tokens", all),
		ends("its word for a stop does not", "native-stop", core.FinishComplete, "", all),
		ends("a reason that is the word null is none yet", "null-text-finish", core.FinishComplete, "", all).Streamed(),
		ends("calls that are said to be there and are not make no evidence", "calls-missing", core.FinishUnconfirmed, "gives no call", all),
		breaks("an end by an error is an error", "ends-error", core.ErrorUnavailable, `"error"`, all+" then more", nil),
		breaks("so is one for want of resources", "ends-no-resource", core.ErrorUnavailable, "insufficient_system_resource", all+" then more", nil),
		breaks("so is what Groq says of a stream", "groq-error", core.ErrorUnavailable, "over capacity", "one two three ", nil).Streamed(),
		breaks("so is a line that is no event", "error-line", core.ErrorUnavailable, "The engine has died.", "one two three ", nil).Streamed(),
		breaks("so is a field of its own", "error-field", core.ErrorUnavailable, "The engine has died.", "one two three ", nil).Streamed(),
	}
}

// looseForms are forms of what the protocol has that it does not have.
func looseForms() []promise {
	ends, sixteen := suite().Ends, map[string]any{"max_tokens": 16}
	return []promise{
		ends("a count that is a text is one", "usage-texts", core.FinishTruncated, "16 tokens of the 16", all).With(sixteen),
		ends("so is one that is a float", "usage-floats", core.FinishTruncated, "16 tokens of the 16", all).With(sixteen),
		ends("a count is not lost by another that says nothing", "usage-then-none", core.FinishTruncated, "16 tokens of the 16", all).With(sixteen).Streamed(),
		ends("the last count is the reply's", "usage-grows", core.FinishTruncated, "16 tokens of the 16", all).With(sixteen).Streamed(),
		{Name: "a call that is repeated is one", Only: "stream", Agent: oneCall, Faults: []string{"calls-repeated"}, Verify: func(s *stage) {
			if got := s.Calls(s.Reply("call")); len(got) != 1 || got[0] != clienttest.NewToolCall("call_a", "look_up", `{"account":"7"}`) {
				s.Errorf("the calls are %v", got)
			}
		}},
		{Name: "calls that nothing tells apart but their names are several", Only: "stream", Agent: twoCalls, Faults: []string{"calls-without-index"}, Verify: func(s *stage) {
			got := s.Calls(s.Reply("call"))
			if len(got) != 2 || got[0].Name != "look_up" || got[1].Name != "dial" || got[0].Arguments != `{"account": "7"}` || got[1].Arguments != "{}" {
				s.Errorf("the calls are %v", got)
			}
		}},
		ends("Groq's count is one", "usage-of-groq", core.FinishTruncated, "16 tokens of the 16", all).With(sixteen).Streamed(),
		ends("events with numbers are understood", "ids", core.FinishComplete, "", all).Streamed(),
		ends("characters that were cut apart are put together", "split-characters", core.FinishComplete, "", "blue 🦊 grün").Streamed(),
		ends("a text that ends in the middle of a character is truncated", "half-character", core.FinishTruncated, "middle of a character", "It is \ufffd"),
		ends("a part of no known form is kept as it is", "part-without-type", core.FinishComplete, "", `{"value":"one"}`).Whole(),
		ends("what follows the finish is part of the reply", "text-after-finish", core.FinishComplete, "", all+" five").Streamed(),
		ends("a stream that sends comments is not silent", "keep-alive", core.FinishComplete, "", all).With(map[string]any{"timeouts": map[string]any{"quiet": "1s"}}).Streamed(),
		{Name: "what a service refuses all the same is asked for no third time", Faults: []string{"no-options-ever"}, Verify: func(s *stage) {
			s.About(s.Fails(core.ErrorConfig, "No stream_options here."), core.SubjectConfiguration)
			if got := s.Server.Turns(); got != 2 {
				s.Errorf("%d requests were sent, want 2", got)
			}
		}},
		{Name: "a call at the limit is cut off", Agent: oneCall, Faults: []string{"at-limit"}, Config: sixteen, Verify: func(s *stage) {
			s.Ended(s.Reply("call"), core.FinishTruncated, "16 tokens of the 16")
		}},
		{Name: "a call without a name gets one, and is answered", Agent: oneCall, Faults: []string{"no-call-name@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			if got := s.Calls(s.Say(c, core.UserText("call"))); len(got) != 1 || got[0].Name != "unnamed" {
				s.Errorf("the calls are %v", got)
			}
			s.Say(c, clienttest.Results("call_a", "r"))
		}},
	}
}

// twoCalls calls two tools.
func twoCalls(*Request) Answer {
	return Answer{Calls: []Call{{"call_a", "look_up", `{"account": "7"}`}, {"call_b", "dial", "{}"}}}
}
