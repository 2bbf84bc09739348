package realtime

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestAToolThatCannotBeRightIsRefusedAtItsPlace(t *testing.T) {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	server := func(change func(*Tool)) []Tool {
		tool := Tool{Type: "mcp", ServerLabel: "bank", ServerURL: "https://mcp.bank.example/sse"}
		change(&tool)
		return []Tool{{Name: "look_up"}, tool}
	}
	nothing := func(*Tool) {}
	tests := map[string]struct {
		tools  []Tool
		choice string
		place  string // "" for none
		says   string
	}{
		"a function and a server":       {server(nothing), "", "", ""},
		"a type that there is not":      {[]Tool{{Type: "web_search"}}, "", "tools[0].type", `"web_search"`},
		"a function without a name":     {[]Tool{{}}, "", "tools[0].name", "1 to 64"},
		"a function with a server":      {[]Tool{{Name: "x", ServerURL: "https://x"}}, "", "tools[0].server_url", "no such key"},
		"a function with a secret":      {[]Tool{{Name: "x", Authorization: "t"}}, "", "tools[0].authorization", "no such key"},
		"two functions of a name":       {[]Tool{{Name: "x"}, {Type: "function", Name: "x"}}, "", "tools[1].name", "taken"},
		"a server with a name":          {server(func(t *Tool) { t.Name = "x" }), "", "tools[1].name", "no such key"},
		"a server without a label":      {server(func(t *Tool) { t.ServerLabel = "" }), "", "tools[1].server_label", "needs a label"},
		"two servers of a label":        {append(server(nothing), server(nothing)[1]), "", "tools[2].server_label", "taken"},
		"a server without a place":      {server(func(t *Tool) { t.ServerURL = "" }), "", "tools[1]", "not 0 of them"},
		"a server in two places":        {server(func(t *Tool) { t.TunnelID = "t" }), "", "tools[1]", "not 2 of them"},
		"a server behind a tunnel":      {server(func(t *Tool) { t.ServerURL, t.TunnelID = "", "t" }), "", "", ""},
		"a connector":                   {server(func(t *Tool) { t.ServerURL, t.ConnectorID = "", "connector_gmail" }), "", "", ""},
		"a connector that there is not": {server(func(t *Tool) { t.ServerURL, t.ConnectorID = "", "connector_fax" }), "", "tools[1].connector_id", `"connector_fax"`},
		"names that are allowed":        {server(func(t *Tool) { t.AllowedTools = raw(`["a"]`) }), "", "", ""},
		"a filter of what is allowed":   {server(func(t *Tool) { t.AllowedTools = raw(`{"tool_names":["a"],"read_only":true}`) }), "", "", ""},
		"a word of what is allowed":     {server(func(t *Tool) { t.AllowedTools = raw(`"all"`) }), "", "tools[1].allowed_tools", `"all"`},
		"numbers that are allowed":      {server(func(t *Tool) { t.AllowedTools = raw(`[1]`) }), "", "tools[1].allowed_tools", "list of names"},
		"a filter with another key":     {server(func(t *Tool) { t.AllowedTools = raw(`{"names":["a"]}`) }), "", "tools[1].allowed_tools.names", "unknown key"},
		"an approval that is a word":    {server(func(t *Tool) { t.RequireApproval = raw(`"sometimes"`) }), "", "tools[1].require_approval", `"sometimes"`},
		"an approval by name":           {server(func(t *Tool) { t.RequireApproval = raw(`{"always":{"tool_names":["a"]},"never":{"read_only":true}}`) }), "", "", ""},
		"an approval with another key":  {server(func(t *Tool) { t.RequireApproval = raw(`{"ask":{}}`) }), "", "tools[1].require_approval.ask", "unknown key"},
		"an approval of a wrong type":   {server(func(t *Tool) { t.RequireApproval = raw(`{"never":{"tool_names":"a"}}`) }), "", "tools[1].require_approval.never.tool_names", "list"},
		"a caller that there is not":    {server(func(t *Tool) { t.AllowedCallers = []string{"direct", "remote"} }), "", "tools[1].allowed_callers[1]", `"remote"`},
		"a choice of a function":        {server(nothing), `"look_up"`, "", ""},
		"a choice of a word":            {server(nothing), `"required"`, "", ""},
		"a choice of another word":      {server(nothing), `"bank"`, "tool_choice", `"bank"`},
		"a choice of a number":          {server(nothing), `3`, "tool_choice", "3"},
		"a choice of null":              {server(nothing), `null`, "tool_choice", "null"},
		"a choice of a function's form": {server(nothing), `{"type":"function","name":"look_up"}`, "", ""},
		"a choice of no function":       {server(nothing), `{"type":"function","name":"bank"}`, "tool_choice.name", `"bank"`},
		"a choice of a server":          {server(nothing), `{"type":"mcp","server_label":"bank"}`, "", ""},
		"a choice of a server's tool":   {server(nothing), `{"type":"mcp","server_label":"bank","name":"x"}`, "", ""},
		"a choice of no server":         {server(nothing), `{"type":"mcp","server_label":"shop"}`, "tool_choice.server_label", `"shop"`},
		"a choice of another type":      {server(nothing), `{"type":"web"}`, "tool_choice.type", `"web"`},
		"a choice with another key":     {server(nothing), `{"type":"mcp","label":"bank"}`, "tool_choice.label", "unknown key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := configured("wss://api.openai.com/v1")
			c.Tools, c.ToolChoice = test.tools, json.RawMessage(test.choice)
			err := c.Validate()
			if test.place == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if core.KindOf(err) != core.ErrorConfig || !strings.HasPrefix(err.Error(), test.place+": ") || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want one of %s that says %q", err, test.place, test.says)
			}
		})
	}
}

