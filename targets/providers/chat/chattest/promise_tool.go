package chattest

import (
	"encoding/json"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
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

// output is the result of a call.
type output struct{ id, text string }

// results is the message with the results of calls.
func results(outputs ...output) core.Message {
	m := core.Message{Role: core.Tool}
	for _, o := range outputs {
		data := encode(object{"call_id": o.id, "output": o.text})
		m.Parts = append(m.Parts, core.Part{Value: core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: data}})
	}
	return m
}

type toolCall struct {
	ID        string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// calls returns the calls of a reply.
func (s *stage) calls(r core.Reply) []toolCall {
	s.Helper()
	var calls []toolCall
	for _, v := range r.Message.Of(core.ToolCall) {
		var c toolCall
		if err := json.Unmarshal(v.Data, &c); err != nil {
			s.Errorf("a call is not JSON: %s", v.Data)
		}
		calls = append(calls, c)
	}
	return calls
}

// shape is the promise that calls of another form are understood, and can be
// answered. An identifier that is wanted as "" may be any.
func shape(name, fault string, want ...toolCall) promise {
	config := map[string]any{"tools": offered()}
	agent := caller
	if len(want) == 1 {
		agent = oneCall
	}
	return promise{name: name, faults: []string{fault + "@1"}, config: config, agent: agent, verify: func(s *stage) {
		c := s.talk(core.Start{})
		got := s.calls(s.say(c, core.UserText("call")))
		if len(got) != len(want) {
			s.Fatalf("the calls are %v, want %v", got, want)
		}
		var outputs []output
		for i := range want {
			if want[i].ID == "" && got[i].ID != "" {
				want[i].ID = got[i].ID
			}
			if got[i] != want[i] {
				s.Errorf("call %d is %v, want %v", i+1, got[i], want[i])
			}
			outputs = append(outputs, output{got[i].ID, "r" + got[i].Name})
		}
		s.say(c, results(outputs...))
	}}
}

// offered are the tools that the target offers.
func offered() []any { return []any{object{"name": "look_up"}, object{"name": "dial"}} }

// toolPromises are about calls of tools.
func toolPromises() []promise {
	tools := map[string]any{"tools": offered()}
	lookUp, dial := toolCall{"call_a", "look_up", `{"account":"7"}`}, toolCall{"call_b", "dial", `{"number": `}
	anonymous := toolCall{"", "look_up", `{"account":"7"}`}
	return []promise{
		{name: "calls are answered in any order, and arguments need not be JSON", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			r := s.say(c, core.UserText("call"))
			s.ended(r, core.FinishComplete, "")
			if got := s.calls(r); len(got) != 2 || got[0] != lookUp || got[1] != dial {
				s.Errorf("the calls are %v", got)
			}
			s.answered(c, results(output{"call_b", "busy"}, output{"call_a", "none"}), "busy none done.")
			s.answered(c, core.UserText("and now?"), "busy none done.")
		}},
		{name: "a call without a result is answered before the next turn", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			r := s.answered(c, results(output{"call_a", "none"}), "none There is no result. done.")
			s.warned(r, `tool "dial"`)
			s.say(c, core.UserText("call"))
			s.warned(s.say(c, core.UserText("never mind")), `tool "look_up"`, `tool "dial"`)
		}},
		{name: "a result that nobody waits for is refused", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			_, err := c.Send(s.Context(), results(output{"call_z", "none"}))
			s.kind(err, core.ErrorInput, "call_z")
		}},
		{name: "the choice among tools is sent", config: map[string]any{"tools": tools["tools"], "tool_choice": "dial", "parallel_tool_calls": false}, agent: caller, verify: func(s *stage) {
			s.reply("one")
			choice, _ := s.last()["tool_choice"].(map[string]any)
			if f, _ := choice["function"].(map[string]any); f["name"] != "dial" || s.last()["parallel_tool_calls"] != false {
				s.Errorf("tool_choice is sent as %v, parallel_tool_calls as %v", choice, s.last()["parallel_tool_calls"])
			}
		}},
		{name: "what a service wants back with a call is sent back", faults: []string{"extra-content"}, config: tools, agent: oneCall, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			s.say(c, results(output{"call_a", "none"}))
			if sent := string(encode(s.last())); !strings.Contains(sent, `"extra_content":{"signature":"s1"}`) {
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
