package anthropictest

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// hostedPromises are about calls that the service carries out itself.
func hostedPromises() []promise {
	const transfer, search = `{"to":"me"}`, `{"query":"x"}`
	const result = `{"content":{"error_code":"max_uses_exceeded","type":"web_search_tool_result_error"},"tool_use_id":"srv_1","type":"web_search_tool_result"}`
	recorded := func(name, fault, output string) promise {
		return promise{Name: name, Faults: []string{fault}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), clienttest.Four(), all)
			s.Ended(r, core.FinishComplete, "")
			called(s, r, clienttest.NewToolCall("mcp_1", "transfer", transfer))
			resulted(s, r, `{"call_id":"mcp_1","output":`+output+`}`)
		}}
	}
	return []promise{
		{Name: "a call that the service has carried out is recorded with its result, and sent back", Faults: []string{"carries-out@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Answered(c, clienttest.Four(), all)
			s.Ended(r, core.FinishComplete, "")
			s.Warned(r)
			called(s, r, clienttest.NewToolCall("mcp_1", "transfer", transfer), clienttest.NewToolCall("srv_1", "web_search", search))
			resulted(s, r, `{"call_id":"mcp_1","output":"sent\nall"}`, `{"call_id":"srv_1","output":"{\"error_code\":\"max_uses_exceeded\",\"type\":\"web_search_tool_result_error\"}"}`)
			s.Answered(c, clienttest.Four(), all)
			sent(s, `[{"id":"mcp_1","input":{"to":"me"},"name":"transfer","server_name":"bank","type":"mcp_tool_use"},`)
			sent(s, `"name":"web_search","type":"server_tool_use"},{"content":[{"text":"sent","type":"text"},{"text":"all","type":"text"}],"is_error":false,"tool_use_id":"mcp_1","type":"mcp_tool_result"},`+result+`,{"text":"one`)
		}},
		recorded("a result that is a text is one", "finds-text", `"sent"`),
		recorded("a result with an image is JSON", "finds-image", `"[{\"text\":\"see\",\"type\":\"text\"},{\"source\":\"x\",\"type\":\"image\"}]"`),
		{Name: "a call of the service's own waits for no result", Faults: []string{"server-block", "nameless-call"}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), clienttest.Four(), all)
			s.Ended(r, core.FinishComplete, "")
			called(s, r, clienttest.NewToolCall("carried_out_0", "web_search", search), clienttest.NewToolCall("srv_1", "web_search", search))
			resulted(s, r, `{"call_id":"srv_1","output":""}`, `{"call_id":"carried_out_0","output":""}`)
			if len(r.Message.WaitingCalls()) > 0 {
				s.Error("a call waits")
			}
		}},
		suite().Ends("such calls and nothing else are an empty reply", "only-search", core.FinishUnconfirmed, "the reply is empty", ""),
		suite().Ends("a result of no call is no evidence", "lost-result", core.FinishUnconfirmed, `"web_search_tool_result" of no call`, all),
		{Name: "a result that comes after a pause is its call's", Faults: []string{"pauses-at-tool@1", "goes-on@2"}, Agent: Recall, Verify: func(s *stage) {
			r := s.Reply("go")
			s.Ended(r, core.FinishComplete, "")
			resulted(s, r, `{"call_id":"srv_1","output":"{\"error_code\":\"max_uses_exceeded\",\"type\":\"web_search_tool_result_error\"}"}`)
		}},
		{Name: "a history has no calls that its service carried out", Faults: []string{"carries-out@1"}, Agent: Recall, Verify: func(s *stage) {
			r := s.Reply("one")
			s.Answered(s.Talk(core.Start{History: []core.Message{core.UserText("one"), r.Message}}), core.UserText("two"), "one then two")
			sent(s, `{"content":[{"text":"one","type":"text"}],"role":"assistant"}`)
		}},
	}
}

// resulted checks the results of calls in a reply.
func resulted(s *stage, r core.Reply, want ...string) {
	s.Helper()
	var got []string
	for _, v := range r.Message.Of(core.ToolResult) {
		got = append(got, v.Text())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.Errorf("the results are %q, want %q", got, want)
	}
}

// oddCallPromises are about calls of an odd form.
func oddCallPromises() []promise {
	tools := offered()
	answered := func(name, fault, first, second string) promise {
		return promise{Name: name, Config: tools, Agent: caller, Faults: []string{fault + "@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Say(c, core.UserText("call"))
			s.Ended(r, core.FinishComplete, "")
			called(s, r, clienttest.NewToolCall(first, "look_up", account), clienttest.NewToolCall(second, "dial", "{}"))
			s.Answered(c, clienttest.Results(second, "busy", first, "none"), "none busy done.")
		}}
	}
	return []promise{
		answered("calls with one identifier are told apart", "same-id", "same", "call_3"),
		answered("calls without an identifier can be answered", "no-id", "call_2", "call_3"),
		answered("an input that is a text is read", "text-input", "toolu_1", "toolu_2").Whole(),
		answered("an empty piece of it is none", "whole-and-no-piece", "toolu_1", "toolu_2").Streamed(),
		answered("an input of which pieces follow is theirs", "whole-and-pieces", "toolu_1", "toolu_2").Streamed(),
		{Name: "an input that is no object is kept as it came, and does not break the conversation", Only: "whole", Config: tools, Agent: caller, Faults: []string{"list-input@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Say(c, core.UserText("call"))
			called(s, r, clienttest.NewToolCall("toolu_1", "look_up", "[1]"), clienttest.NewToolCall("toolu_2", "dial", "[1]"))
			s.Say(c, clienttest.Results("toolu_1", "none", "toolu_2", "busy"))
			sent(s, `{"id":"toolu_1","input":{},"name":"look_up","type":"tool_use"}`)
		}},
		{Name: "an input that breaks off is truncated, whatever the service says", Only: "stream", Config: tools, Agent: caller, Faults: []string{"half-input@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Ended(s.Say(c, core.UserText("call")), core.FinishTruncated, `the arguments of the call "look_up" are not JSON`)
			s.Say(c, clienttest.Results("toolu_1", "none", "toolu_2", "busy"))
		}},
	}
}
