package anthropictest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// replyPromises are about how replies end.
func replyPromises() []promise {
	ends := suite().Ends
	sixteen := map[string]any{"max_tokens": 16}
	cutTo := func(name, fault string, most int) promise {
		return promise{Name: name, Faults: []string{fault}, Config: map[string]any{"max_reply_bytes": 1000}, Verify: func(s *stage) {
			r := s.Reply(all)
			s.Ended(r, core.FinishTruncated, "max_reply_bytes")
			if got := len(r.Message.Text()); got != most {
				s.Errorf("%d bytes of it are kept, want %d", got, most)
			}
		}}
	}
	return []promise{
		ends("a reply that hit its limit is truncated", "ends-max_tokens", core.FinishTruncated, "max_tokens", half),
		ends("a reply that hit the end of the context is truncated", "ends-model_context_window_exceeded", core.FinishTruncated, "model_context_window_exceeded", half),
		ends("a stop sequence is an end", "ends-stop_sequence", core.FinishComplete, "", half),
		ends("a tool_use without a call is no evidence", "ends-tool_use", core.FinishUnconfirmed, "has no call", half),
		ends("a reason that is unknown is never conclusive", "ends-contemplation", core.FinishUnconfirmed, "contemplation", half),
		ends("an empty reply is no evidence", "empty-stop", core.FinishUnconfirmed, "the reply is empty, although the service says end_turn and counts 0 tokens", ""),
		ends("so is one without content", "null-content", core.FinishUnconfirmed, "the reply is empty", ""),
		{
			Name: "a reply that is paused again and again is truncated", Faults: []string{"ends-pause_turn"},
			Agent: func(*Request) Answer { return Answer{Text: all} },
			Verify: func(s *stage) {
				s.Ended(s.Answered(s.Talk(core.Start{}), clienttest.Four(), strings.Repeat(half, 9)), core.FinishTruncated, "paused the reply 9 times")
			},
		},
		ends("a blank reply is no evidence", "blank-stop", core.FinishUnconfirmed, "the reply is empty", " \n "),
		ends("so is one of which nothing can be seen", "invisible", core.FinishUnconfirmed, "the reply is empty", "\u200b \ufeff"),
		ends("a text that ends in the middle of a character is truncated", "half-character", core.FinishTruncated, "middle of a character", "It is \ufffd"),
		ends("of several reasons of the end, that of a cut counts", "cut-and-whole", core.FinishTruncated, "max_tokens", all).Streamed(),
		ends("also where it comes last", "whole-and-cut", core.FinishTruncated, "max_tokens", all).Streamed(),
		ends("a reply without a reason of its end is unconfirmed", "null-stop", core.FinishUnconfirmed, "stop_reason", all),
		ends("as many tokens as are allowed are no stop", "at-limit", core.FinishTruncated, "counts 16 tokens of the 16", all).With(sixteen),
		ends("so many tokens are a stop where none are counted", "no-usage", core.FinishComplete, "", all).With(sixteen),
		ends("so many tokens are a stop under a larger limit", "at-limit", core.FinishComplete, "", all),
		cutTo("a reply that is too long is cut off", "huge", 1000), cutTo("a piece that is too long is cut off", "huge-event", 1000),
	}
}

// refusalPromises are about answers that are withheld.
func refusalPromises() []promise {
	leftOut := func(name, fault, says, text string) promise {
		return promise{Name: name, Faults: []string{fault + "@2"}, Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("one"))
			s.Ended(s.Answered(c, core.UserText("two"), text), core.FinishBlocked, says)
			s.Answered(c, core.UserText("three"), "one then three")
		}}
	}
	return []promise{
		leftOut("a refusal is blocked, and left out from then on", "refuses-whole", "refusal", ""),
		leftOut("a refusal after the beginning of an answer keeps it, and is left out", "refuses-named", "refusal (cyber): Not this.", "one "),
		leftOut("a prompt that LiteLLM's filter refused is blocked, and left out", "litellm-filter", "ContentPolicyViolationError", ""),
		leftOut("so is one that OpenRouter's refused", "router-filter", "The input was flagged.", ""),
		leftOut("a category that is unknown is named", "refuses-novel", "refusal (novelty)", "one "),
		leftOut("a refusal without details is one", "ends-refusal", "refusal", "one "),
		leftOut("a request that a filter refuses is blocked", "filtered", "blocked by content filtering policy", ""),
		promise{Name: "an answer that a filter ends is blocked, with what came", Faults: []string{"filter-event"}, Verify: func(s *stage) {
			s.Ended(s.Answered(s.Talk(core.Start{}), clienttest.Four(), "one two three "), core.FinishBlocked, "blocked by content filtering policy")
		}}.Streamed(),
	}
}