func TestAnMCPServerIsAskedForAsTheProtocolHasIt(t *testing.T) {
	c := configured("wss://api.openai.com/v1")
	c.ToolChoice = json.RawMessage(`{"type":"mcp","server_label":"bank","name":"look_up"}`)
	c.Tools = []Tool{{
		Type: "mcp", ServerLabel: "bank", ServerURL: "https://mcp.bank.example/sse", ServerDescription: "Accounts.", Authorization: "tok-4711",
		Headers: map[string]core.Secret{"X-Team": "red"}, AllowedTools: json.RawMessage(`["look_up"]`), AllowedCallers: []string{"direct"},
		DeferLoading: true, RequireApproval: json.RawMessage(`{"never":{"read_only":true}}`),
	}, {Type: "mcp", ServerLabel: "mail", ConnectorID: "connector_gmail", RequireApproval: json.RawMessage(`"never"`)}}
	encoded, err := json.Marshal(c.settings(nil))
	if err != nil {
		t.Fatal(err)
	}
	var got, want map[string]any
	if err := json.Unmarshal(encoded, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{
		"tools": [{"type":"mcp","server_label":"bank","server_url":"https://mcp.bank.example/sse","server_description":"Accounts.","authorization":"tok-4711",
			"headers":{"X-Team":"red"},"allowed_tools":["look_up"],"allowed_callers":["direct"],"defer_loading":true,"require_approval":{"never":{"read_only":true}}},
			{"type":"mcp","server_label":"mail","connector_id":"connector_gmail","require_approval":"never"}],
		"tool_choice": {"type":"mcp","server_label":"bank","name":"look_up"}}`), &want); err != nil {
		t.Fatal(err)
	}
	for key := range want {
		if diff := cmp.Diff(want[key], got[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	if c.listedServers() != 1 {
		t.Errorf("%d servers are listed at once", c.listedServers())
	}
}

func TestWhatTheServiceMakesOfMCPServersIsComparedByTheirLabels(t *testing.T) {
	c := configured("wss://api.openai.com/v1")
	c.Tools = []Tool{{Type: "mcp", ServerLabel: "bank", ServerURL: "https://x", Authorization: "tok-4711"}}
	for said, want := range map[string]string{
		`{"tools":[{"type":"mcp","server_label":"bank"}]}`:                            "",
		`{"tools":[{"type":"mcp","server_label":"shop","authorization":"tok-4711"}]}`: `the service has set tools to ["shop"], not to ["bank"] as asked`,
	} {
		e, err := readEcho(json.RawMessage(said))
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.differences(c.settings(nil))
		if err != nil || strings.Join(got, "") != want {
			t.Errorf("%q (%v), want %q", got, err, want)
		}
	}
}
