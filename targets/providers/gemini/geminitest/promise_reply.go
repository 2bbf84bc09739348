package geminitest

import (
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// thought checks what a reply thinks and says.
func thought(s *stage, r core.Reply, reasoning, text string) {
	s.Helper()
	if got := s.Thoughts(r); got != reasoning || r.Message.Text() != text {
		s.Errorf("the target thinks %q and says %q, want %q and %q", got, r.Message.Text(), reasoning, text)
	}
}

// replyPromises are about how replies end.
func replyPromises() []promise {
	ends := suite().Ends
	sixteen := map[string]any{"max_output_tokens": 16}
	further := map[string]any{"parameters": map[string]any{"generationConfig": map[string]any{"maxOutputTokens": 16}}}
	promises := []promise{
		ends("a reply that hit its limit is truncated", "truncated", core.FinishTruncated, "MAX_TOKENS", half),
		ends("a reply that the service would go on with is truncated", "ends-CONTINUATION", core.FinishTruncated, "CONTINUATION", half),
		ends("one that it goes on with is not", "carries-on", core.FinishComplete, "", all),
		ends("an empty reply is no evidence", "empty-stop", core.FinishUnconfirmed, "the reply is empty, although the service says STOP and counts 0 tokens", ""),
		ends("so is one of which nothing can be seen", "invisible", core.FinishUnconfirmed, "the reply is empty", "\u200b \ufeff"),
		ends("a text that ends in the middle of a character is truncated", "half-character", core.FinishTruncated, "middle of a character", "It is \ufffd"),
		ends("of several reasons of the end, that of a cut counts", "cut-and-whole", core.FinishTruncated, "MAX_TOKENS", all),
		ends("also where it comes last", "whole-and-cut", core.FinishTruncated, "MAX_TOKENS", all),
		promise{Name: "a reason that says nothing is none where another comes", Faults: []string{"unspecified-and-whole"}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), clienttest.Four(), all)
			s.Ended(r, core.FinishComplete, "")
			s.Warned(r)
		}}.Streamed(),
		promise{Name: "a failure after a cut is named", Faults: []string{"cut-and-failed"}, Verify: func(s *stage) {
			r, err := s.Talk(core.Start{}).Send(s.Context(), clienttest.Four())
			s.Kind(err, core.ErrorProtocol, "MALFORMED_FUNCTION_CALL")
			s.Ended(r, core.FinishBroken, "")
		}}.Streamed(),
		ends("a blank reply is no evidence", "blank-stop", core.FinishUnconfirmed, "the reply is empty", " \n "),
		ends("as many tokens as are allowed are no stop", "at-limit", core.FinishTruncated, "counts 16 tokens of the 16", all).With(sixteen),
		ends("wherever the limit is named", "at-limit", core.FinishTruncated, "counts 16 tokens of the 16", all).With(further),
		ends("so many tokens are a stop where none are counted", "no-usage", core.FinishComplete, "", all).With(sixteen),
		ends("so many tokens are a stop where no limit is named", "at-limit", core.FinishComplete, "", all),
		ends("a reply without a reason of its end is unconfirmed", "null-finish", core.FinishUnconfirmed, "finishReason", all).Whole(),
		{Name: "a reply that is too long is cut off", Faults: []string{"huge"}, Config: map[string]any{"max_reply_bytes": 1000}, Verify: func(s *stage) {
			r := s.Reply(all)
			s.Ended(r, core.FinishTruncated, "max_reply_bytes")
			if got := r.Message.Text(); got != strings.Repeat("long ", 200) {
				s.Errorf("%d bytes of it are kept", len(got))
			}
		}},
		{Name: "an event or answer that is too large is cut off", Faults: []string{"huge-event"}, Config: map[string]any{"max_reply_bytes": 1000}, Verify: func(s *stage) {
			r := s.Reply(all)
			s.Ended(r, core.FinishTruncated, "max_reply_bytes")
			if got := r.Message.Text(); len(got) < 900 || len(got) > 1000 {
				s.Errorf("%d bytes of it are kept", len(got))
			}
		}},
	}
	for _, reason := range []string{"FINISH_REASON_UNSPECIFIED", "OTHER", "NO_IMAGE", "IMAGE_OTHER", "CONTEMPLATION"} {
		promises = append(promises, ends("a reason that says nothing is never conclusive: "+reason, "ends-"+reason, core.FinishUnconfirmed, reason, half))
	}
	for _, reason := range []string{"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"} {
		promises = append(promises, promise{Name: "a call that went wrong is an error: " + reason, Faults: []string{"ends-" + reason}, Verify: func(s *stage) {
			r, err := s.Talk(core.Start{}).Send(s.Context(), clienttest.Four())
			s.Kind(err, core.ErrorProtocol, reason)
			s.About(err, core.SubjectAnswer)
			s.Ended(r, core.FinishBroken, reason)
			if got := r.Message.Text(); got != half {
				s.Errorf("%q had come", got)
			}
		}})
	}
	return promises
}

