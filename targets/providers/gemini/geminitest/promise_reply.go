package geminitest

import (
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// ends is the promise that a reply under a fault ends in a way, with a text.
func ends(name, fault string, want core.Finish, says, text string) promise {
	return promise{name: name, faults: []string{fault}, verify: func(s *stage) {
		s.ended(s.answered(s.talk(core.Start{}), four(), text), want, says)
	}}
}

func with(p promise, config map[string]any) promise {
	p.config = config
	return p
}

func only(kind string, p promise) promise {
	p.only = kind
	return p
}

// thought checks what a reply thinks and says.
func (s *stage) thought(r core.Reply, reasoning, text string) {
	s.Helper()
	var thoughts []string
	for _, v := range r.Message.Of(core.Reasoning) {
		thoughts = append(thoughts, v.Text())
	}
	if got := strings.Join(thoughts, "|"); got != reasoning || r.Message.Text() != text {
		s.Errorf("the target thinks %q and says %q, want %q and %q", got, r.Message.Text(), reasoning, text)
	}
}

// replyPromises are about how replies end.
func replyPromises() []promise {
	sixteen := map[string]any{"max_output_tokens": 16}
	further := map[string]any{"parameters": map[string]any{"generationConfig": map[string]any{"maxOutputTokens": 16}}}
	promises := []promise{
		ends("a reply that hit its limit is truncated", "truncated", core.FinishTruncated, "MAX_TOKENS", half),
		ends("a reply that the service would go on with is truncated", "ends-CONTINUATION", core.FinishTruncated, "CONTINUATION", half),
		ends("one that it goes on with is not", "carries-on", core.FinishComplete, "", all),
		ends("an empty reply is no evidence", "empty-stop", core.FinishUnconfirmed, "the reply is empty, although the service says STOP and counts 0 tokens", ""),
		ends("a blank reply is no evidence", "blank-stop", core.FinishUnconfirmed, "the reply is empty", " \n "),
		with(ends("as many tokens as are allowed are no stop", "at-limit", core.FinishTruncated, "counts 16 tokens of the 16", all), sixteen),
		with(ends("wherever the limit is named", "at-limit", core.FinishTruncated, "counts 16 tokens of the 16", all), further),
		with(ends("so many tokens are a stop where none are counted", "no-usage", core.FinishComplete, "", all), sixteen),
		ends("so many tokens are a stop where no limit is named", "at-limit", core.FinishComplete, "", all),
		only("whole", ends("a reply without a reason of its end is unconfirmed", "null-finish", core.FinishUnconfirmed, "finishReason", all)),
		{name: "a reply that is too long is cut off", faults: []string{"huge"}, config: map[string]any{"max_reply_bytes": 1000}, verify: func(s *stage) {
			r := s.reply(all)
			s.ended(r, core.FinishTruncated, "max_reply_bytes")
			if got := r.Message.Text(); got != strings.Repeat("long ", 200) {
				s.Errorf("%d bytes of it are kept", len(got))
			}
		}},
		{name: "an event or answer that is too large is cut off", faults: []string{"huge-event"}, config: map[string]any{"max_reply_bytes": 1000}, verify: func(s *stage) {
			r := s.reply(all)
			s.ended(r, core.FinishTruncated, "max_reply_bytes")
			if got := r.Message.Text(); len(got) < 900 || len(got) > 1000 {
				s.Errorf("%d bytes of it are kept", len(got))
			}
		}},
	}
	for _, reason := range []string{"FINISH_REASON_UNSPECIFIED", "OTHER", "NO_IMAGE", "IMAGE_OTHER", "CONTEMPLATION"} {
		promises = append(promises, ends("a reason that says nothing is never conclusive: "+reason, "ends-"+reason, core.FinishUnconfirmed, reason, half))
	}
	for _, reason := range []string{"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"} {
		promises = append(promises, promise{name: "a call that went wrong is an error: " + reason, faults: []string{"ends-" + reason}, verify: func(s *stage) {
			r, err := s.talk(core.Start{}).Send(s.Context(), four())
			s.kind(err, core.ErrorProtocol, reason)
			s.about(err, core.SubjectAnswer)
			s.ended(r, core.FinishBroken, reason)
			if got := r.Message.Text(); got != half {
				s.Errorf("%q had come", got)
			}
		}})
	}
	return promises
}

// thoughtPromises are about what the model thinks, and what is sent back.
func thoughtPromises() []promise {
	const thinks = "they want the code"
	back := func(name, fault, want string) promise {
		return promise{name: name, faults: []string{fault + "@1"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, four())
			s.say(c, four())
			if sent := string(encode(s.last()["contents"].([]any)[1])); sent != want {
				s.Errorf("sent was %s, want %s", sent, want)
			}
		}}
	}
	const said = `{"parts":[{"text":"one two three four"}],"role":"model"}`
	return []promise{
		{name: "what the model thinks is kept apart", faults: []string{"thinks"}, verify: func(s *stage) {
			r := s.reply(all)
			s.thought(r, thinks, all)
			s.ended(r, core.FinishComplete, "")
		}},
		{name: "a model that only thinks has said nothing", faults: []string{"only-thinks"}, verify: func(s *stage) {
			r := s.reply(all)
			s.thought(r, thinks, "")
			s.ended(r, core.FinishUnconfirmed, "the reply is empty")
		}},
		back("thoughts are not sent back", "thinks", said),
		only("whole", back("a text with a signature is sent back with it", "signed", `{"parts":[{"text":"one two three four","thoughtSignature":"c2lnbmVk"}],"role":"model"}`)),
		only("stream", back("a piece with a signature is not joined with others", "signed", `{"parts":[{"text":"one two three "},{"text":"four","thoughtSignature":"c2lnbmVk"}],"role":"model"}`)),
		back("an empty part with a signature is sent back", "signed-empty", `{"parts":[{"text":"one two three four"},{"text":"","thoughtSignature":"ZW1wdHk="}],"role":"model"}`),
		back("a part that is not read is sent back", "code-part", `{"parts":[{"text":"one two three four"},{"executableCode":{"code":"print(1)","language":"PYTHON"}}],"role":"model"}`),
		back("an empty part is left out", "empty-part", said),
	}
}

