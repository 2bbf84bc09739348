package responsestest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// caller thinks and calls two functions where it is told to, and says their results.
func caller(r *Request) []Object {
	if r.Input[len(r.Input)-1].Text() == "call" {
		return []Object{Thought("I need both", "gAAA"), Call("call_a", "look_up", `{"account":"7"}`), Call("call_b", "dial", `{"number": `)}
	}
	text := ""
	for _, it := range r.Input {
		if strings.HasSuffix(it.Type, "_output") {
			text += it.Text() + " "
		}
		if it.Type == "mcp_approval_response" && it.Approve {
			text += "approved "
		}
	}
	return []Object{Message(text + "done.")}
}

// calling has an agent call in another way.
func calling(items ...Object) Agent {
	return func(r *Request) []Object {
		if r.Input[len(r.Input)-1].Text() == "call" {
			return items
		}
		return caller(r)
	}
}

// calls returns the calls of a reply, each as id, name and arguments.
func calls(s *stage, r core.Reply, want ...string) {
	s.Helper()
	var got []string
	for _, c := range s.Calls(r) {
		got = append(got, c.ID+" "+c.Name+" "+c.Arguments)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		s.Errorf("the calls are %q, want %q", got, want)
	}
}

// toolPromises are about calls of functions.
func toolPromises() []promise {
	tools := map[string]any{"tools": []any{Object{"name": "look_up"}, Object{"name": "dial"}}}
	return []promise{
		{Name: "calls are answered in any order, and arguments need not be JSON", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Say(c, core.UserText("call"))
			s.Ended(r, core.FinishComplete, "")
			calls(s, r, `call_a look_up {"account":"7"}`, `call_b dial {"number": `)
			s.Answered(c, clienttest.Results("call_b", "busy", "call_a", "none"), "busy none done.")
			s.Answered(c, core.UserText("and now?"), "busy none done.")
		}},
		{Name: "a call without a result is answered before the next turn", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			s.Warned(s.Answered(c, clienttest.Results("call_a", "none"), "none There is no result. done."), `tool "dial"`)
		}},
		{Name: "a result that nobody waits for is refused", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			_, err := c.Send(s.Context(), clienttest.Results("call_z", "none"))
			s.Kind(err, core.ErrorInput, "call_z")
		}},
		{Name: "the choice among tools is sent", Config: map[string]any{"tools": tools["tools"], "tool_choice": "dial", "parallel_tool_calls": false}, Verify: func(s *stage) {
			s.Reply("one")
			if got := string(encode(s.Last()["tool_choice"])); got != `{"name":"dial","type":"function"}` || s.Last()["parallel_tool_calls"] != false {
				s.Errorf("tool_choice is sent as %s", got)
			}
		}},
		{Name: "a call of a custom tool is a call", Agent: calling(Object{"type": "custom_tool_call", "id": "ct_1", "call_id": "call_c", "name": "run", "input": "ls"}), Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			calls(s, s.Say(c, core.UserText("call")), "call_c run ls")
			s.Answered(c, clienttest.Results("call_c", "files"), "files done.")
		}},
	}
}

// callPromises are about calls of other forms.
func callPromises() []promise {
	tools := map[string]any{"tools": []any{Object{"name": "look_up"}, Object{"name": "dial"}}}
	return []promise{
		{Name: "a history may hold calls, and those that were carried out are left out", Config: tools, Agent: caller, Verify: func(s *stage) {
			part := func(m core.Modality, o Object) core.Part {
				return core.Part{Value: core.Value{Modality: m, MediaType: core.MediaJSON, Data: encode(o)}}
			}
			c := s.Talk(core.Start{History: []core.Message{core.UserText("call"), {Role: core.Assistant, Parts: []core.Part{
				part(core.ToolCall, Object{"call_id": "m", "name": "transfer", "arguments": "{}"}), part(core.ToolResult, Object{"call_id": "m", "output": "sent"}),
				part(core.ToolCall, Object{"call_id": "a", "name": "dial", "arguments": "{}"}),
				{Value: core.TextValue("Wait.")},
			}}}})
			s.Answered(c, clienttest.Results("a", "busy"), "busy done.")
			if sent := string(encode(s.Last()["input"])); strings.Contains(sent, "transfer") || !strings.Contains(sent, "Wait.") {
				s.Errorf("sent was %s", sent)
			}
		}},
		{Name: "calls that come in pieces alone can be answered", Only: "stream", Faults: []string{"only-argument-deltas@1"}, Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			calls(s, s.Say(c, core.UserText("call")), `call_a look_up {"account":"7"}`, `call_b dial {"number": `)
			s.Answered(c, clienttest.Results("call_b", "busy", "call_a", "none"), "busy none done.")
		}},
		{Name: "calls without identifiers get one each", Config: tools, Agent: calling(
			Object{"type": "function_call", "name": "dial", "arguments": Object{"n": 1}}, Object{"type": "function_call", "name": "dial", "arguments": "{}"},
		), Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			calls(s, s.Say(c, core.UserText("call")), `call_1 dial {"n":1}`, `call_2 dial {}`)
			s.Answered(c, clienttest.Results("call_2", "free", "call_1", "busy"), "free busy done.")
		}},
		{Name: "a call without an identifier gets one", Config: tools, Agent: calling(Object{"type": "function_call", "name": "dial", "arguments": Object{"n": 1}}), Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			calls(s, s.Say(c, core.UserText("call")), `call_1 dial {"n":1}`)
			s.Answered(c, clienttest.Results("call_1", "busy"), "busy done.")
		}},
	}
}

