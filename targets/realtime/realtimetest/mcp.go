package realtimetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// MCP reaches MCP servers. Its methods are called concurrently.
type MCP interface {
	// ListTools returns the tools of a server.
	ListTools(ctx context.Context, server MCPServer) ([]Tool, error)
	// CallTool calls a tool and returns its output. The arguments are a JSON object.
	CallTool(ctx context.Context, server MCPServer, tool, arguments string) (string, error)
}

// MCPServer is an MCP server as a client names it.
type MCPServer struct {
	Label string
	// Address is its URL, or the id of a connector or a tunnel.
	Address string
	// Authorization and Headers are those with which it is to be connected to.
	Authorization string
	Headers       map[string]string

	allowed  toolFilter
	approval toolFilter
	deferred bool
}

// toolFilter says whether a tool is meant.
type toolFilter func(tool string) bool

// errNoMCP is the error of a server that reaches no MCP servers.
var errNoMCP = errors.New("this server reaches no MCP servers")

func checkServer(path string, tool map[string]any) *protocolError {
	if tool["server_label"] == nil || tool["server_label"] == "" {
		return missing(path + ".server_label")
	}
	places := 0
	for _, key := range []string{"server_url", "connector_id", "tunnel_id"} {
		if tool[key] != nil {
			places++
		}
	}
	if places != 1 {
		return invalid("invalid_value", path, "Expected exactly one of 'server_url', 'connector_id' and 'tunnel_id'.")
	}
	filter := objectOf(map[string]check{"tool_names": listOf(isString), "read_only": isBool})
	return objectOf(map[string]check{
		"type": isString, "server_label": isString, "server_url": isString, "connector_id": isString, "tunnel_id": isString,
		"server_description": isString, "authorization": isString, "headers": orNull(isObject), "defer_loading": isBool,
		"allowed_callers":  orNull(listOf(oneOf("direct", "programmatic"))),
		"allowed_tools":    orNull(either(listOf(isString), filter)),
		"require_approval": orNull(either(oneOf("always", "never"), objectOf(map[string]check{"always": filter, "never": filter}))),
	})(path, tool)
}

// either checks an object by the second check, and anything else by the first.
func either(first, object check) check {
	return func(path string, v any) *protocolError {
		if _, ok := v.(map[string]any); ok {
			return object(path, v)
		}
		return first(path, v)
	}
}

func checkServerChoice(path string, v map[string]any, tools any) *protocolError {
	if problem := objectOf(map[string]check{"type": isString, "server_label": isString, "name": orNull(isString)})(path, v); problem != nil {
		return problem
	}
	label := asString(v["server_label"])
	if !slices.ContainsFunc(serversOf(tools), func(s MCPServer) bool { return s.Label == label }) {
		return invalid("invalid_value", path, fmt.Sprintf("Tool choice '%s' not found in 'tools' parameter.", label))
	}
	return nil
}

// serversOf reads the MCP servers of a list that [checkTools] has accepted.
func serversOf(v any) []MCPServer {
	list, _ := v.([]any)
	var servers []MCPServer
	for _, entry := range list {
		object, _ := entry.(map[string]any)
		if object["type"] != "mcp" {
			continue
		}
		s := MCPServer{
			Label: asString(object["server_label"]), Address: asString(object["server_url"]) + asString(object["connector_id"]) + asString(object["tunnel_id"]),
			Authorization: asString(object["authorization"]), Headers: map[string]string{},
			allowed: allowedBy(object["allowed_tools"]), approval: approvedBy(object["require_approval"]), deferred: object["defer_loading"] == true,
		}
		headers, _ := object["headers"].(map[string]any)
		for name, value := range headers {
			s.Headers[name] = asString(value)
		}
		servers = append(servers, s)
	}
	return servers
}

// names reads the names of a list, or of a filter; nil for none.
func names(v any) (list []any, given bool) {
	if filter, ok := v.(map[string]any); ok {
		v = filter["tool_names"]
	}
	list, given = v.([]any)
	return list, given
}

func allowedBy(v any) toolFilter {
	list, given := names(v)
	return func(tool string) bool { return !given || slices.Contains(list, any(tool)) }
}

