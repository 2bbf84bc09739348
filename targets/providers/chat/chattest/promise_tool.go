package chattest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// caller calls two tools, and says their results.
func caller(r *Request) Answer {
	last := r.Messages[len(r.Messages)-1]
	if last.Role == "user" && last.Text() == "call" {
		return Answer{Calls: []Call{{"call_a", "look_up", `{"account":"7"}`}, {"call_b", "dial", `{"number": `}}}
	}
	text := ""
	for _, m := range r.Messages {
		if m.Role == "tool" || m.Role == "function" {
			text += m.Text() + " "
		}
	}
	return Answer{Text: text + "done."}
}

// oneCall calls one tool.
func oneCall(r *Request) Answer {
	a := caller(r)
	if len(a.Calls) > 0 {
		a.Calls = a.Calls[:1]
	}
	return a
}

// shape is the promise that calls of another form are understood, and can be
// answered. An identifier that is wanted as "" may be any.
func shape(name, fault string, want ...clienttest.ToolCall) promise {
	config := map[string]any{"tools": offered()}
	agent := caller
	if len(want) == 1 {
		agent = oneCall
	}
	return promise{Name: name, Faults: []string{fault + "@1"}, Config: config, Agent: agent, Verify: func(s *stage) {
		c := s.Talk(core.Start{})
		got := s.Calls(s.Say(c, core.UserText("call")))
		if len(got) != len(want) {
			s.Fatalf("the calls are %v, want %v", got, want)
		}
		var outputs []string
		for i := range want {
			if want[i].ID == "" && got[i].ID != "" {
				want[i].ID = got[i].ID
			}
			if got[i] != want[i] {
				s.Errorf("call %d is %v, want %v", i+1, got[i], want[i])
			}
			outputs = append(outputs, got[i].ID, "r"+got[i].Name)
		}
		s.Say(c, clienttest.Results(outputs...))
	}}
}

// offered are the tools that the target offers.
func offered() []any { return []any{object{"name": "look_up"}, object{"name": "dial"}} }

// toolPromises are about calls of tools.
func toolPromises() []promise {
	tools := map[string]any{"tools": offered()}
	lookUp, dial := clienttest.NewToolCall("call_a", "look_up", `{"account":"7"}`), clienttest.NewToolCall("call_b", "dial", `{"number": `)
	anonymous := clienttest.NewToolCall("", "look_up", `{"account":"7"}`)
	return []promise{
		{Name: "calls are answered in any order, and arguments need not be JSON", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Say(c, core.UserText("call"))
			s.Ended(r, core.FinishComplete, "")
			if got := s.Calls(r); len(got) != 2 || got[0] != lookUp || got[1] != dial {
				s.Errorf("the calls are %v", got)
			}
			s.Answered(c, clienttest.Results("call_b", "busy", "call_a", "none"), "busy none done.")
			s.Answered(c, core.UserText("and now?"), "busy none done.")
		}},
		{Name: "a call without a result is answered before the next turn", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			r := s.Answered(c, clienttest.Results("call_a", "none"), "none There is no result. done.")
			s.Warned(r, `tool "dial"`)
			s.Say(c, core.UserText("call"))
			s.Warned(s.Say(c, core.UserText("never mind")), `tool "look_up"`, `tool "dial"`)
		}},
		{Name: "a result that nobody waits for is refused", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			_, err := c.Send(s.Context(), clienttest.Results("call_z", "none"))
			s.Kind(err, core.ErrorInput, "call_z")
		}},
		{Name: "the choice among tools is sent", Config: map[string]any{"tools": tools["tools"], "tool_choice": "dial", "parallel_tool_calls": false}, Agent: caller, Verify: func(s *stage) {
			s.Reply("one")
			choice, _ := s.Last()["tool_choice"].(map[string]any)
			if f, _ := choice["function"].(map[string]any); f["name"] != "dial" || s.Last()["parallel_tool_calls"] != false {
				s.Errorf("tool_choice is sent as %v, parallel_tool_calls as %v", choice, s.Last()["parallel_tool_calls"])
			}
		}},
		{Name: "what a service wants back with a call is sent back", Faults: []string{"extra-content"}, Config: tools, Agent: oneCall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			s.Say(c, clienttest.Results("call_a", "none"))
			if sent := string(encode(s.Last())); !strings.Contains(sent, `"extra_content":{"signature":"s1"}`) {
				s.Errorf("sent was %s", sent)
			}
		}},
		shape("arguments that come as an object mean the same", "object-arguments", lookUp),
		shape("a call without an identifier gets one", "no-call-id", anonymous),
		shape("calls that share an index are told apart", "same-index", lookUp, dial),
		shape("a call of a custom tool is a call", "custom-call", lookUp),
		shape("a call of the former protocol is a call", "function-call", anonymous),
	}
}
