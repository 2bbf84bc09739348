package anthropictest

import (
	"encoding/json"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
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

// called checks the calls of a reply.
func (s *stage) called(r core.Reply, want ...toolCall) {
	s.Helper()
	var calls []toolCall
	for _, v := range r.Message.Of(core.ToolCall) {
		var c toolCall
		if err := json.Unmarshal(v.Data, &c); err != nil {
			s.Errorf("a call is not JSON: %s", v.Data)
		}
		calls = append(calls, c)
	}
	if !slices.Equal(calls, want) {
		s.Errorf("the calls are %v, want %v", calls, want)
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
		return promise{name: "functions and the choice among them are sent: " + want, config: config, verify: func(s *stage) {
			s.reply("one")
			if got := string(encode(s.last()["tool_choice"])); got != want {
				s.Errorf("the choice is %s, want %s", got, want)
			}
			if got := string(encode(s.last()["tools"])); got != `[{"input_schema":{"required":["account"],"type":"object"},"name":"look_up"},{"description":"Dials.","input_schema":{"type":"object"},"name":"dial"}]` {
				s.Errorf("the tools are %s", got)
			}
		}}
	}
	return []promise{
		{name: "calls are answered in any order, and sent back as they came", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			r := s.say(c, core.UserText("call"))
			s.ended(r, core.FinishComplete, "")
			s.called(r, toolCall{"toolu_1", "look_up", account}, toolCall{"toolu_2", "dial", "{}"})
			s.answered(c, results(output{"toolu_2", "busy"}, output{"toolu_1", "none"}), "none busy done.")
			s.sent(`[{"signature":"c2lnbmVk","thinking":"hm","type":"thinking"},{"id":"toolu_1","input":{"account":7000000000000000000},"name":"look_up","type":"tool_use"},{"id":"toolu_2","input":{},"name":"dial","type":"tool_use"}]`)
			s.sentRaw(`"input":` + account)
			s.answered(c, core.UserText("and now?"), "none busy done.")
		}},
		{name: "half a call that was truncated is kept as it came, and does not break the conversation", only: "stream", config: tools, agent: func(r *Request) Answer {
			if len(r.Messages) == 1 {
				return Answer{Calls: []Call{{"toolu_1", "dial", `{}`}}}
			}
			return Echo(r)
		}, faults: []string{"cut-call@1"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			r := s.say(c, core.UserText("call"))
			s.ended(r, core.FinishTruncated, "max_tokens")
			s.called(r, toolCall{"toolu_1", "dial", `{"number": 1`})
			s.answered(c, core.UserText("go on"), "go on")
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
		{name: "a call without a result is answered before the next turn", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			s.warned(s.answered(c, results(output{"toolu_1", "none"}), "none There is no result. done."), `tool "dial"`)
			s.say(c, core.UserText("call"))
			s.warned(s.say(c, core.UserText("never mind")), `tool "look_up"`, `tool "dial"`)
		}},
		{name: "an empty result is one", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			s.warned(s.answered(c, results(output{"toolu_1", ""}, output{"toolu_2", "busy"}), "busy done."))
		}},
		{name: "a result that nobody waits for is refused", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			for _, m := range []core.Message{results(output{"toolu_z", "none"}), results(output{"toolu_1", "a"}, output{"toolu_1", "b"})} {
				_, err := c.Send(s.Context(), m)
				s.kind(err, core.ErrorInput, "waits for a result")
			}
		}},
		{name: "a call in a history can be answered", config: tools, agent: caller, verify: func(s *stage) {
			history := func(arguments string) []core.Message {
				call := core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: encode(toolCall{"h1", "dial", arguments})}
				return []core.Message{core.UserText("call"), {Role: core.Assistant, Parts: []core.Part{{Value: call}}}}
			}
			for _, arguments := range []string{`{"number":1}`, ""} {
				s.answered(s.talk(core.Start{History: history(arguments)}), results(output{"h1", "busy"}), "busy done.")
			}
			for _, arguments := range []string{"{", "[]"} {
				_, err := s.target.StartConversation(s.Context(), core.Start{History: history(arguments)})
				s.kind(err, core.ErrorInput, "not a JSON object")
			}
		}},
	}
}
