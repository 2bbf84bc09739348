package chattest

import (
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// forty returns forty words that begin with one.
func forty(first string) string {
	words := []string{first}
	for i := range 39 {
		words = append(words, first+strconv.Itoa(i))
	}
	return strings.Join(words, " ")
}

// countPromises are about how much of a conversation the service says it was given.
func countPromises() []promise {
	counted := func(name, fault string, want core.Finish, start core.Start, m core.Message) promise {
		return promise{Name: name, Faults: []string{fault}, Agent: func(*Request) Answer { return Answer{Text: all} }, Verify: func(s *stage) {
			says := ""
			if want != core.FinishComplete {
				says = "counts 9 tokens for a conversation of at least 4"
			}
			s.Ended(s.Answered(s.Talk(start), m, all), want, says)
		}}
	}
	assistant := core.UserText(forty("said"))
	assistant.Role = core.Assistant
	long := core.UserText(forty("user"))
	return []promise{
		counted("a turn that the service cannot have been given whole is no evidence", "few-tokens", core.FinishUnconfirmed, core.Start{}, long),
		counted("nor is one whose system prompt it cannot have been given", "few-tokens", core.FinishUnconfirmed, core.Start{SystemPrompt: forty("system")}, clienttest.Four()),
		counted("nor one whose history", "few-tokens", core.FinishUnconfirmed, core.Start{History: []core.Message{long, assistant, clienttest.Four()}}, clienttest.Four()),
		counted("what the assistant said may be left out", "few-tokens", core.FinishComplete, core.Start{History: []core.Message{clienttest.Four(), assistant}}, clienttest.Four()),
		counted("a short turn may have few tokens", "few-tokens", core.FinishComplete, core.Start{}, clienttest.Four()),
		counted("tokens of a cache are given, too", "few-tokens-cached", core.FinishComplete, core.Start{}, long),
		{Name: "results of tools are part of the conversation", Faults: []string{"few-tokens@2"}, Agent: oneCall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			s.Ended(s.Say(c, clienttest.Results("call_a", forty("result"))), core.FinishUnconfirmed, "of at least 41 words")
		}},
		{Name: "turns before this one are part of the conversation", Faults: []string{"few-tokens@2"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Ended(s.Answered(c, long, long.Text()), core.FinishComplete, "")
			s.Ended(s.Answered(c, clienttest.Four(), all), core.FinishUnconfirmed, "the model was not given all of it")
		}},
	}
}

// thought checks what a reply thinks and says.
func thought(s *stage, r core.Reply, reasoning, text string) {
	s.Helper()
	if got := s.Thoughts(r); strings.TrimSpace(got) != reasoning || r.Message.Text() != text {
		s.Errorf("the target thinks %q and says %q, want %q and %q", got, r.Message.Text(), reasoning, text)
	}
}