// unreadPromises are about what a reply has beside what is read: nobody judges it.
func unreadPromises() []promise {
	unread := func(fault, says string) promise {
		return promise{Name: "what is not read is no evidence: " + fault, Faults: []string{fault}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), clienttest.Four(), all)
			s.Ended(r, core.FinishUnconfirmed, says)
			s.Warned(r, says)
		}}
	}
	return []promise{unread("file-part", `a part "fileData"`), unread("video-part", `a part of type "video/mp4"`), unread("odd-text", "a text in another form")}
}

// thoughtPromises are about what the model thinks, and what is sent back.
func thoughtPromises() []promise {
	const thinks = "they want the code"
	back := func(name, fault, want string) promise {
		return promise{Name: name, Faults: []string{fault + "@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, clienttest.Four())
			s.Say(c, clienttest.Four())
			if sent := string(encode(s.Last()["contents"].([]any)[1])); sent != want {
				s.Errorf("sent was %s, want %s", sent, want)
			}
		}}
	}
	const said = `{"parts":[{"text":"one two three four"}],"role":"model"}`
	return []promise{
		{Name: "what the model thinks is kept apart", Faults: []string{"thinks"}, Verify: func(s *stage) {
			r := s.Reply(all)
			thought(s, r, thinks, all)
			s.Ended(r, core.FinishComplete, "")
		}},
		{Name: "a model that only thinks has said nothing", Faults: []string{"only-thinks"}, Verify: func(s *stage) {
			r := s.Reply(all)
			thought(s, r, thinks, "")
			s.Ended(r, core.FinishUnconfirmed, "the reply is empty")
		}},
		back("thoughts are not sent back", "thinks", said),
		back("a text with a signature is sent back with it", "signed", `{"parts":[{"text":"one two three four","thoughtSignature":"c2lnbmVk"}],"role":"model"}`).Whole(),
		back("a piece with a signature is not joined with others", "signed", `{"parts":[{"text":"one two three "},{"text":"four","thoughtSignature":"c2lnbmVk"}],"role":"model"}`).Streamed(),
		back("an empty part with a signature is sent back", "signed-empty", `{"parts":[{"text":"one two three four"},{"text":"","thoughtSignature":"ZW1wdHk="}],"role":"model"}`),
		back("an empty part is left out", "empty-part", said),
	}
}

