package geminitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// caller calls two functions, and says their results.
func caller(r *Request) Answer {
	if c := r.last(); c.Role == "user" && c.Texts() == "call" {
		return Answer{Calls: []Call{{"", "look_up", `{"account":7000000000000000001}`}, {"", "dial", `{}`}}}
	}
	text := ""
	for _, c := range r.Contents {
		for _, p := range c.Parts {
			if p.FunctionResponse != nil {
				text += fmt.Sprint(p.FunctionResponse.Response["output"], " ")
			}
		}
	}
	return Answer{Text: text + "done."}
}

// named calls as caller does, with identifiers.
func named(r *Request) Answer {
	a := caller(r)
	for i := range a.Calls {
		a.Calls[i].ID = fmt.Sprintf("fc_%d", i)
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

// called checks the calls of a reply.
func (s *stage) called(r core.Reply, want ...toolCall) {
	s.Helper()
	s.ended(r, core.FinishComplete, "")
	if got := s.calls(r); !slices.Equal(got, want) {
		s.Errorf("the calls are %v, want %v", got, want)
	}
}

// offered is the configuration that offers two functions.
func offered() map[string]any {
	return map[string]any{"tools": []any{object{"name": "look_up", "parameters": object{"type": "object"}}, object{"name": "dial"}}}
}

// account are the arguments of the first call: a number that a float would change.
const account = `{"account":7000000000000000001}`

// wrote checks that the last request has a text in it.
func (s *stage) wrote(text string) {
	s.Helper()
	if got := string(s.raw()); !strings.Contains(got, text) {
		s.Errorf("sent was %s, want %s in it", got, text)
	}
}

// toolPromises are about calls of functions.
func toolPromises() []promise {
	return append(resultPromises(), callPromises()...)
}

// callPromises are about what is said of calls.
func callPromises() []promise {
	tools := offered()
	return []promise{
		{name: "calls are answered in any order, and sent back as they came", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.called(s.say(c, core.UserText("call")), toolCall{"call_1", "look_up", account}, toolCall{"call_2", "dial", "{}"})
			s.answered(c, results(output{"call_2", "busy"}, output{"call_1", "none"}), "none busy done.")
			s.wrote(`"args":` + account)
			s.answered(c, core.UserText("and now?"), "none busy done.")
		}},
		{name: "the service's identifiers are sent back", config: tools, agent: named, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.called(s.say(c, core.UserText("call")), toolCall{"fc_0", "look_up", account}, toolCall{"fc_1", "dial", "{}"})
			s.answered(c, results(output{"fc_0", "none"}, output{"fc_1", "busy"}), "none busy done.")
		}},
		{name: "calls with one identifier are told apart", config: tools, agent: named, faults: []string{"same-id@1"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.called(s.say(c, core.UserText("call")), toolCall{"same", "look_up", account}, toolCall{"call_2", "dial", "{}"})
			s.answered(c, results(output{"call_2", "busy"}, output{"same", "none"}), "none busy done.")
		}},
		{name: "a signature is sent back with its call, unchanged", config: tools, agent: caller, faults: []string{"signed-url@1"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			s.say(c, results(output{"call_1", "none"}, output{"call_2", "busy"}))
			s.wrote(`{"functionCall":{"args":{},"name":"dial"},"thoughtSignature":"__-_"}`)
		}},
		{name: "a call without arguments has none", config: tools, agent: caller, faults: []string{"no-args@1"}, verify: func(s *stage) {
			s.called(s.reply("call"), toolCall{"call_1", "look_up", "{}"}, toolCall{"call_2", "dial", "{}"})
		}},
		{name: "functions and the choice among them are sent", config: map[string]any{"tools": offered()["tools"], "tool_choice": "dial"}, verify: func(s *stage) {
			s.reply("one")
			s.wrote(`"toolConfig":{"functionCallingConfig":{"allowedFunctionNames":["dial"],"mode":"ANY"}}`)
			s.wrote(`"tools":[{"functionDeclarations":[{"name":"look_up","parametersJsonSchema":{"type":"object"}},{"name":"dial"}]}]`)
		}},
	}
}

// resultPromises are about the results of calls.
func resultPromises() []promise {
	tools := offered()
	return []promise{
		{name: "a call without a result is answered before the next turn", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			s.warned(s.answered(c, results(output{"call_1", "none"}), "none There is no result. done."), `tool "dial"`)
			s.say(c, core.UserText("call"))
			s.warned(s.say(c, core.UserText("never mind")), `tool "look_up"`, `tool "dial"`)
		}},
		{name: "a result that nobody waits for is refused", config: tools, agent: caller, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("call"))
			for _, m := range []core.Message{results(output{"call_z", "none"}), results(output{"call_1", "a"}, output{"call_1", "b"})} {
				_, err := c.Send(s.Context(), m)
				s.kind(err, core.ErrorInput, "waits for a result")
			}
		}},
		{name: "a call in a history can be answered", config: tools, agent: caller, verify: func(s *stage) {
			call := core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: encode(toolCall{"h1", "dial", `{"number":1}`})}
			c := s.talk(core.Start{History: []core.Message{core.UserText("call"), {Role: core.Assistant, Parts: []core.Part{{Value: call}}}}})
			s.answered(c, results(output{"h1", "busy"}), "busy done.")
			call.Data = encode(toolCall{"h1", "dial", `{`})
			_, err := s.target.StartConversation(s.Context(), core.Start{History: []core.Message{core.UserText("call"), {Role: core.Assistant, Parts: []core.Part{{Value: call}}}}})
			s.kind(err, core.ErrorInput, "not a JSON object")
		}},
	}
}
