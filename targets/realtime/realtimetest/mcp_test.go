package realtimetest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// shelf is an MCP server with one tool.
type shelf struct{ fails bool }

func (shelf) ListTools(_ context.Context, server realtimetest.MCPServer) ([]realtimetest.Tool, error) {
	if server.Address != "https://shelf.example" {
		return nil, errors.New("no route to host")
	}
	return []realtimetest.Tool{{Name: "fetch"}}, nil
}

func (s shelf) CallTool(context.Context, realtimetest.MCPServer, string, string) (string, error) {
	if s.fails {
		return "", errors.New("out of order")
	}
	return "a book", nil
}

// withShelf is a client whose session has an MCP server with more keys.
func withShelf(t *testing.T, mcp realtimetest.MCP, keys string) *client {
	t.Helper()
	_, url := start(t, clerk(), realtimetest.Options{MCP: mcp})
	c := dial(t, url)
	c.send(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"],"tools":[{"type":"mcp","server_label":"shelf"` + keys + `}]}}`)
	return c
}

const atShelf = `,"server_url":"https://shelf.example"`

func TestTheToolsOfAnMCPServerAreListed(t *testing.T) {
	for name, test := range map[string]struct {
		mcp  realtimetest.MCP
		keys string
		want []string
	}{
		"of one that is there":     {shelf{}, atShelf, []string{"session.updated", "conversation.item.added", "mcp_list_tools.in_progress", "mcp_list_tools.completed", "conversation.item.done"}},
		"of one that is not there": {shelf{}, `,"connector_id":"connector_gmail"`, []string{"session.updated", "conversation.item.added", "mcp_list_tools.in_progress", "mcp_list_tools.failed"}},
		"of one without a network": {nil, atShelf, []string{"session.updated", "conversation.item.added", "mcp_list_tools.in_progress", "mcp_list_tools.failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := withShelf(t, test.mcp, test.keys)
			c.expect("session.created")
			events := c.until(test.want[len(test.want)-1])
			if diff := cmp.Diff(test.want, types(events)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestACallOfAnMCPServerIsMadeAfterItsResponse(t *testing.T) {
	for name, test := range map[string]struct {
		mcp    realtimetest.MCP
		end    string
		output any
		answer string
	}{
		"with an output": {shelf{}, "response.mcp_call.completed", "a book", "a book"},
		"with an error":  {shelf{fails: true}, "response.mcp_call.failed", nil, "error: out of order"},
	} {
		t.Run(name, func(t *testing.T) {
			c := withShelf(t, test.mcp, atShelf+`,"require_approval":"never"`)
			c.expect("mcp_list_tools.completed")
			c.send(userText("a book?"))
			c.send(`{"type":"response.create"}`)
			c.expect("response.created")
			events := c.until("conversation.item.done")
			want := []string{
				"rate_limits.updated", "response.output_item.added", "conversation.item.added", "response.mcp_call_arguments.delta",
				"response.mcp_call_arguments.done", "response.done", "response.mcp_call.in_progress", test.end, "response.output_item.done", "conversation.item.done",
			}
			if diff := cmp.Diff(want, types(events)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			call := events[len(events)-1].at("item").(map[string]any)
			if call["type"] != "mcp_call" || call["name"] != "fetch" || call["output"] != test.output || call["arguments"] != `{"question":"a book?"}` {
				t.Errorf("the call is %v", call)
			}
			c.send(`{"type":"response.create","response":{"tool_choice":"none"}}`)
			if got := c.expect("response.output_text.done")["text"]; got != test.answer {
				t.Errorf("the answer is %q", got)
			}
		})
	}
}

func TestACallOfAnMCPServerWaitsForApproval(t *testing.T) {
	for name, test := range map[string]struct {
		keys, answer string
		end          string
	}{
		"that is given":                   {``, `"approve":true`, "response.mcp_call.completed"},
		"that is refused":                 {`,"require_approval":"always"`, `"approve":false,"reason":"no"`, "response.mcp_call.failed"},
		"that the tool's name needs":      {`,"require_approval":{"always":{"tool_names":["fetch"]}}`, `"approve":true`, "response.mcp_call.completed"},
		"that another tool does not need": {`,"require_approval":{"never":{"tool_names":["burn"]}}`, `"approve":true`, "response.mcp_call.completed"},
	} {
		t.Run(name, func(t *testing.T) {
			c := withShelf(t, shelf{}, atShelf+test.keys)
			c.expect("mcp_list_tools.completed")
			c.expect("conversation.item.done")
			c.send(userText("a book?"))
			c.expect("conversation.item.done")
			c.send(`{"type":"response.create"}`)
			c.expect("response.done")
			request := c.expect("conversation.item.done").at("item").(map[string]any)
			if request["type"] != "mcp_approval_request" || request["name"] != "fetch" || request["server_label"] != "shelf" {
				t.Fatalf("the request is %v", request)
			}
			answer := fmt.Sprintf(`{"type":"conversation.item.create","item":{"type":"mcp_approval_response","approval_request_id":%q,%s}}`, request["id"], test.answer)
			c.send(answer)
			c.expect(test.end)
			call := c.expect("conversation.item.done").at("item").(map[string]any)
			if call["approval_request_id"] != request["id"] || (call["output"] == "a book") != (test.end == "response.mcp_call.completed") {
				t.Errorf("the call is %v", call)
			}
			c.send(answer)
			if refused := c.expect("error"); refused.at("error", "param") != "item.approval_request_id" {
				t.Errorf("a second answer: %v", refused)
			}
		})
	}
}

func TestWhatIsWrongWithAnMCPServerIsSaidAtItsPath(t *testing.T) {
	for keys, param := range map[string]string{
		``: "session.tools[0]",
		atShelf + `,"connector_id":"connector_gmail"`:                "session.tools[0]",
		atShelf + `,"name":"x"`:                                      "session.tools[0].name",
		atShelf + `,"allowed_tools":{"names":[]}`:                    "session.tools[0].allowed_tools.names",
		atShelf + `,"allowed_tools":["x",1]`:                         "session.tools[0].allowed_tools[1]",
		atShelf + `,"require_approval":"sometimes"`:                  "session.tools[0].require_approval",
		atShelf + `,"require_approval":{"never":{"read_only":""}}`:   "session.tools[0].require_approval.never.read_only",
		atShelf + `,"allowed_callers":["nobody"]`:                    "session.tools[0].allowed_callers[0]",
		atShelf + `},{"type":"mcp","server_label":"shelf"` + atShelf: "session.tools[1].server_label",
		atShelf + `}],"tool_choice":{"type":"mcp","server_label":"x"},"tools":[{"type":"mcp","server_label":"shelf"` + atShelf: "session.tool_choice",
	} {
		c := withShelf(t, shelf{}, keys)
		if got := c.expect("error").at("error", "param"); got != param {
			t.Errorf("%s: %v, want %s", keys, got, param)
		}
	}
}

func TestOnlyTheToolsThatAreAllowedAndChosenAreOffered(t *testing.T) {
	for keys, want := range map[string]bool{
		atShelf + `,"allowed_tools":["fetch"]`:               true,
		atShelf + `,"allowed_tools":{"tool_names":["burn"]}`: false,
		atShelf + `}],"tool_choice":{"type":"mcp","server_label":"shelf"},"tools":[{"type":"mcp","server_label":"shelf"` + atShelf:               true,
		atShelf + `}],"tool_choice":{"type":"mcp","server_label":"shelf","name":"burn"},"tools":[{"type":"mcp","server_label":"shelf"` + atShelf: false,
	} {
		c := withShelf(t, shelf{}, keys)
		c.expect("mcp_list_tools.completed")
		c.send(userText("a book?"))
		c.send(`{"type":"response.create"}`)
		output := c.expect("response.done").at("response", "output").([]any)
		if got := output[0].(map[string]any)["type"] == "mcp_call"; got != want {
			t.Errorf("%s: the reply is %v", keys, output)
		}
	}
}

func TestAStoredPromptIsTheInstructionsWithItsVariables(t *testing.T) {
	agent := realtimetest.ToneAgent{Reply: func(_ context.Context, instructions string, _ []realtimetest.Item) (string, error) {
		return instructions, nil
	}}
	_, url := start(t, agent, realtimetest.Options{Prompts: map[string]string{"pmpt_1": "Be {{how}}, {{who}}."}})
	for session, want := range map[string]string{
		`"prompt":{"id":"pmpt_1","variables":{"how":"{{who}}","who":"Ann"}}`: "Be {{who}}, Ann.",
		`"prompt":{"id":"pmpt_1"},"instructions":"Be long."`:                 "Be long.",
	} {
		c := dial(t, url)
		c.send(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"],` + session + `}}`)
		c.send(userText("who?"))
		c.send(`{"type":"response.create"}`)
		if got := c.expect("response.output_text.done")["text"]; got != want {
			t.Errorf("%s: %q, want %q", session, got, want)
		}
	}
	c := dial(t, url)
	c.send(`{"type":"session.update","session":{"type":"realtime","prompt":{"id":"pmpt_2"}}}`)
	if got := c.expect("error").at("error", "param"); got != "session.prompt.id" {
		t.Errorf("an unknown prompt: %v", got)
	}
}