// shapePromises are about forms of an answer.
func shapePromises() []promise {
	ends := suite().Ends
	understood := func(fault string) promise {
		return ends("understood: "+fault, fault, core.FinishComplete, "", all)
	}
	told := func(fault, says string) promise {
		return promise{Name: "understood, with a warning: " + fault, Faults: []string{fault}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), clienttest.Four(), all)
			s.Ended(r, core.FinishComplete, "")
			s.Warned(r, says)
		}}
	}
	counts := func(fault string, want int64) promise {
		return promise{Name: "counts do not lose the reply: " + fault, Faults: []string{fault}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), clienttest.Four(), all)
			s.Ended(r, core.FinishComplete, "")
			if r.Usage.InputTokens != want {
				s.Errorf("the usage is %+v", r.Usage)
			}
		}}
	}
	return []promise{
		understood("wrong-types"), understood("empty-error"), understood("index-one"), understood("unknown-members"), understood("safe"), understood("plain-type"), understood("no-type"), understood("stop-early"),
		understood("empty-part"), understood("other-part"), understood("signed-empty"),
		understood("crlf").Streamed(), understood("comments").Streamed(), understood("done").Streamed(),
		told("two-candidates", "several answers"), told("same-index", "several answers"), told("swapped", "several answers").Streamed(),
		told("in-one-piece", "in one piece").Streamed(), told("as-list", "in one piece").Streamed(), understood("as-list").Whole(),
		counts("large-counts", 5_000_000_002), counts("text-counts", 6), counts("odd-counts", 2),
		{Name: "usage that is not given is not known", Faults: []string{"no-usage"}, Verify: func(s *stage) {
			if r := s.Reply(all); r.Usage != (core.Usage{}) {
				s.Errorf("the usage is %+v", r.Usage)
			}
		}},
		{Name: "an answer in one piece is told once", Only: "stream", Faults: []string{"in-one-piece"}, Verify: func(s *stage) {
			s.Reply("one")
			s.Warned(s.Reply("two"))
		}},
	}
}

// blockPromises are about prompts and answers that are blocked.
func blockPromises() []promise {
	ends := suite().Ends
	promises := []promise{
		ends("an answer of which content was blocked is no evidence", "flagged-stop", core.FinishUnconfirmed, "it blocked content: HARM_CATEGORY_HARASSMENT (HIGH)", all),
		ends("nor is one to a prompt of which it was", "flagged-prompt", core.FinishUnconfirmed, "it blocked content: HARM_CATEGORY_HARASSMENT (HIGH)", all),
		ends("a prompt that was blocked for its rating is blocked", "flagged-alone", core.FinishBlocked, "the prompt was blocked (HARM_CATEGORY_HARASSMENT (HIGH))", ""),
		ends("a block's categories and words are named", "flagged", core.FinishBlocked, "SAFETY: The answer was withheld. (HARM_CATEGORY_DANGEROUS_CONTENT (HIGH))", half),
		{Name: "an answer of which nothing was left is blocked, and left out from then on", Faults: []string{"safety-whole@2"}, Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("one"))
			s.Ended(s.Answered(c, core.UserText("two"), ""), core.FinishBlocked, "SAFETY")
			s.Answered(c, core.UserText("three"), "one then three")
		}},
		{Name: "a prompt that is blocked after the answer has begun is blocked, and left out", Only: "stream", Faults: []string{"blocked-late@1"}, Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Ended(s.Answered(c, clienttest.Four(), all), core.FinishBlocked, "MODEL_ARMOR")
			s.Answered(c, core.UserText("after"), "after")
		}},
	}
	for fault, says := range map[string]string{"litellm-filter": "ContentPolicyViolationError", "router-filter": "The input was flagged. (violence)"} {
		promises = append(promises, promise{Name: "a prompt that a gateway's filter refused is blocked, and left out: " + fault, Faults: []string{fault + "@2"}, Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("one"))
			s.Ended(s.Answered(c, core.UserText("two"), ""), core.FinishBlocked, says)
			s.Answered(c, core.UserText("three"), "one then three")
		}})
	}
	for _, reason := range []string{"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK", "NOVELTY"} {
		promises = append(promises, promise{Name: "a blocked prompt is blocked, and left out from then on: " + reason, Faults: []string{"blocked-" + reason + "@2"}, Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("one"))
			r := s.Say(c, core.UserText("two"))
			s.Ended(r, core.FinishBlocked, "the prompt was blocked: "+reason+": Not this. (HARM_CATEGORY_HATE_SPEECH (HIGH))")
			if !r.Message.Empty() || r.Message.Role != core.Assistant || r.Usage.InputTokens == 0 {
				s.Errorf("the reply is %q of %q, its usage %+v", r.Message.Text(), r.Message.Role, r.Usage)
			}
			s.Answered(c, core.UserText("three"), "one then three")
		}})
	}
	for _, reason := range []string{
		"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
	} {
		promises = append(promises, ends("a blocked answer is blocked, with what came: "+reason, "ends-"+reason, core.FinishBlocked, reason, half))
	}
	return slices.Clip(promises)
}