// replyPromises are about how replies end, and what is in them.
func replyPromises() []promise {
	thinks := func(name, fault string, config map[string]any, reasoning, text string) promise {
		return promise{Name: name, Faults: []string{fault}, Config: config, Verify: func(s *stage) {
			r := s.Reply(all)
			thought(s, r, reasoning, text)
			s.Ended(r, core.FinishComplete, "")
		}}
	}
	ends, sixteen := suite().Ends, map[string]any{"max_tokens": 16}
	const tags = "they want the code"
	return []promise{
		ends("a reply that hit its limit is truncated", "truncated", core.FinishTruncated, "length", half),
		ends("so is one that ends with another word for it", "max-tokens", core.FinishTruncated, "max_tokens", half),
		ends("a reason that is not known is never conclusive", "unknown-finish", core.FinishUnconfirmed, "contemplation", all),
		ends("a reply without a reason of its end is unconfirmed", "null-finish", core.FinishUnconfirmed, "finish_reason", all),
		ends("an empty reply is no evidence", "empty-stop", core.FinishUnconfirmed, "the reply is empty, although the service says stop and counts 0 tokens", ""),
		ends("a blank reply is no evidence", "blank-stop", core.FinishUnconfirmed, "the reply is empty", " \n "),
		ends("as many tokens as are allowed are no stop", "at-limit", core.FinishTruncated, "counts 16 tokens of the 16", all).With(sixteen),
		ends("so many tokens are a stop where none are counted", "no-usage", core.FinishComplete, "", all).With(sixteen),
		ends("so many tokens are a stop where no limit is named", "at-limit", core.FinishComplete, "", all),
		ends("a text that ends in a word is no stop", "mid-sentence", core.FinishTruncated, "middle of a sentence", "I am sorry. I cannot tell you the code because it is confid"),
		ends("the provider's own word is taken for it", "mid-sentence", core.FinishComplete, "", "I am sorry. I cannot tell you the code because it is confid").With(map[string]any{"provider": "openai"}),
		thinks("what the model thinks is kept apart", "thinks", nil, tags, all),
		thinks("so is what another server calls reasoning", "reasoning-field", nil, "hm", all),
		thinks("and what is between think tags", "think-tags", nil, tags, all),
		thinks("unless it is to be kept", "think-tags", map[string]any{"think_tags": "keep"}, "", "<think>\n"+tags+"\n</think>\n\n"+all),
		thinks("an end of thinking alone is text", "think-end", nil, "", tags+"</think>"+all),
		thinks("unless it is to be split", "think-end", map[string]any{"think_tags": "split_unopened"}, tags, all),
		{Name: "what thinking costs is recorded", Faults: []string{"thinks"}, Verify: func(s *stage) {
			if u := s.Reply(all).Usage; u.OutputReasoningTokens != 4 || u.OutputTokens != 8 {
				s.Errorf("the usage is %+v", u)
			}
		}},
		{Name: "a model that only thinks has said nothing", Faults: []string{"only-thinks"}, Verify: func(s *stage) {
			r := s.Reply(all)
			thought(s, r, tags, "")
			s.Ended(r, core.FinishUnconfirmed, "the reply is empty")
		}},
		{Name: "thoughts are not sent back", Faults: []string{"thinks"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, clienttest.Four())
			s.Say(c, clienttest.Four())
			if messages := string(encode(s.Last()["messages"])); strings.Contains(messages, tags) || !strings.Contains(messages, `"assistant"`) {
				s.Errorf("sent was %s", messages)
			}
		}},
		{Name: "a reply that is too long is cut off", Faults: []string{"huge"}, Config: map[string]any{"max_reply_bytes": 1000}, Verify: func(s *stage) {
			r := s.Reply(all)
			s.Ended(r, core.FinishTruncated, "max_reply_bytes")
			if got := r.Message.Text(); got != strings.Repeat("long ", 200) {
				s.Errorf("%d bytes of it are kept", len(got))
			}
		}},
		{Name: "an event that is too large is cut off", Faults: []string{"huge-event"}, Config: map[string]any{"max_reply_bytes": 1000}, Verify: func(s *stage) {
			r := s.Reply(all)
			s.Ended(r, core.FinishTruncated, "max_reply_bytes")
			if got := r.Message.Text(); len(got) < 900 || len(got) > 1000 {
				s.Errorf("%d bytes of it are kept", len(got))
			}
		}},
	}
}

