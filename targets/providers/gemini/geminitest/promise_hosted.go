package geminitest

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

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
	if n := len(r.Message.WaitingCalls()); n > 0 {
		s.Errorf("%d calls wait", n)
	}
}

// hostedPromises are about calls that the service carries out itself.
func hostedPromises() []promise {
	const code = `{"code":"print(1)","language":"PYTHON"}`
	ran := clienttest.NewToolCall("carried_out_0", "code_execution", code)
	recorded := func(name, fault string, call clienttest.ToolCall, result string) promise {
		return promise{Name: name, Faults: []string{fault}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), clienttest.Four(), all)
			called(s, r, call)
			resulted(s, r, result)
		}}
	}
	searched := clienttest.NewToolCall("t1", "google_search_web", `{"query":"x"}`)
	return []promise{
		{Name: "a call that the service has carried out is recorded with its result, and sent back", Faults: []string{"carries-out@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Answered(c, clienttest.Four(), all)
			s.Warned(r)
			called(s, r, ran, searched, clienttest.NewToolCall("carried_out_2", "url_context", `{"url":"x"}`))
			resulted(s, r, `{"call_id":"carried_out_2","output":""}`, `{"call_id":"carried_out_0","output":"1"}`, `{"call_id":"t1","output":"{\"n\":2}"}`)
			s.Answered(c, clienttest.Four(), all)
			wrote(s, `{"parts":[{"executableCode":{"code":"print(1)","language":"PYTHON"}},{"toolCall":{"args":{"query":"x"},"id":"t1","toolType":"GOOGLE_SEARCH_WEB"}},{"toolCall":{"args":{"url":"x"},"toolType":"URL_CONTEXT"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}},{"toolResponse"`)
		}},
		recorded("code that fails has its outcome as result", "runs-in-vain", ran, `{"call_id":"carried_out_0","output":"OUTCOME_FAILED"}`),
		recorded("a call of the service's own waits for no result", "code-part", ran, `{"call_id":"carried_out_0","output":""}`),
		recorded("what the service searched for is a call", "searches", clienttest.NewToolCall("carried_out_0", "google_search", `{"queries":["x","y"]}`), `{"call_id":"carried_out_0","output":""}`),
		recorded("but no second one", "searches-both", searched, `{"call_id":"t1","output":"{\"n\":2}"}`),
		suite().Ends("such calls and nothing else are an empty reply", "only-code", core.FinishUnconfirmed, "the reply is empty", ""),
		suite().Ends("a result of no call is no evidence", "lost-result", core.FinishUnconfirmed, `a result of no call "code_execution"`, all),
		{Name: "a history has no calls that its service carried out", Faults: []string{"carries-out@1"}, Agent: Recall, Verify: func(s *stage) {
			r := s.Reply("one")
			s.Answered(s.Talk(core.Start{History: []core.Message{core.UserText("one"), r.Message}}), core.UserText("two"), "one then two")
			wrote(s, `{"parts":[{"text":"one"}],"role":"model"}`)
		}},
	}
}

// piecePromises are about calls of functions that come in pieces, or in another form.
func piecePromises() []promise {
	tools := offered()
	return []promise{
		{Name: "a call in pieces is one, and sent back so", Only: "stream", Config: tools, Agent: caller, Faults: []string{"in-pieces@1"}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			called(s, s.Say(c, core.UserText("call")), clienttest.NewToolCall("fc_0", "look_up", `{"list":[7,true],"none":null,"to":{"name":"Ada"}}`), clienttest.NewToolCall("call_2", "dial", "{}"))
			s.Answered(c, clienttest.Results("call_2", "busy", "fc_0", "none"), "none busy done.")
			wrote(s, `{"functionCall":{"args":{"list":[7,true],"none":null,"to":{"name":"Ada"}},"id":"fc_0","name":"look_up"},"thoughtSignature":"c2lnbmVk"},{"functionCall":{"args":{},"name":"dial"}}`)
		}},
		{Name: "of a call whose pieces break off, what came is kept", Only: "stream", Config: tools, Faults: []string{"half-pieces@1"}, Verify: func(s *stage) {
			r := s.Reply("call")
			s.Ended(r, core.FinishTruncated, "MAX_TOKENS")
			if got := s.Calls(r); !slices.Equal(got, []clienttest.ToolCall{{ID: "fc_0", Name: "look_up", Arguments: `{"to":{"name":"A"}}`}}) {
				s.Errorf("the calls are %v", got)
			}
		}},
		suite().Ends("a piece that has no place is no evidence", "odd-pieces", core.FinishUnconfirmed, `an argument "to.name"`, all),
		{Name: "arguments that are a text are read", Config: tools, Agent: caller, Faults: []string{"text-args@1"}, Verify: func(s *stage) {
			called(s, s.Reply("call"), clienttest.NewToolCall("call_1", "look_up", account), clienttest.NewToolCall("call_2", "dial", "{}"))
		}},
		{Name: "a call among thoughts is one", Config: tools, Agent: caller, Faults: []string{"thought-call"}, Verify: func(s *stage) {
			called(s, s.Reply("call"), clienttest.NewToolCall("call_1", "look_up", account), clienttest.NewToolCall("call_2", "dial", "{}"))
		}},
		{Name: "a text beside a call is said", Config: tools, Agent: caller, Faults: []string{"text-beside@1"}, Verify: func(s *stage) {
			if got := s.Reply("call").Message.Text(); got != "I call. I call. " {
				s.Errorf("the text is %q", got)
			}
		}},
	}
}
