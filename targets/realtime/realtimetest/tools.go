package realtimetest

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// ToolUser is an agent that can call the client's tools. If the session or the
// response offers tools, a [Server] calls UseTools before Answer.
type ToolUser interface {
	// UseTools returns the calls in answer to the last item. They are the whole
	// reply; if there are none, [Agent].Answer is called.
	UseTools(ctx context.Context, instructions string, items []Item, tools []Tool) ([]ToolCall, error)
}

// Tool is a function that a client offers.
type Tool struct {
	Name        string
	Description string
	// Parameters is the JSON Schema of the arguments, or nil.
	Parameters json.RawMessage
	// Server is the label of the MCP server that has the tool; "" for a function of
	// the client.
	Server string
}

// ToolCall is a call of one of the tools that are offered.
type ToolCall struct {
	Name string
	// Server is that of the tool; "" for the first tool with the name.
	Server string
	// Arguments is a JSON object.
	Arguments string
}

// maxToolName is the protocol's limit on the length of a function's name.
const maxToolName = 64

// checkTools checks a list of tools.
func checkTools(path string, v any) *protocolError {
	list, ok := v.([]any)
	if !ok {
		return wrongType(path, "an array")
	}
	var names, labels []string
	for i, entry := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		tool, ok := entry.(map[string]any)
		if !ok {
			return wrongType(at, "an object")
		}
		if problem := checkTool(at, tool); problem != nil {
			return problem
		}
		if tool["type"] == "mcp" {
			label := asString(tool["server_label"])
			if slices.Contains(labels, label) {
				return invalid("invalid_value", at+".server_label", fmt.Sprintf("Invalid value: there is another server labelled '%s'.", label))
			}
			labels = append(labels, label)
			continue
		}
		name := asString(tool["name"])
		if slices.Contains(names, name) {
			return invalid("invalid_value", at+".name", fmt.Sprintf("Invalid value: there is another tool named '%s'.", name))
		}
		names = append(names, name)
	}
	return nil
}

func checkTool(path string, tool map[string]any) *protocolError {
	switch {
	case tool["type"] == "mcp":
		return checkServer(path, tool)
	case tool["type"] != "function":
		return invalid("invalid_value", path+".type", "Invalid value. Supported values are: 'function' and 'mcp'.")
	case tool["name"] == nil || tool["name"] == "":
		return missing(path + ".name")
	}
	return objectOf(map[string]check{
		"type": isString, "name": checkToolName, "description": isString, "parameters": isObject,
	})(path, tool)
}

func checkToolName(path string, v any) *protocolError {
	name := asString(v)
	if len(name) > maxToolName || !regexp.MustCompile(`^[a-zA-Z0-9_-]+$`).MatchString(name) {
		return invalid("invalid_value", path, fmt.Sprintf("Invalid '%s': expected up to %d letters, digits, - and _.", path, maxToolName))
	}
	return nil
}

// checkToolChoice checks which tools the model may or has to call.
func checkToolChoice(path string, v, tools any) *protocolError {
	object, ok := v.(map[string]any)
	if !ok {
		return oneOf("none", "auto", "required")(path, v)
	}
	if object["type"] == "mcp" {
		return checkServerChoice(path, object, tools)
	}
	if object["type"] != "function" || len(object) != 2 {
		return invalid("invalid_value", path, "Expected 'none', 'auto', 'required' or an object with type 'function' and a name.")
	}
	name := asString(object["name"])
	if !slices.ContainsFunc(toolsOf(tools), func(t Tool) bool { return t.Name == name }) {
		return invalid("invalid_value", path, fmt.Sprintf("Tool choice '%s' not found in 'tools' parameter.", name))
	}
	return nil
}

// toolsOf reads the functions of a list that [checkTools] has accepted.
func toolsOf(v any) []Tool {
	list, _ := v.([]any)
	var tools []Tool
	for _, entry := range list {
		object, _ := entry.(map[string]any)
		if object["type"] == "mcp" {
			continue
		}
		t := Tool{Name: asString(object["name"]), Description: asString(object["description"])}
		if parameters, there := object["parameters"]; there {
			t.Parameters, _ = json.Marshal(parameters) // decoded from JSON, so that it always encodes
		}
		tools = append(tools, t)
	}
	return tools
}

// offered are the tools that the model may call.
func (r *response) offered() []Tool {
	choice := r.session.values["tool_choice"]
	if choice == "none" {
		return nil
	}
	tools := append(toolsOf(r.session.values["tools"]), r.conn.remoteTools(r.session.values["tools"])...)
	if only, ok := choice.(map[string]any); ok {
		tools = slices.DeleteFunc(tools, func(t Tool) bool {
			return t.Server != asString(only["server_label"]) || only["name"] != nil && t.Name != only["name"]
		})
	}
	return tools
}

// useTools asks the agent which tools to call.
func (r *response) useTools(ctx context.Context, instructions string, items []Item) ([]ToolCall, error) {
	user, able := r.conn.server.agent.(ToolUser)
	tools := r.offered()
	if !able || len(tools) == 0 {
		return nil, nil
	}
	calls, err := user.UseTools(ctx, instructions, items, tools)
	if err != nil {
		return nil, fmt.Errorf("using tools: %w", err)
	}
	for i, call := range calls {
		if at := slices.IndexFunc(tools, func(t Tool) bool { return t.Name == call.Name }); call.Server == "" && at >= 0 {
			calls[i].Server = tools[at].Server
		}
	}
	if r.session.values["parallel_tool_calls"] == false && len(calls) > 1 {
		calls = calls[:1]
	}
	return calls, nil
}
