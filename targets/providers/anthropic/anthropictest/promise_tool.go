package anthropictest

import (
	"encoding/json"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// caller calls two functions, and says their results.
func caller(r *Request) Answer {
	if m := r.last(); m.Texts() == "call" {
		return Answer{Thinking: "hm", Calls: []Call{{"toolu_1", "look_up", `{"account":7000000000000000001}`}, {"toolu_2", "dial", `{}`}}}
	}
	text := ""
	for _, m := range r.Messages {
		for _, b := range m.Content {
			var texts []Block
			if b.Type == "tool_result" && len(b.Content) > 0 && json.Unmarshal(b.Content, &texts) == nil {
				text += Message{Content: texts}.Texts() + " "
			}
		}
	}
	return Answer{Text: text + "done."}
}

// called checks the calls of a reply.
func called(s *stage, r core.Reply, want ...clienttest.ToolCall) {
	s.Helper()
	if got := s.Calls(r); !slices.Equal(got, want) {
		s.Errorf("the calls are %v, want %v", got, want)
	}
}

// offered is the configuration that offers two functions.
func offered() map[string]any {
	return map[string]any{"tools": []any{object{"name": "look_up", "parameters": object{"type": "object", "required": []any{"account"}}}, object{"name": "dial", "description": "Dials."}}}
}

// account are the arguments of the first call: a number that a float would change.
const account = `{"account":7000000000000000001}`

// callPromises are about calls of functions.
func callPromises() []promise {
	tools := offered()
	chosen := func(choice string, parallel any, want string) promise {
		config := map[string]any{"tools": tools["tools"], "tool_choice": choice}
		if parallel != nil {
			config["parallel_tool_calls"] = parallel
		}
		return promise{Name: "functions and the choice among them are sent: " + want, Config: config, Verify: func(s *stage) {
			s.Reply("one")
			if got := string(encode(s.Last()["tool_choice"])); got != want {
				s.Errorf("the choice is %s, want %s", got, want)
			}
			if got := string(encode(s.Last()["tools"])); got != `[{"input_schema":{"required":["account"],"type":"object"},"name":"look_up"},{"description":"Dials.","input_schema":{"type":"object"},"name":"dial"}]` {
				s.Errorf("the tools are %s", got)
			}
		}}
	}
	return []promise{
		{Name: "calls are answered in any order, and sent back as they came", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Say(c, core.UserText("call"))
			s.Ended(r, core.FinishComplete, "")
			called(s, r, clienttest.NewToolCall("toolu_1", "look_up", account), clienttest.NewToolCall("toolu_2", "dial", "{}"))
			s.Answered(c, clienttest.Results("toolu_2", "busy", "toolu_1", "none"), "none busy done.")
			sent(s, `[{"signature":"c2lnbmVk","thinking":"hm","type":"thinking"},{"id":"toolu_1","input":{"account":7000000000000000000},"name":"look_up","type":"tool_use"},{"id":"toolu_2","input":{},"name":"dial","type":"tool_use"}]`)
			sentRaw(s, `"input":`+account)
			s.Answered(c, core.UserText("and now?"), "none busy done.")
		}},
		{Name: "half a call that was truncated is kept as it came, and does not break the conversation", Only: "stream", Config: tools, Agent: func(r *Request) Answer {
			if len(r.Messages) == 1 {
				return Answer{Calls: []Call{{"toolu_1", "dial", `{}`}}}
			}
			return Echo(r)
		}, Faults: []string{"cut-call@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Say(c, core.UserText("call"))
			s.Ended(r, core.FinishTruncated, "max_tokens")
			called(s, r, clienttest.NewToolCall("toolu_1", "dial", `{"number": 1`))
			s.Answered(c, core.UserText("go on"), "go on")
		}},
		chosen("dial", nil, `{"name":"dial","type":"tool"}`), chosen("required", false, `{"disable_parallel_tool_use":true,"type":"any"}`),
		chosen("auto", true, `{"disable_parallel_tool_use":false,"type":"auto"}`), chosen("", false, `{"disable_parallel_tool_use":true,"type":"auto"}`),
		chosen("none", nil, `{"type":"none"}`), chosen("", nil, "null"),
	}
}

// resultPromises are about the results of calls.
func resultPromises() []promise {
	tools := offered()
	return []promise{
		{Name: "a call without a result is answered before the next turn", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			s.Warned(s.Answered(c, clienttest.Results("toolu_1", "none"), "none There is no result. done."), `tool "dial"`)
			s.Say(c, core.UserText("call"))
			s.Warned(s.Say(c, core.UserText("never mind")), `tool "look_up"`, `tool "dial"`)
		}},
		{Name: "an empty result is one", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			s.Warned(s.Answered(c, clienttest.Results("toolu_1", "", "toolu_2", "busy"), "busy done."))
		}},
		{Name: "a result that nobody waits for is refused", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			for _, m := range []core.Message{clienttest.Results("toolu_z", "none"), clienttest.Results("toolu_1", "a", "toolu_1", "b")} {
				_, err := c.Send(s.Context(), m)
				s.Kind(err, core.ErrorInput, "waits for a result")
			}
		}},
		{Name: "a call in a history can be answered", Config: tools, Agent: caller, Verify: func(s *stage) {
			history := func(arguments string) []core.Message {
				call := core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: encode(clienttest.NewToolCall("h1", "dial", arguments))}
				return []core.Message{core.UserText("call"), {Role: core.Assistant, Parts: []core.Part{{Value: call}}}}
			}
			for _, arguments := range []string{`{"number":1}`, ""} {
				s.Answered(s.Talk(core.Start{History: history(arguments)}), clienttest.Results("h1", "busy"), "busy done.")
			}
			for _, arguments := range []string{"{", "[]"} {
				_, err := s.Target.StartConversation(s.Context(), core.Start{History: history(arguments)})
				s.Kind(err, core.ErrorInput, "not a JSON object")
			}
		}},
	}
}