// shapePromises are about forms of an answer.
func shapePromises() []promise {
	understood := func(fault string) promise {
		return ends("understood: "+fault, fault, core.FinishComplete, "", all)
	}
	told := func(fault, says string) promise {
		return promise{name: "understood, with a warning: " + fault, faults: []string{fault}, verify: func(s *stage) {
			r := s.answered(s.talk(core.Start{}), four(), all)
			s.ended(r, core.FinishComplete, "")
			s.warned(r, says)
		}}
	}
	counts := func(fault string, want int64) promise {
		return promise{name: "counts do not lose the reply: " + fault, faults: []string{fault}, verify: func(s *stage) {
			r := s.answered(s.talk(core.Start{}), four(), all)
			s.ended(r, core.FinishComplete, "")
			if r.Usage.InputTokens != want {
				s.Errorf("the usage is %+v", r.Usage)
			}
		}}
	}
	return []promise{
		understood("wrong-types"), understood("unknown-members"), understood("safe"), understood("plain-type"), understood("no-type"), understood("stop-early"),
		understood("empty-part"), understood("other-part"), understood("signed-empty"),
		only("stream", understood("crlf")), only("stream", understood("comments")), only("stream", understood("done")),
		told("two-candidates", "several answers"), told("code-part", `"executableCode"`), told("image-part", `"image/png"`),
		only("stream", told("in-one-piece", "in one piece")), only("stream", told("as-list", "in one piece")), only("whole", understood("as-list")),
		counts("large-counts", 5_000_000_002), counts("text-counts", 6), counts("odd-counts", 2),
		{name: "usage that is not given is not known", faults: []string{"no-usage"}, verify: func(s *stage) {
			if r := s.reply(all); r.Usage != (core.Usage{}) {
				s.Errorf("the usage is %+v", r.Usage)
			}
		}},
		{name: "an answer in one piece is told once", only: "stream", faults: []string{"in-one-piece"}, verify: func(s *stage) {
			s.reply("one")
			s.warned(s.reply("two"))
		}},
	}
}

// blockPromises are about prompts and answers that are blocked.
func blockPromises() []promise {
	promises := []promise{
		ends("a block's categories and words are named", "flagged", core.FinishBlocked, "SAFETY: The answer was withheld. (HARM_CATEGORY_DANGEROUS_CONTENT (HIGH))", half),
		{name: "an answer of which nothing was left is blocked, and left out from then on", faults: []string{"safety-whole@2"}, agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("one"))
			s.ended(s.answered(c, core.UserText("two"), ""), core.FinishBlocked, "SAFETY")
			s.answered(c, core.UserText("three"), "one then three")
		}},
		{name: "a prompt that is blocked after the answer has begun is blocked, and left out", only: "stream", faults: []string{"blocked-late@1"}, agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.ended(s.answered(c, four(), all), core.FinishBlocked, "MODEL_ARMOR")
			s.answered(c, core.UserText("after"), "after")
		}},
	}
	for _, reason := range []string{"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK", "NOVELTY"} {
		promises = append(promises, promise{name: "a blocked prompt is blocked, and left out from then on: " + reason, faults: []string{"blocked-" + reason + "@2"}, agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("one"))
			r := s.say(c, core.UserText("two"))
			s.ended(r, core.FinishBlocked, "the prompt was blocked: "+reason+": Not this. (HARM_CATEGORY_HATE_SPEECH (HIGH))")
			if !r.Message.Empty() || r.Message.Role != core.Assistant || r.Usage.InputTokens == 0 {
				s.Errorf("the reply is %q of %q, its usage %+v", r.Message.Text(), r.Message.Role, r.Usage)
			}
			s.answered(c, core.UserText("three"), "one then three")
		}})
	}
	for _, reason := range []string{
		"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
	} {
		promises = append(promises, ends("a blocked answer is blocked, with what came: "+reason, "ends-"+reason, core.FinishBlocked, reason, half))
	}
	return slices.Clip(promises)
}
