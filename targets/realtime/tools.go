package realtime

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Tool is a function that the model may call, or an MCP server whose tools it may
// use. The service calls those itself.
type Tool struct {
	Type string `json:"type" enum:"function,mcp" doc:"function, the default: the campaign answers its calls. mcp: an MCP server, which the service calls."`

	Name        string         `json:"name" doc:"function: its name."`
	Description string         `json:"description" doc:"function: what it does, for the target to read."`
	Parameters  map[string]any `json:"parameters" doc:"function: JSON Schema of its arguments."`

	ServerLabel       string                 `json:"server_label" doc:"mcp: what the server is called in calls."`
	ServerURL         string                 `json:"server_url" format:"uri" doc:"mcp: address of the server. The service connects to it, so that its host has to be in scope.hosts."`
	ConnectorID       string                 `json:"connector_id" doc:"mcp: connector of the service in place of an address, such as connector_gmail."`
	TunnelID          string                 `json:"tunnel_id" doc:"mcp: tunnel of the service in place of an address."`
	ServerDescription string                 `json:"server_description" doc:"mcp: what the server is for, for the target to read."`
	Authorization     core.Secret            `json:"authorization" doc:"mcp: OAuth access token with which the service connects to the server."`
	Headers           map[string]core.Secret `json:"headers" doc:"mcp: HTTP headers that the service sends to the server."`
	AllowedTools      json.RawMessage        `json:"allowed_tools,omitempty" doc:"mcp: names of the tools that may be used, or {tool_names, read_only}; left out, all."`
	AllowedCallers    []string               `json:"allowed_callers" enum:"direct,programmatic" doc:"mcp: how the tools may be called."`
	DeferLoading      bool                   `json:"defer_loading" doc:"mcp: whether the tools are only looked for when they are needed."`
	RequireApproval   json.RawMessage        `json:"require_approval,omitempty" doc:"mcp: which calls the service asks approval for: always, never, or {always: {tool_names, read_only}, never: {…}}; left out, the service decides, which is always."`
}

func (t Tool) isMCP() bool { return t.Type == toolMCP }

const (
	toolFunction = "function"
	toolMCP      = "mcp"
)

// settings are the tool as the protocol has it.
func (t Tool) settings() toolConfig {
	if !t.isMCP() {
		return toolConfig{Type: toolFunction, Name: t.Name, Description: t.Description, Parameters: t.Parameters}
	}
	server := toolConfig{
		Type: toolMCP, ServerLabel: t.ServerLabel, ServerURL: t.ServerURL, ConnectorID: t.ConnectorID, TunnelID: t.TunnelID,
		ServerDescription: t.ServerDescription, Authorization: t.Authorization.Reveal(), AllowedTools: t.AllowedTools,
		AllowedCallers: t.AllowedCallers, DeferLoading: t.DeferLoading, RequireApproval: t.RequireApproval,
	}
	for name, value := range t.Headers {
		if server.Headers == nil {
			server.Headers = make(map[string]string, len(t.Headers))
		}
		server.Headers[name] = value.Reveal()
	}
	return server
}

// listedServers is the number of MCP servers whose tools the service lists before it
// uses them.
func (c Config) listedServers() int {
	n := 0
	for _, tool := range c.Tools {
		if tool.isMCP() && !tool.DeferLoading {
			n++
		}
	}
	return n
}

// approves reports whether calls of a tool are approved. An entry names a tool, or a
// server and its tool, as in bank/look_up.
func (c *Config) approves(server, tool string) bool {
	return slices.Contains(c.Approve, tool) || server != "" && slices.Contains(c.Approve, server+"/"+tool)
}

// choice is a tool_choice that names a tool or a server.
type choice struct {
	Type        string `json:"type"`
	Name        string `json:"name,omitempty"`
	ServerLabel string `json:"server_label,omitempty"`
}

// toolChoice is nil where the service decides.
func (c Config) toolChoice() any {
	var word string
	if err := json.Unmarshal(c.ToolChoice, &word); err != nil {
		return nilOr(c.ToolChoice)
	}
	switch word {
	case "":
		return nil
	case "auto", "none", "required":
		return word
	}
	return choice{Type: toolFunction, Name: word}
}

// nilOr returns JSON as it is, and nil for none.
func nilOr(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return raw
}

// maxToolName is the protocol's limit on the name of a function.
const maxToolName = 64

// connectors are the connectors of OpenAI.
var connectors = []string{
	"connector_dropbox", "connector_gmail", "connector_googlecalendar", "connector_googledrive",
	"connector_microsoftteams", "connector_outlookcalendar", "connector_outlookemail", "connector_sharepoint",
}

func (c Config) checkTools() []error {
	var problems []error
	names, labels := []string{"", "auto", "none", "required"}, []string(nil)
	for i, tool := range c.Tools {
		at := fmt.Sprintf("tools[%d]", i)
		switch tool.Type {
		case "", toolFunction:
			problems = append(problems, tool.checkFunction(at, names)...)
			names = append(names, tool.Name)
		case toolMCP:
			problems = append(problems, tool.checkServer(at, labels)...)
			labels = append(labels, tool.ServerLabel)
		default:
			problems = append(problems, wrong(at+".type", "%q is not function or mcp", tool.Type))
		}
	}
	return append(problems, c.checkToolChoice(names, labels)...)
}