// approvedBy says which tools need approval: all, unless the client says otherwise.
func approvedBy(v any) toolFilter {
	filters, _ := v.(map[string]any)
	never, hasNever := names(filters["never"])
	always, hasAlways := names(filters["always"])
	return func(tool string) bool {
		switch {
		case v == "never", hasNever && slices.Contains(never, any(tool)):
			return false
		case hasAlways:
			return slices.Contains(always, any(tool))
		}
		return true
	}
}

// server returns a server of the session by its label.
func (r *response) server(label string) MCPServer {
	for _, s := range serversOf(r.session.values["tools"]) {
		if s.Label == label {
			return s
		}
	}
	return MCPServer{Label: label}
}

// remoteTools are the tools of a list's MCP servers that are known.
func (c *conn) remoteTools(list any) []Tool {
	c.mu.Lock()
	defer c.mu.Unlock()
	var tools []Tool
	for _, s := range serversOf(list) {
		for _, tool := range c.remote[s.Label] {
			if s.allowed(tool.Name) {
				tools = append(tools, tool)
			}
		}
	}
	return tools
}

// listServers asks MCP servers for their tools, one after the other.
func (c *conn) listServers(ctx context.Context, servers []MCPServer) {
	if len(servers) == 0 {
		return
	}
	c.responses.Go(func() {
		for _, s := range servers {
			if !s.deferred {
				c.listTools(ctx, s)
			}
		}
	})
}

func (c *conn) listTools(ctx context.Context, s MCPServer) {
	it := &item{wire: wireItem{ID: newID("mcpl_"), Type: "mcp_list_tools", ServerLabel: s.Label, Tools: []fields{}}}
	c.append(it, "added")
	c.send("mcp_list_tools.in_progress", fields{"item_id": it.wire.ID})
	tools, err := []Tool(nil), errNoMCP
	if c.server.options.MCP != nil {
		tools, err = c.server.options.MCP.ListTools(ctx, s)
	}
	if err != nil {
		c.server.log.Info("the tools of an MCP server cannot be listed", "label", s.Label, "error", err)
		c.send("mcp_list_tools.failed", fields{"item_id": it.wire.ID})
		return
	}
	listed := *it
	for i, tool := range tools {
		tools[i].Server = s.Label
		schema := tool.Parameters
		if schema == nil {
			schema = json.RawMessage(`{"type":"object"}`)
		}
		listed.wire.Tools = append(listed.wire.Tools, fields{"name": tool.Name, "description": tool.Description, "input_schema": schema})
	}
	c.mu.Lock()
	c.remote[s.Label] = tools
	c.mu.Unlock()
	c.send("mcp_list_tools.completed", fields{"item_id": it.wire.ID})
	c.replace(&listed)
}

// append adds an item of the server's own at the end of the conversation.
func (c *conn) append(it *item, states ...string) {
	c.mu.Lock()
	before, turn := c.before(len(c.items)), c.replies+1
	c.items = append(c.items, it)
	c.mu.Unlock()
	for _, state := range states {
		c.announce(state, it.wire, before, turn)
	}
}

// replace puts the final form of an item in its place, and announces it.
func (c *conn) replace(it *item) {
	c.mu.Lock()
	i, turn := c.find(it.wire.ID), c.replies
	var before any
	if i >= 0 { // the client has not deleted it
		c.items[i], before = it, c.before(i)
	}
	c.mu.Unlock()
	c.announce("done", it.wire, before, turn)
}

// remoteCall is a call of a tool of an MCP server.
type remoteCall struct {
	response *response
	index    int // among the output items
	itemID   string
	call     ToolCall
	server   MCPServer
}

var _ output = (*remoteCall)(nil)

func (d *remoteCall) item(arguments string) wireItem {
	return wireItem{ID: d.itemID, Type: "mcp_call", ServerLabel: d.server.Label, Name: d.call.Name, Arguments: &arguments}
}

func (d *remoteCall) event(name string, more fields) {
	more["response_id"], more["item_id"], more["output_index"] = d.response.id, d.itemID, d.index
	d.response.conn.send("response.mcp_call_arguments."+name, more)
}

