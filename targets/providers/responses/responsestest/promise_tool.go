package responsestest

import (
	"encoding/json"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
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

type output struct{ id, text string }

// results is the message with the results of calls.
func results(outputs ...output) core.Message {
	m := core.Message{Role: core.Tool}
	for _, o := range outputs {
		data := encode(Object{"call_id": o.id, "output": o.text})
		m.Parts = append(m.Parts, core.Part{Value: core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: data}})
	}
	return m
}

// calls returns the calls of a reply, each as id, name and arguments.
func (s *stage) calls(r core.Reply, want ...string) {
	s.Helper()
	var got []string
	for _, v := range r.Message.Of(core.ToolCall) {
		var c struct {
			ID        string `json:"call_id"`
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		}
		if err := json.Unmarshal(v.Data, &c); err != nil {
			s.Errorf("a call is not JSON: %s", v.Data)
		}
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
		{name: "calls are answered in any order, and arguments need not be JSON", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			r := s.say(c, core.UserText("call"))
			s.ended(r, core.FinishComplete, "")
			s.calls(r, `call_a look_up {"account":"7"}`, `call_b dial {"number": `)
			s.answered(c, results(output{"call_b", "busy"}, output{"call_a", "none"}), "busy none done.")
			s.answered(c, core.UserText("and now?"), "busy none done.")
		}},
		{name: "a call without a result is answered before the next turn", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			s.warned(s.answered(c, results(output{"call_a", "none"}), "none There is no result. done."), `tool "dial"`)
		}},
		{name: "a result that nobody waits for is refused", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			_, err := c.Send(s.Context(), results(output{"call_z", "none"}))
			s.kind(err, core.ErrorInput, "call_z")
		}},
		{name: "the choice among tools is sent", config: map[string]any{"tools": tools["tools"], "tool_choice": "dial", "parallel_tool_calls": false}, verify: func(s *stage) {
			s.reply("one")
			if got := string(encode(s.last()["tool_choice"])); got != `{"name":"dial","type":"function"}` || s.last()["parallel_tool_calls"] != false {
				s.Errorf("tool_choice is sent as %s", got)
			}
		}},
		{name: "a call of a custom tool is a call", agent: calling(Object{"type": "custom_tool_call", "id": "ct_1", "call_id": "call_c", "name": "run", "input": "ls"}), verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.calls(s.say(c, core.UserText("call")), "call_c run ls")
			s.answered(c, results(output{"call_c", "files"}), "files done.")
		}},
	}
}