func (t Tool) checkFunction(at string, taken []string) []error {
	problems := t.foreign(at, "a function", "server_label", "server_url", "connector_id", "tunnel_id", "server_description",
		"authorization", "headers", "allowed_tools", "allowed_callers", "defer_loading", "require_approval")
	switch {
	case t.Name == "" || len(t.Name) > maxToolName:
		problems = append(problems, wrong(at+".name", "the name %q does not have 1 to %d characters", t.Name, maxToolName))
	case slices.Contains(taken, t.Name):
		problems = append(problems, wrong(at+".name", "the name %q is taken", t.Name))
	}
	return problems
}

// foreign returns the keys that are given although they belong to another type of
// tool.
func (t Tool) foreign(at, what string, keys ...string) []error {
	given := map[string]bool{
		"name": t.Name != "", "description": t.Description != "", "parameters": t.Parameters != nil,
		"server_label": t.ServerLabel != "", "server_url": t.ServerURL != "", "connector_id": t.ConnectorID != "",
		"tunnel_id": t.TunnelID != "", "server_description": t.ServerDescription != "", "authorization": t.Authorization != "",
		"headers": len(t.Headers) > 0, "allowed_tools": len(t.AllowedTools) > 0, "allowed_callers": len(t.AllowedCallers) > 0,
		"defer_loading": t.DeferLoading, "require_approval": len(t.RequireApproval) > 0,
	}
	var problems []error
	for _, key := range keys {
		if given[key] {
			problems = append(problems, wrong(at+"."+key, "%s has no such key", what).WithHint("an MCP server has type: mcp and server_label, a function has a name"))
		}
	}
	return problems
}

func (t Tool) checkServer(at string, taken []string) []error {
	problems := t.foreign(at, "an MCP server", "name", "description", "parameters")
	switch {
	case t.ServerLabel == "":
		problems = append(problems, wrong(at+".server_label", "an MCP server needs a label"))
	case slices.Contains(taken, t.ServerLabel):
		problems = append(problems, wrong(at+".server_label", "the label %q is taken", t.ServerLabel))
	}
	places := slices.DeleteFunc([]string{t.ServerURL, t.ConnectorID, t.TunnelID}, func(place string) bool { return place == "" })
	if len(places) != 1 {
		problems = append(problems, wrong(at, "an MCP server has one of server_url, connector_id and tunnel_id, not %d of them", len(places)))
	}
	if t.ConnectorID != "" && !slices.Contains(connectors, t.ConnectorID) {
		problems = append(problems, wrong(at+".connector_id", "%q is not one of %q", t.ConnectorID, connectors))
	}
	for i, caller := range t.AllowedCallers {
		if caller != "direct" && caller != "programmatic" {
			problems = append(problems, wrong(fmt.Sprintf("%s.allowed_callers[%d]", at, i), "%q is not direct or programmatic", caller))
		}
	}
	return append(problems, t.checkFilters(at)...)
}

// toolFilter says which tools of an MCP server are meant.
type toolFilter struct {
	ToolNames []string `json:"tool_names"`
	ReadOnly  *bool    `json:"read_only"`
}

// checkFilters checks the settings that have several forms.
func (t Tool) checkFilters(at string) []error {
	var problems []error
	if raw := t.AllowedTools; len(raw) > 0 && json.Unmarshal(raw, new([]string)) != nil || string(raw) == "null" {
		if err := decodeObject(at+".allowed_tools", raw, "a list of names or {tool_names, read_only}", &toolFilter{}); err != nil {
			problems = append(problems, err)
		}
	}
	switch string(t.RequireApproval) {
	case "", `"always"`, `"never"`:
	default:
		var filters struct {
			Always *toolFilter `json:"always"`
			Never  *toolFilter `json:"never"`
		}
		if err := decodeObject(at+".require_approval", t.RequireApproval, "always, never or {always: …, never: …}", &filters); err != nil {
			problems = append(problems, err)
		}
	}
	return problems
}

// decodeObject is [decodeStrictly] for a setting that has other forms than an object;
// forms names all of them.
func decodeObject(key string, value json.RawMessage, forms string, into any) error {
	if len(value) == 0 || value[0] != '{' {
		return wrong(key, "%s is not %s", value, forms)
	}
	return decodeStrictly(key, value, into)
}

// checkToolChoice checks which tool has to be called, by the names of functions and
// the labels of MCP servers that there are.
func (c Config) checkToolChoice(names, labels []string) []error {
	var word string
	if len(c.ToolChoice) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.ToolChoice, &word); err == nil && string(c.ToolChoice) != "null" {
		if !slices.Contains(names, word) {
			return []error{wrong("tool_choice", "%q is neither auto, none or required nor the name of a tool", word)}
		}
		return nil
	}
	var chosen choice
	if err := decodeObject("tool_choice", c.ToolChoice, "auto, none, required, the name of a function or {type: mcp, server_label, name}", &chosen); err != nil {
		return []error{err}
	}
	switch {
	case chosen.Type == toolFunction && chosen.ServerLabel == "" && slices.Contains(names[4:], chosen.Name):
	case chosen.Type == toolFunction:
		return []error{wrong("tool_choice.name", "%q is not the name of a function in tools", chosen.Name)}
	case chosen.Type != toolMCP:
		return []error{wrong("tool_choice.type", "%q is not function or mcp", chosen.Type)}
	case !slices.Contains(labels, chosen.ServerLabel):
		return []error{wrong("tool_choice.server_label", "%q is not the label of an MCP server in tools", chosen.ServerLabel)}
	}
	return nil
}