// pausePromises are about replies that the service pauses.
func pausePromises() []promise {
	return []promise{
		{Name: "a reply that is paused is gone on with", Faults: []string{"pauses-at-tool@1", "pauses-at-tool@2"}, Agent: func(r *Request) Answer {
			return Answer{Text: "two"}
		}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Answered(c, core.UserText("go"), "one \none \ntwo")
			s.Ended(r, core.FinishComplete, "")
			s.Warned(r)
			if got := s.Server.Turns(); got != 3 {
				s.Errorf("%d requests were sent, want 3", got)
			}
			if want := (core.Usage{InputTokens: 3*110 + 1 + 2 + 3, OutputTokens: 3, CachedInputTokens: 300}); r.Usage != want {
				s.Errorf("the usage is %+v, want %+v", r.Usage, want)
			}
			const paused = `{"text":"one ","type":"text"},{"id":"srv_1","input":{"query":"x"},"name":"web_search","type":"server_tool_use"}`
			sent(s, `,{"content":[`+paused+","+paused+`],"role":"assistant"}]`)
			s.Say(c, core.UserText("more"))
			sent(s, `,{"content":[`+paused+","+paused+`,{"text":"two","type":"text"}],"role":"assistant"},{"content":[{"text":"more"`)
		}},
		{Name: "a reply that is paused for ever is truncated", Faults: []string{"pauses-at-tool"}, Verify: func(s *stage) {
			s.Ended(s.Reply("go"), core.FinishTruncated, "paused the reply 9 times")
			if got := s.Server.Turns(); got != 9 {
				s.Errorf("%d requests were sent, want 9", got)
			}
		}},
		{Name: "a reply that is too long is not gone on with", Only: "whole", Config: map[string]any{"max_reply_bytes": 1000}, Agent: func(*Request) Answer {
			return Answer{Text: strings.Repeat("long ", 1000), Stop: "pause_turn"}
		}, Verify: func(s *stage) {
			s.Ended(s.Reply("go"), core.FinishTruncated, "max_reply_bytes")
			if got := s.Server.Turns(); got != 1 {
				s.Errorf("%d requests were sent, want 1", got)
			}
		}},
		{Name: "a piece after a pause is none of what came before it", Only: "stream", Faults: []string{"pauses-at-tool@1", "headless@2"}, Verify: func(s *stage) {
			r, err := s.Talk(core.Start{}).Send(s.Context(), core.UserText("go"))
			s.Kind(err, core.ErrorProtocol, "belongs to no block")
			s.Ended(r, core.FinishBroken, "")
		}},
		{Name: "a reply that fails after a pause is broken, and keeps what came", Faults: []string{"pauses-at-tool@1", "overloaded@2"}, Verify: func(s *stage) {
			r, err := s.Talk(core.Start{}).Send(s.Context(), core.UserText("go"))
			s.Kind(err, core.ErrorUnavailable, "Overloaded")
			s.Ended(r, core.FinishBroken, "")
			if r.Message.Text() != "one " {
				s.Errorf("%q had come", r.Message.Text())
			}
		}},
	}
}

