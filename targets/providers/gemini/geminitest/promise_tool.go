package geminitest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
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

// called checks the calls of a reply.
func called(s *stage, r core.Reply, want ...clienttest.ToolCall) {
	s.Helper()
	s.Ended(r, core.FinishComplete, "")
	if got := s.Calls(r); !slices.Equal(got, want) {
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
func wrote(s *stage, text string) {
	s.Helper()
	if got := string(s.Raw()); !strings.Contains(got, text) {
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
		{Name: "calls are answered in any order, and sent back as they came", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			called(s, s.Say(c, core.UserText("call")), clienttest.NewToolCall("call_1", "look_up", account), clienttest.NewToolCall("call_2", "dial", "{}"))
			s.Answered(c, clienttest.Results("call_2", "busy", "call_1", "none"), "none busy done.")
			wrote(s, `"args":`+account)
			s.Answered(c, core.UserText("and now?"), "none busy done.")
		}},
		{Name: "the service's identifiers are sent back", Config: tools, Agent: named, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			called(s, s.Say(c, core.UserText("call")), clienttest.NewToolCall("fc_0", "look_up", account), clienttest.NewToolCall("fc_1", "dial", "{}"))
			s.Answered(c, clienttest.Results("fc_0", "none", "fc_1", "busy"), "none busy done.")
		}},
		{Name: "calls with one identifier are told apart", Config: tools, Agent: named, Faults: []string{"same-id@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			called(s, s.Say(c, core.UserText("call")), clienttest.NewToolCall("same", "look_up", account), clienttest.NewToolCall("call_2", "dial", "{}"))
			s.Answered(c, clienttest.Results("call_2", "busy", "same", "none"), "none busy done.")
		}},
		{Name: "a signature is sent back with its call, unchanged", Config: tools, Agent: caller, Faults: []string{"signed-url@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			s.Say(c, clienttest.Results("call_1", "none", "call_2", "busy"))
			wrote(s, `{"functionCall":{"args":{},"name":"dial"},"thoughtSignature":"__-_"}`)
		}},
		{Name: "a call without arguments has none", Config: tools, Agent: caller, Faults: []string{"no-args@1"}, Verify: func(s *stage) {
			called(s, s.Reply("call"), clienttest.NewToolCall("call_1", "look_up", "{}"), clienttest.NewToolCall("call_2", "dial", "{}"))
		}},
		{Name: "functions and the choice among them are sent", Config: map[string]any{"tools": offered()["tools"], "tool_choice": "dial"}, Verify: func(s *stage) {
			s.Reply("one")
			wrote(s, `"toolConfig":{"functionCallingConfig":{"allowedFunctionNames":["dial"],"mode":"ANY"}}`)
			wrote(s, `"tools":[{"functionDeclarations":[{"name":"look_up","parametersJsonSchema":{"type":"object"}},{"name":"dial"}]}]`)
		}},
	}
}

// resultPromises are about the results of calls.
func resultPromises() []promise {
	tools := offered()
	return []promise{
		{Name: "a call without a result is answered before the next turn", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			s.Warned(s.Answered(c, clienttest.Results("call_1", "none"), "none There is no result. done."), `tool "dial"`)
			s.Say(c, core.UserText("call"))
			s.Warned(s.Say(c, core.UserText("never mind")), `tool "look_up"`, `tool "dial"`)
		}},
		{Name: "a result that nobody waits for is refused", Config: tools, Agent: caller, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Say(c, core.UserText("call"))
			for _, m := range []core.Message{clienttest.Results("call_z", "none"), clienttest.Results("call_1", "a", "call_1", "b")} {
				_, err := c.Send(s.Context(), m)
				s.Kind(err, core.ErrorInput, "waits for a result")
			}
		}},
		{Name: "a call in a history can be answered", Config: tools, Agent: caller, Verify: func(s *stage) {
			call := core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: encode(clienttest.NewToolCall("h1", "dial", `{"number":1}`))}
			c := s.Talk(core.Start{History: []core.Message{core.UserText("call"), {Role: core.Assistant, Parts: []core.Part{{Value: call}}}}})
			s.Answered(c, clienttest.Results("h1", "busy"), "busy done.")
			call.Data = encode(clienttest.NewToolCall("h1", "dial", `{`))
			_, err := s.Target.StartConversation(s.Context(), core.Start{History: []core.Message{core.UserText("call"), {Role: core.Assistant, Parts: []core.Part{{Value: call}}}}})
			s.Kind(err, core.ErrorInput, "not a JSON object")
		}},
	}
}
