package realtimetest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

const lookUp = `{"type":"function","name":"look_up","description":"finds things","parameters":{"type":"object"}}`

// clerk looks up whatever it is asked, and says what it has found.
func clerk() realtimetest.Agent {
	return realtimetest.ToneAgent{Tools: func(_ context.Context, _ string, items []realtimetest.Item, tools []realtimetest.Tool) ([]realtimetest.ToolCall, error) {
		last := items[len(items)-1]
		if last.Role != core.User {
			return nil, nil
		}
		var calls []realtimetest.ToolCall
		for _, tool := range tools {
			calls = append(calls, realtimetest.ToolCall{Name: tool.Name, Arguments: fmt.Sprintf(`{"question":%q}`, last.Text)})
		}
		return calls, nil
	}}
}

// withTools is a client whose session answers in text and has more settings.
func withTools(t *testing.T, settings string) *client {
	t.Helper()
	_, url := start(t, clerk(), realtimetest.Options{})
	c := dial(t, url)
	c.send(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"],` + settings + `}}`)
	c.expect("session.updated")
	c.send(userText("where is the key?"))
	c.expect("conversation.item.done")
	return c
}

func TestAToolIsCalledAndItsResultAnswered(t *testing.T) {
	c := withTools(t, `"tools":[`+lookUp+`]`)
	c.send(`{"type":"response.create"}`)
	events := c.until("response.done")
	want := []string{
		"response.created", "rate_limits.updated", "response.output_item.added", "conversation.item.added",
		"response.function_call_arguments.delta", "response.function_call_arguments.done",
		"response.output_item.done", "conversation.item.done", "response.done",
	}
	if diff := cmp.Diff(want, types(events)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	var arguments string
	var callID any
	for _, e := range events {
		switch e["type"] {
		case "response.function_call_arguments.delta":
			arguments += e["delta"].(string)
		case "response.function_call_arguments.done":
			callID = e["call_id"]
			if e["arguments"] != arguments || e["name"] != "look_up" {
				t.Errorf("the call is %v after deltas %s", e, arguments)
			}
		}
	}
	if arguments != `{"question":"where is the key?"}` {
		t.Errorf("the arguments are %s", arguments)
	}
	output := object(events[len(events)-1].at("response", "output").([]any)[0].(map[string]any))
	if output["type"] != "function_call" || output["call_id"] != callID || output["arguments"] != arguments || output["status"] != "completed" {
		t.Errorf("the output is %v", output)
	}
	c.send(fmt.Sprintf(`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":%q,"output":"under the mat"}}`, callID))
	c.send(`{"type":"response.create"}`)
	if got := c.expect("response.output_text.done")["text"]; got != "under the mat" {
		t.Errorf("the answer is %q", got)
	}
}

func TestAgentsSeeCallsAndTheirResults(t *testing.T) {
	seen := make(chan []realtimetest.Item, 1)
	_, url := start(t, realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		seen <- items
		return "ok", nil
	}}, realtimetest.Options{})
	c := dial(t, url)
	c.send(`{"type":"conversation.item.create","item":{"id":"it_1","type":"function_call","name":"look_up","call_id":"c1","arguments":"{}"}}`)
	c.send(`{"type":"conversation.item.create","item":{"id":"it_2","type":"function_call_output","call_id":"c1","output":"found"}}`)
	c.send(`{"type":"response.create"}`)
	want := []realtimetest.Item{
		{ID: "it_1", Role: core.Assistant, Text: "{}", Name: "look_up", CallID: "c1"},
		{ID: "it_2", Role: core.Tool, Text: "found", CallID: "c1"},
	}
	if diff := cmp.Diff(want, <-seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhichToolsAreOffered(t *testing.T) {
	const two = `"tools":[` + lookUp + `,{"type":"function","name":"open"}]`
	tests := map[string]struct {
		session, response string
		want              string // the functions called; "" for an answer in words
	}{
		"all":                         {two, ``, "look_up open"},
		"one at a time":               {two + `,"parallel_tool_calls":false`, ``, "look_up"},
		"none":                        {two + `,"tool_choice":"none"`, ``, ""},
		"a certain one":               {two + `,"tool_choice":{"type":"function","name":"open"}`, ``, "open"},
		"the response says none":      {two, `"tool_choice":"none"`, ""},
		"the response says which one": {two, `"tool_choice":{"type":"function","name":"open"}`, "open"},
		"the response has its own":    {two, `"tools":[{"type":"function","name":"ask"}]`, "ask"},
		"the response has none":       {two, `"tools":[]`, ""},
		"the session has none":        {`"tools":[]`, ``, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := withTools(t, test.session)
			c.send(`{"type":"response.create","response":{` + test.response + `}}`)
			var called []string
			for _, it := range c.expect("response.done").at("response", "output").([]any) {
				if item := it.(map[string]any); item["type"] == "function_call" {
					called = append(called, item["name"].(string))
				}
			}
			if got := strings.Join(called, " "); got != test.want {
				t.Errorf("called %q, want %q", got, test.want)
			}
		})
	}
}

func TestACallIsCutOffAsAReplyIs(t *testing.T) {
	_, url := start(t, clerk(), realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.SlowReply}}})
	c := dial(t, url)
	c.send(`{"type":"session.update","session":{"type":"realtime","tools":[` + lookUp + `]}}`)
	c.send(userText(strings.Repeat("where is the key? ", 20)))
	c.send(`{"type":"response.create"}`)
	sent := c.expect("response.function_call_arguments.delta")["delta"].(string)
	c.send(`{"type":"response.cancel"}`)
	events := c.until("response.done")
	for _, e := range events {
		if e["type"] == "response.function_call_arguments.delta" {
			sent += e["delta"].(string)
		}
	}
	done := events[len(events)-1]
	output := done.at("response", "output").([]any)[0].(map[string]any)
	if done.at("response", "status") != "cancelled" || output["status"] != "incomplete" || output["arguments"] != sent {
		t.Errorf("after %q the response is %v", sent, done["response"])
	}
}