// thoughtPromises are about what the model thinks, and what is sent back.
func thoughtPromises() []promise {
	const thinks = "they want the code"
	const text = `{"text":"one two three four","type":"text"}`
	thought := func(s *stage, r core.Reply, reasoning, text string) {
		var thoughts []string
		for _, v := range r.Message.Of(core.Reasoning) {
			thoughts = append(thoughts, v.Text())
		}
		if got := strings.Join(thoughts, "|"); got != reasoning || r.Message.Text() != text {
			s.Errorf("the target thinks %q and says %q, want %q and %q", got, r.Message.Text(), reasoning, text)
		}
	}
	back := func(name, fault, want string) promise {
		return promise{Name: name, Faults: []string{fault + "@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, clienttest.Four())
			s.Say(c, clienttest.Four())
			if sent := string(encode(s.Last()["messages"].([]any)[1])); sent != `{"content":[`+want+`],"role":"assistant"}` {
				s.Errorf("sent was %s, want %s", sent, want)
			}
		}}
	}
	unsigned := back("thinking without a signature is not sent back", "thinks", text)
	unsigned.Faults = []string{"thinks@1", "unsigned@1"}
	unplaced := back("pieces without an index are of the last block", "thinks", `{"signature":"c2lnbmVk","thinking":"they want the code","type":"thinking"},`+text).Streamed()
	unplaced.Faults = []string{"thinks@1", "no-index@1"}
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
		back("thinking is sent back unchanged", "thinks", `{"signature":"c2lnbmVk","thinking":"they want the code","type":"thinking"},`+text),
		back("so is thinking that is encrypted", "redacts", `{"signature":"c2lnbmVk","thinking":"hm","type":"thinking"},{"data":"ZW5jcnlwdGVk","type":"redacted_thinking"},`+text),
		back("a block that is not read is sent back", "server-block", text+`,{"id":"srv_1","input":{"query":"x"},"name":"web_search","type":"server_tool_use"}`),
		back("citations are sent back", "cited", `{"citations":[{"cited_text":"x","type":"char_location"}],"text":"one two three four","type":"text"}`),
		back("so are those that come in pieces", "citation", `{"citations":[{"cited_text":"x","type":"char_location"}],"text":"one two three four","type":"text"}`).Streamed(),
		unsigned, unplaced,
	}
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
	return []promise{
		unread("novel-block", `a block "hologram"`), unread("image-block", `a block "image"`), unread("odd-block", `a block "note"`), unread("odd-text", "a text in another form").Whole(),
		unread("novel-delta", `a piece "hologram_delta"`).Streamed(), unread("odd-delta", "a piece in another form").Streamed(),
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
	counts := func(fault string, want core.Usage) promise {
		return promise{Name: "counts do not lose the reply: " + fault, Faults: []string{fault}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), clienttest.Four(), all)
			s.Ended(r, core.FinishComplete, "")
			if r.Usage != want {
				s.Errorf("the usage is %+v, want %+v", r.Usage, want)
			}
		}}
	}
	return []promise{
		understood("wrong-types"), understood("empty-error"), understood("split-text"), understood("unknown-members"), understood("plain-type"), understood("no-type"),
		understood("crlf").Streamed(), understood("comments").Streamed(), understood("nameless").Streamed(), understood("novel-event").Streamed(),
		understood("text-content").Whole(),
		{Name: "a reason that is given twice is one", Only: "stream", Faults: []string{"same-twice"}, Verify: func(s *stage) {
			r := s.Reply(all)
			s.Ended(r, core.FinishComplete, "")
			s.Warned(r)
		}},
		told("compaction", "has compacted the conversation"), told("listing", `"mcp_tool_listing"`),
		told("in-one-piece", "in one piece").Streamed(),
		counts("text-counts", core.Usage{InputTokens: 114, OutputTokens: 4, CachedInputTokens: 100}),
		counts("odd-counts", core.Usage{InputTokens: 110, CachedInputTokens: 100}), counts("no-usage", core.Usage{}),
		{Name: "an answer in one piece is told once", Only: "stream", Faults: []string{"in-one-piece"}, Verify: func(s *stage) {
			s.Reply("one")
			s.Warned(s.Reply("two"))
		}},
	}
}