// shapePromises are about forms of an answer that the protocol does not have.
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
	return []promise{
		understood("wrong-types"), understood("usage-with-choice"), understood("plain-type"), understood("index-one"), understood("empty-error"), understood("no-type"),
		understood("crlf").Streamed(), understood("comments").Streamed(), understood("message-in-event").Streamed(),
		told("two-choices", "several answers"), told("unknown-part", `"hologram"`),
		told("in-one-piece", "in one piece").Streamed(), told("no-options", "stream_options").Streamed(),
		{Name: "content as a list is its texts", Faults: []string{"content-parts"}, Verify: func(s *stage) {
			r := s.Reply(all)
			if r.Message.Text() != all || len(r.Message.Of(core.Reasoning)) != 1 {
				s.Errorf("the reply is %q", r.Message.Text())
			}
		}},
		{Name: "usage that is not given is not known", Faults: []string{"no-usage"}, Verify: func(s *stage) {
			if r := s.Reply(all); r.Usage != (core.Usage{}) {
				s.Errorf("the usage is %+v", r.Usage)
			}
		}},
		{Name: "what a service refuses of a stream is left out from then on, and told once", Only: "stream", Faults: []string{"no-options"}, Verify: func(s *stage) {
			s.Reply("one")
			s.Warned(s.Reply("two"))
			if got := s.Server.Turns(); got != 3 {
				s.Errorf("%d requests were sent, want 3", got)
			}
		}},
	}
}

// filterPromises are about content filters and refusals.
func filterPromises() []promise {
	ends := suite().Ends
	blocked := func(name, fault, says string) promise {
		return promise{Name: name, Faults: []string{fault + "@2"}, Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("one"))
			r := s.Say(c, core.UserText("two"))
			s.Ended(r, core.FinishBlocked, says)
			if !r.Message.Empty() || r.Message.Role != core.Assistant {
				s.Errorf("the reply is %q of %q", r.Message.Text(), r.Message.Role)
			}
			s.Answered(c, core.UserText("three"), "one then three")
		}}
	}
	warns := func(name, fault, says string) promise {
		return promise{Name: name, Faults: []string{fault}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), clienttest.Four(), all)
			s.Ended(r, core.FinishComplete, "")
			s.Warned(r, says)
		}}
	}
	return []promise{
		blocked("a prompt that Azure filtered is blocked, and left out from then on", "prompt-filter", "content_filter: The response was filtered due to the prompt triggering Azure OpenAI's content management policy. (jailbreak, violence (medium))"),
		blocked("a prompt that was flagged is blocked", "prompt-flagged", "usage policy"),
		blocked("a filter's error in a success is blocked", "filter-200", "content_filter"),
		ends("a reply that was filtered is blocked", "content-filter", core.FinishBlocked, "content_filter", half),
		ends("a reply of which nothing was left is blocked", "filter-all", core.FinishBlocked, "content_filter", ""),
		ends("a filter's categories are named", "filter-named", core.FinishBlocked, "content_filter: violence (high)", half),
		ends("a filter that ends the stream is a block", "stream-filter", core.FinishBlocked, "content_filter", half).Streamed(),
		ends("a refusal is blocked, and its words are kept", "refusal", core.FinishBlocked, "refusal", all),
		ends("so is a refusal that is a part of the content", "refusal-part", core.FinishBlocked, "refusal", all),
		ends("a filter that lets pass says nothing", "filter-safe", core.FinishComplete, "", all),
		warns("a filter that did not run is told", "filter-failed", "unfiltered"),
		warns("so is one that did not run on the prompt", "prompt-results", "unfiltered: the service's content filter did not run on the message"),
		ends("what a filter flags after the text is blocked", "filter-late", core.FinishBlocked, "content_filter: violence (high)", all),
		blocked("a prompt that LiteLLM's filter refused is blocked", "litellm-filter", "ContentPolicyViolationError"),
		blocked("so is one that OpenRouter's refused", "router-filter", "The input was flagged. (violence)"),
		blocked("so is one that was filtered, and answered with nothing", "prompt-filter-empty", "the message was filtered: violence (high)"),
		{Name: "a refusal is remembered as one", Faults: []string{"refusal@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, clienttest.Four())
			s.Answered(c, core.UserText("two"), "two")
			if m := s.Last()["messages"].([]any)[1].(map[string]any); m["refusal"] != all {
				s.Errorf("sent was %v", m)
			}
		}},
	}
}