// reasoningPromises are about what the model thinks.
func reasoningPromises() []promise {
	thinks := func(r core.Reply) string {
		text := ""
		for _, v := range r.Message.Of(core.Reasoning) {
			text += string(v.Data)
		}
		return text
	}
	return []promise{
		{Name: "encrypted reasoning is asked for and sent back, and its summary is kept apart", Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Say(c, core.UserText("call"))
			if thinks(r) != "I need both" || r.Message.Text() != "" {
				s.Errorf("the target thinks %q and says %q", thinks(r), r.Message.Text())
			}
			s.Say(c, clienttest.Results("call_a", "none", "call_b", "busy"))
			if sent := string(encode(s.Last()["input"])); !strings.Contains(sent, `"encrypted_content":"gAAA"`) || strings.Contains(sent, "null") {
				s.Errorf("sent was %s", sent)
			}
		}},
		{Name: "reasoning that is not encrypted is not sent back, nor what is tied to it", Agent: calling(Thought("hm", ""), Call("call_a", "look_up", "{}")), Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Warned(s.Say(c, core.UserText("call")))
			s.Answered(c, clienttest.Results("call_a", "none"), "none done.")
			if sent := string(encode(s.Last()["input"])); strings.Contains(sent, "rs_1") || strings.Contains(sent, "fc_call_a") {
				s.Errorf("sent was %s", sent)
			}
		}},
		{Name: "reasoning and nothing else is an empty reply, and is not sent back", Agent: calling(Thought("hm", "gAAA")), Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Ended(s.Say(c, core.UserText("call")), core.FinishUnconfirmed, "the reply is empty")
			s.Answered(c, core.UserText("two"), "done.")
		}},
		{Name: "a service that does not encrypt reasoning is asked without, and told once", Faults: []string{"no-include"}, Verify: func(s *stage) {
			s.Warned(s.Reply("one"), "refuses to encrypt reasoning")
			s.Warned(s.Reply("two"))
			if got := s.Server.Turns(); got != 3 {
				s.Errorf("%d requests were sent, want 3", got)
			}
		}},
		{Name: "thoughts between tags are kept apart", Faults: []string{"think-tags"}, Verify: func(s *stage) {
			if r := s.Answered(s.Talk(core.Start{}), clienttest.Four(), all); thinks(r) != "they want it" {
				s.Errorf("the target thinks %q", thinks(r))
			}
		}},
	}
}

// hostedPromises are about tools that the service carries out itself.
func hostedPromises() []promise {
	config := map[string]any{"hosted_tools": []any{Object{"type": "mcp", "server_label": "bank", "server_url": "https://mcp.example"}}}
	mcp := Object{"type": "mcp_call", "id": "mcp_1", "name": "transfer", "server_label": "bank", "arguments": `{"to":"7"}`, "output": "sent", "status": "completed"}
	failed := Object{"type": "mcp_call", "id": "mcp_1", "name": "transfer", "server_label": "bank", "arguments": `{}`, "error": Object{"code": 401}, "status": "failed"}
	search := Object{"type": "web_search_call", "id": "ws_1", "status": "completed", "action": Object{"type": "search", "query": "vault"}}
	list := Object{"type": "mcp_list_tools", "id": "l_1", "server_label": "bank", "tools": []any{Object{"name": "transfer", "input_schema": Object{}}}}
	hosted := func(name string, it Object, call, result string) promise {
		return promise{Name: name, Config: config, Agent: calling(it, Message("Done.")), Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Answered(c, core.UserText("call"), "Done.")
			s.Ended(r, core.FinishComplete, "")
			calls(s, r, call)
			if v := r.Message.Of(core.ToolResult); len(v) != 1 || !strings.Contains(string(v[0].Data), result) {
				s.Errorf("the results are %s", v)
			}
			s.Warned(s.Answered(c, core.UserText("two"), "done."))
			if sent := string(encode(s.Last()["input"])); !strings.Contains(sent, it["id"].(string)) {
				s.Errorf("sent was %s", sent)
			}
		}}
	}
	return []promise{
		hosted("a call of an MCP server is a call, with its result", mcp, `mcp_1 transfer {"to":"7"}`, `"output":"sent"`),
		hosted("a call of an MCP server that failed has its error as result", failed, `mcp_1 transfer {}`, `error: {\"code\":401}`),
		hosted("a call of another hosted tool is one, with what it says of itself", search, `ws_1 web_search {"action":{"query":"vault","type":"search"}}`, `"completed"`),
		{Name: "the tools of an MCP server are told", Config: config, Agent: calling(list, Message("Done.")), Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Warned(s.Answered(c, core.UserText("call"), "Done."), `the MCP server "bank": transfer`)
		}},
		{Name: "an MCP server's call that wants approval is answered", Config: config, Agent: calling(Object{
			"type": "mcp_approval_request", "id": "mcpr_1", "name": "transfer", "server_label": "bank", "arguments": `{"to":"7"}`,
		}), Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			calls(s, s.Say(c, core.UserText("call")), `mcpr_1 transfer {"to":"7"}`)
			s.Answered(c, clienttest.Results("mcpr_1", "approve"), "approved done.")
			s.Say(c, core.UserText("call"))
			s.Warned(s.Answered(c, core.UserText("no"), "approved done."), `tool "transfer"`)
		}},
		{Name: "an item of no known type is told", Agent: calling(Object{"type": "hologram", "id": "h_1"}, Message("Done.")), Verify: func(s *stage) {
			s.Warned(s.Answered(s.Talk(core.Start{}), core.UserText("call"), "Done."), `"hologram"`)
		}},
		{Name: "a conversation that was compacted is told", Agent: calling(Object{"type": "compaction", "id": "c_1", "encrypted_content": "x"}, Message("Done.")), Verify: func(s *stage) {
			s.Warned(s.Answered(s.Talk(core.Start{}), core.UserText("call"), "Done."), "compacted")
		}},
	}
}