// callPromises are about calls of other forms.
func callPromises() []promise {
	tools := map[string]any{"tools": []any{Object{"name": "look_up"}, Object{"name": "dial"}}}
	return []promise{
		{name: "a history may hold calls, and those that were carried out are left out", config: tools, agent: caller, verify: func(s *stage) {
			part := func(m core.Modality, o Object) core.Part {
				return core.Part{Value: core.Value{Modality: m, MediaType: core.MediaJSON, Data: encode(o)}}
			}
			c := s.talk(core.Start{History: []core.Message{core.UserText("call"), {Role: core.Assistant, Parts: []core.Part{
				part(core.ToolCall, Object{"call_id": "m", "name": "transfer", "arguments": "{}"}), part(core.ToolResult, Object{"call_id": "m", "output": "sent"}),
				part(core.ToolCall, Object{"call_id": "a", "name": "dial", "arguments": "{}"}),
				{Value: core.TextValue("Wait.")},
			}}}})
			s.answered(c, results(output{"a", "busy"}), "busy done.")
			if sent := string(encode(s.last()["input"])); strings.Contains(sent, "transfer") || !strings.Contains(sent, "Wait.") {
				s.Errorf("sent was %s", sent)
			}
		}},
		{name: "calls that come in pieces alone can be answered", only: "stream", faults: []string{"only-argument-deltas@1"}, config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.calls(s.say(c, core.UserText("call")), `call_a look_up {"account":"7"}`, `call_b dial {"number": `)
			s.answered(c, results(output{"call_b", "busy"}, output{"call_a", "none"}), "busy none done.")
		}},
		{name: "calls without identifiers get one each", config: tools, agent: calling(
			Object{"type": "function_call", "name": "dial", "arguments": Object{"n": 1}}, Object{"type": "function_call", "name": "dial", "arguments": "{}"},
		), verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.calls(s.say(c, core.UserText("call")), `call_1 dial {"n":1}`, `call_2 dial {}`)
			s.answered(c, results(output{"call_2", "free"}, output{"call_1", "busy"}), "free busy done.")
		}},
		{name: "a call without an identifier gets one", config: tools, agent: calling(Object{"type": "function_call", "name": "dial", "arguments": Object{"n": 1}}), verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.calls(s.say(c, core.UserText("call")), `call_1 dial {"n":1}`)
			s.answered(c, results(output{"call_1", "busy"}), "busy done.")
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
		{name: "encrypted reasoning is asked for and sent back, and its summary is kept apart", agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			r := s.say(c, core.UserText("call"))
			if thinks(r) != "I need both" || r.Message.Text() != "" {
				s.Errorf("the target thinks %q and says %q", thinks(r), r.Message.Text())
			}
			s.say(c, results(output{"call_a", "none"}, output{"call_b", "busy"}))
			if sent := string(encode(s.last()["input"])); !strings.Contains(sent, `"encrypted_content":"gAAA"`) || strings.Contains(sent, "null") {
				s.Errorf("sent was %s", sent)
			}
		}},
		{name: "reasoning that is not encrypted is not sent back, nor what is tied to it", agent: calling(Thought("hm", ""), Call("call_a", "look_up", "{}")), verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.warned(s.say(c, core.UserText("call")))
			s.answered(c, results(output{"call_a", "none"}), "none done.")
			if sent := string(encode(s.last()["input"])); strings.Contains(sent, "rs_1") || strings.Contains(sent, "fc_call_a") {
				s.Errorf("sent was %s", sent)
			}
		}},
		{name: "reasoning and nothing else is an empty reply, and is not sent back", agent: calling(Thought("hm", "gAAA")), verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.ended(s.say(c, core.UserText("call")), core.FinishUnconfirmed, "the reply is empty")
			s.answered(c, core.UserText("two"), "done.")
		}},
		{name: "a service that does not encrypt reasoning is asked without, and told once", faults: []string{"no-include"}, verify: func(s *stage) {
			s.warned(s.reply("one"), "refuses to encrypt reasoning")
			s.warned(s.reply("two"))
			if got := s.server.Turns(); got != 3 {
				s.Errorf("%d requests were sent, want 3", got)
			}
		}},
		{name: "thoughts between tags are kept apart", faults: []string{"think-tags"}, verify: func(s *stage) {
			if r := s.answered(s.talk(core.Start{}), four(), all); thinks(r) != "they want it" {
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
		return promise{name: name, config: config, agent: calling(it, Message("Done.")), verify: func(s *stage) {
			c := s.talk(core.Start{})
			r := s.answered(c, core.UserText("call"), "Done.")
			s.ended(r, core.FinishComplete, "")
			s.calls(r, call)
			if v := r.Message.Of(core.ToolResult); len(v) != 1 || !strings.Contains(string(v[0].Data), result) {
				s.Errorf("the results are %s", v)
			}
			s.warned(s.answered(c, core.UserText("two"), "done."))
			if sent := string(encode(s.last()["input"])); !strings.Contains(sent, it["id"].(string)) {
				s.Errorf("sent was %s", sent)
			}
		}}
	}
	return []promise{
		hosted("a call of an MCP server is a call, with its result", mcp, `mcp_1 transfer {"to":"7"}`, `"output":"sent"`),
		hosted("a call of an MCP server that failed has its error as result", failed, `mcp_1 transfer {}`, `error: {\"code\":401}`),
		hosted("a call of another hosted tool is one, with what it says of itself", search, `ws_1 web_search {"action":{"query":"vault","type":"search"}}`, `"completed"`),
		{name: "the tools of an MCP server are told", config: config, agent: calling(list, Message("Done.")), verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.warned(s.answered(c, core.UserText("call"), "Done."), `the MCP server "bank": transfer`)
		}},
		{name: "an MCP server's call that wants approval is answered", config: config, agent: calling(Object{
			"type": "mcp_approval_request", "id": "mcpr_1", "name": "transfer", "server_label": "bank", "arguments": `{"to":"7"}`,
		}), verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.calls(s.say(c, core.UserText("call")), `mcpr_1 transfer {"to":"7"}`)
			s.answered(c, results(output{"mcpr_1", "approve"}), "approved done.")
			s.say(c, core.UserText("call"))
			s.warned(s.answered(c, core.UserText("no"), "approved done."), `tool "transfer"`)
		}},
		{name: "an item of no known type is told", agent: calling(Object{"type": "hologram", "id": "h_1"}, Message("Done.")), verify: func(s *stage) {
			s.warned(s.answered(s.talk(core.Start{}), core.UserText("call"), "Done."), `"hologram"`)
		}},
		{name: "a conversation that was compacted is told", agent: calling(Object{"type": "compaction", "id": "c_1", "encrypted_content": "x"}, Message("Done.")), verify: func(s *stage) {
			s.warned(s.answered(s.talk(core.Start{}), core.UserText("call"), "Done."), "compacted")
		}},
	}
}
