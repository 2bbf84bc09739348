package realtime_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// vault is an MCP server with two tools. It fails where it is called without its token.
type vault struct {
	down bool
}

func (v vault) ListTools(context.Context, realtimetest.MCPServer) ([]realtimetest.Tool, error) {
	if v.down {
		return nil, errors.New("no route to host")
	}
	return []realtimetest.Tool{{Name: "look_up"}, {Name: "delete_all"}}, nil
}

func (vault) CallTool(_ context.Context, server realtimetest.MCPServer, tool, arguments string) (string, error) {
	if server.Authorization != "tok-4711" || server.Headers["X-Team"] != "Bearer red-team-key" {
		return "", fmt.Errorf("unauthorized: %q", server.Authorization)
	}
	return tool + " says blue eleven for " + arguments, nil
}

// clerk calls the tool that the caller names, and repeats its result.
func clerk() realtimetest.Agent {
	return realtimetest.ToneAgent{Tools: func(_ context.Context, _ string, items []realtimetest.Item, tools []realtimetest.Tool) ([]realtimetest.ToolCall, error) {
		last := items[len(items)-1]
		for _, tool := range tools {
			if last.Role == core.User && last.Text == tool.Name {
				return []realtimetest.ToolCall{{Name: tool.Name, Arguments: `{"q":1}`}}, nil
			}
		}
		return nil, nil
	}}
}

// withVault starts a practice server that reaches the vault, and opens a target on it.
func withVault(t *testing.T, mcp realtimetest.MCP, more settings) (core.Target, *practice) {
	t.Helper()
	p := newPractice(t, clerk(), nil)
	p.Server = realtimetest.NewServer(clerk(), realtimetest.Options{MCP: mcp, Observe: func(fromClient bool, frame []byte) {
		if fromClient {
			p.frames <- append([]byte(nil), frame...)
		}
	}})
	web := httptest.NewServer(p.Server)
	t.Cleanup(func() {
		p.close(t)
		web.Close()
	})
	p.address = address{url: web.URL}
	server := settings{
		"type": "mcp", "server_label": "bank", "server_url": "https://mcp.bank.example/sse",
		"authorization": "tok-4711", "headers": settings{"X-Team": "Bearer red-team-key"},
	}
	for key, value := range more {
		if after, ok := strings.CutPrefix(key, "tool."); ok {
			server[after] = value
			delete(more, key)
		}
	}
	config := settings{"output": "text", "tools": []any{server}}
	for key, value := range more {
		config[key] = value
	}
	return p.target(t, config), p
}

// partsOf returns the parts of a reply as texts.
func partsOf(reply core.Reply) []string {
	var parts []string
	for _, p := range reply.Message.Parts {
		text := string(p.Data)
		for _, prefix := range []string{"mcp_", "mcpr_"} {
			for i := strings.Index(text, prefix); i >= 0 && len(text) >= i+len(prefix)+20; i = strings.Index(text, prefix) {
				text = text[:i] + "ID" + text[i+len(prefix)+20:]
			}
		}
		parts = append(parts, string(p.Modality)+" "+text)
	}
	return parts
}

const (
	lookedUp = `tool_call {"arguments":"{\"q\":1}","call_id":"ID","name":"look_up"}`
	found    = `tool_result {"call_id":"ID","output":"look_up says blue eleven for {\"q\":1}"}`
	told     = `text look_up says blue eleven for {"q":1}`
	approved = `tool_call {"approval":"approve","arguments":"{\"q\":1}","call_id":"ID","name":"look_up"}`
)