// send announces the call with its arguments.
func (d *remoteCall) send(ctx context.Context) ending {
	d.response.openItem(d.index, &item{wire: d.item("")})
	for _, piece := range chunks(d.call.Arguments, argumentsStep) {
		if ctx.Err() != nil {
			return interrupted
		}
		d.event("delta", fields{"delta": piece, "obfuscation": ""}) // which clients want
	}
	return complete
}

func (d *remoteCall) finished(string) wireItem { return d.item(d.call.Arguments) }

// close ends the arguments. The item ends with the call, after the response.
func (d *remoteCall) close(wireItem) { d.event("done", fields{"arguments": d.call.Arguments}) }

func (d *remoteCall) said() (string, time.Duration) { return d.call.Arguments, 0 }

// begin makes a call, or asks whether it may.
func (c *conn) begin(ctx context.Context, call *remoteCall) {
	if !call.server.approval(call.call.Name) {
		c.responses.Go(func() { c.callTool(ctx, call, "") })
		return
	}
	request := &item{wire: wireItem{
		ID: newID("mcpr_"), Type: "mcp_approval_request", ServerLabel: call.server.Label, Name: call.call.Name, Arguments: &call.call.Arguments,
	}}
	c.mu.Lock()
	c.pending[request.wire.ID] = call
	c.mu.Unlock()
	c.append(request, "added", "done")
}

// checkApproval returns an error for the answer to a request for approval that does
// not wait for one. The lock is held.
func (c *conn) checkApproval(it *item) *protocolError {
	id := it.wire.ApprovalRequestID
	if it.wire.Type != "mcp_approval_response" || c.pending[id] != nil {
		return nil
	}
	return invalid("invalid_value", "item.approval_request_id", fmt.Sprintf("Approval request with id '%s' not found.", id))
}

// decide makes a call that the client has approved, and ends one that it has not.
func (c *conn) decide(ctx context.Context, it *item) {
	if it.wire.Type != "mcp_approval_response" {
		return
	}
	c.mu.Lock()
	call := c.pending[it.wire.ApprovalRequestID]
	delete(c.pending, it.wire.ApprovalRequestID)
	c.mu.Unlock()
	switch {
	case call == nil:
	case *it.wire.Approve:
		c.responses.Go(func() { c.callTool(ctx, call, it.wire.ApprovalRequestID) })
	default:
		c.endCall(call, it.wire.ApprovalRequestID, "", errors.New("the call was not approved: "+it.wire.Reason))
	}
}

func (c *conn) callTool(ctx context.Context, call *remoteCall, approval string) {
	c.send("response.mcp_call.in_progress", fields{"item_id": call.itemID, "output_index": call.index})
	output, err := c.server.options.MCP.CallTool(ctx, call.server, call.call.Name, call.call.Arguments)
	c.endCall(call, approval, output, err)
}

func (c *conn) endCall(call *remoteCall, approval, output string, err error) {
	done := call.item(call.call.Arguments)
	done.ApprovalRequestID = approval
	state := "completed"
	if err != nil {
		state = "failed"
		done.Error = fields{"type": "tool_execution_error", "message": err.Error()}
	} else {
		done.Output = &output
	}
	c.keep(done) // before the client hears of it, which asks for an answer then
	c.send("response.mcp_call."+state, fields{"item_id": call.itemID, "output_index": call.index})
	call.response.closeItem(call.index, done, &item{wire: done})
}

// keep stores an item in the place of the one with its id.
func (c *conn) keep(done wireItem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := c.find(done.ID); i >= 0 { // the client has not deleted it
		c.items[i] = &item{wire: done}
	}
}

// remoteItems converts an item of an MCP server for agents: a call and its result.
func remoteItems(w wireItem) []Item {
	if w.Type != "mcp_call" {
		return nil
	}
	call := Item{ID: w.ID, Role: core.Assistant, Text: *w.Arguments, Name: w.Name, CallID: w.ID}
	switch {
	case w.Output != nil:
		return []Item{call, {ID: w.ID, Role: core.Tool, Text: *w.Output, CallID: w.ID}}
	case w.Error != nil:
		return []Item{call, {ID: w.ID, Role: core.Tool, Text: fmt.Sprint("error: ", w.Error["message"]), CallID: w.ID}}
	}
	return []Item{call}
}