func TestToolsThatCannotBeAreRefused(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	session := func(settings string) string {
		return `{"type":"session.update","session":{"type":"realtime",` + settings + `}}`
	}
	item := func(fields string) string {
		return `{"type":"conversation.item.create","item":{` + fields + `}}`
	}
	tests := map[string]struct{ event, code string }{
		"no list":              {session(`"tools":{}`), "invalid_type"},
		"no object":            {session(`"tools":["look_up"]`), "invalid_type"},
		"an MCP server":        {session(`"tools":[{"type":"mcp","server_label":"x"}]`), "invalid_value"},
		"no name":              {session(`"tools":[{"type":"function"}]`), "missing_required_parameter"},
		"an odd name":          {session(`"tools":[{"type":"function","name":"look up"}]`), "invalid_value"},
		"parameters in a list": {session(`"tools":[{"type":"function","name":"a","parameters":[]}]`), "invalid_type"},
		"a number described":   {session(`"tools":[{"type":"function","name":"a","description":7}]`), "invalid_type"},
		"strict":               {session(`"tools":[{"type":"function","name":"a","strict":true}]`), "unknown_parameter"},
		"twice the same":       {session(`"tools":[` + lookUp + `,` + lookUp + `]`), "invalid_value"},
		"an unknown choice":    {session(`"tool_choice":"maybe"`), "invalid_value"},
		"a choice of nothing":  {session(`"tool_choice":{"type":"function","name":"open"}`), "invalid_value"},
		"a numbered choice":    {session(`"tool_choice":1`), "invalid_type"},
		"of a response":        {`{"type":"response.create","response":{"tools":[{"type":"function"}]}}`, "missing_required_parameter"},
		"chosen by a response": {`{"type":"response.create","response":{"tool_choice":"maybe"}}`, "invalid_value"},
		"a nameless call":      {item(`"type":"function_call","arguments":"{}"`), "missing_required_parameter"},
		"a call of nothing":    {item(`"type":"function_call","name":"a"`), "missing_required_parameter"},
		"a result of no call":  {item(`"type":"function_call_output","call_id":"nobody","output":"x"`), "invalid_value"},
		"a result without id":  {item(`"type":"function_call_output","output":"x"`), "missing_required_parameter"},
		"no result":            {item(`"type":"function_call_output","call_id":"x"`), "missing_required_parameter"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c.send(test.event)
			c.expectError(test.code)
		})
	}
}