func TestACallOfAnMCPServerIsInTheReplyWithItsResultAndWhatTheAgentMakesOfIt(t *testing.T) {
	for name, test := range map[string]struct {
		given settings
		want  []string
	}{
		"that needs no approval":                 {settings{"tool.require_approval": "never"}, []string{lookedUp, found, told}},
		"that needs none by name":                {settings{"tool.require_approval": settings{"never": settings{"tool_names": []string{"look_up"}}}}, []string{lookedUp, found, told}},
		"that is approved":                       {settings{"approve": []string{"look_up"}}, []string{approved, found, told}},
		"that is approved by its server's label": {settings{"approve": []string{"bank/look_up"}}, []string{approved, found, told}},
		"that nobody approves":                   {settings{"tool.require_approval": "always"}, []string{lookedUp}},
		"that another server's tool is approved": {settings{"approve": []string{"shop/look_up", "delete_all"}}, []string{lookedUp}},
		"that is not allowed":                    {settings{"tool.allowed_tools": []string{"delete_all"}}, []string{"text look_up"}},
	} {
		t.Run(name, func(t *testing.T) {
			target, _ := withVault(t, vault{}, test.given)
			reply := send(t, begin(t, target, core.Start{}), core.UserText("look_up"))
			if diff := cmp.Diff(test.want, partsOf(reply)); diff != "" || reply.Finish != core.FinishComplete || len(reply.Warnings) > 0 {
				t.Errorf("%s (%s), warnings %q, parts (-want +got):\n%s", reply.Finish, reply.Detail, reply.Warnings, diff)
			}
			if reply.Usage.OutputTokens == 0 {
				t.Error("no usage")
			}
		})
	}
}

func TestTheCampaignAnswersARequestForApproval(t *testing.T) {
	for _, test := range []struct {
		answer string
		want   []string
	}{
		{"approve", []string{lookedUp, found, told}},
		{" Yes ", []string{lookedUp, found, told}},
		{"", []string{lookedUp, `tool_result {"call_id":"ID","output":"error: {\"message\":\"the call was not approved: \",\"type\":\"tool_execution_error\"}"}`, "text error: the call was not approved: "}},
		{"not today", []string{lookedUp, `tool_result {"call_id":"ID","output":"error: {\"message\":\"the call was not approved: not today\",\"type\":\"tool_execution_error\"}"}`, "text error: the call was not approved: not today"}},
	} {
		t.Run(test.answer, func(t *testing.T) {
			target, _ := withVault(t, vault{}, settings{})
			c := begin(t, target, core.Start{})
			asked := send(t, c, core.UserText("look_up"))
			waiting := asked.Message.WaitingCalls()
			if len(waiting) != 1 {
				t.Fatalf("%d calls wait: %q", len(waiting), partsOf(asked))
			}
			reply := send(t, c, toolMessage(t, waiting[0], test.answer))
			if diff := cmp.Diff(test.want, partsOf(reply)); diff != "" || reply.Finish != core.FinishComplete {
				t.Errorf("%s (%s), parts (-want +got):\n%s", reply.Finish, reply.Detail, diff)
			}
			if got := send(t, c, core.UserText("hello")).Message.Text(); got != "hello" {
				t.Errorf("then %q", got)
			}
		})
	}
}

// toolMessage answers a call as a campaign does.
func toolMessage(t *testing.T, call core.Value, output string) core.Message {
	t.Helper()
	id, _, _ := strings.Cut(strings.SplitN(string(call.Data), `"call_id":"`, 2)[1], `"`)
	return core.Message{Role: core.Tool, Parts: []core.Part{{Value: core.Value{
		Modality: core.ToolResult, MediaType: core.MediaJSON, Data: fmt.Appendf(nil, `{"call_id":%q,"output":%q}`, id, output),
	}}}}
}

func TestAnMCPServerThatTheServiceCannotReachIsAnErrorOfTheStart(t *testing.T) {
	target, _ := withVault(t, vault{down: true}, settings{})
	_, err := target.StartConversation(t.Context(), core.Start{})
	if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "could not list the tools of 1 of 1 MCP servers") {
		t.Errorf("a %q error, %v", core.KindOf(err), err)
	}
}

func TestTheSecretsOfAnMCPServerReachTheServiceAndNothingElse(t *testing.T) {
	c := talkTo(t, scripted(t, func(s *service) {
		s.await("response.create")
		s.say(`{"type":"error","error":{"message":"tok-4711 and red-team-key are wrong","code":"invalid_value"}}`)
		s.say(response("r1", "yes")...)
	}), settings{"tools": []any{settings{
		"type": "mcp", "server_label": "bank", "connector_id": "connector_gmail", "authorization": "tok-4711", "defer_loading": true,
		"headers": settings{"X-Team": "Bearer red-team-key"},
	}}})
	reply := send(t, c, core.UserText("hi"))
	said := reply.Detail + strings.Join(reply.Warnings, " ")
	if !strings.Contains(said, "are wrong") || strings.Contains(said, "tok-4711") || strings.Contains(said, "red-team-key") {
		t.Errorf("the record has %q", said)
	}
}
