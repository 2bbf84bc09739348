package realtimetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// ToolUser is an agent that can call the client's tools. A [Server] asks it
// before it asks for an answer, if the session or the response offers tools.
type ToolUser interface {
	// UseTools returns the calls that the last item leads to. They are the
	// whole reply then; without any, [Agent].Answer makes it.
	UseTools(ctx context.Context, instructions string, items []Item, tools []Tool) ([]ToolCall, error)
}

// Tool is a function that a client offers.
type Tool struct {
	Name        string
	Description string
	// Parameters is the JSON Schema of the arguments, or nil.
	Parameters json.RawMessage
}

// ToolCall is an agent's wish that the client call a function.
type ToolCall struct {
	Name string
	// Arguments is a JSON object.
	Arguments string
}

// maxToolName is the protocol's limit on the length of a function's name.
const maxToolName = 64

// checkTools looks at a list of tools.
func checkTools(path string, v any) *protocolError {
	list, ok := v.([]any)
	if !ok {
		return wrongType(path, "an array")
	}
	var names []string
	for i, entry := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		tool, ok := entry.(map[string]any)
		if !ok {
			return wrongType(at, "an object")
		}
		if problem := checkTool(at, tool); problem != nil {
			return problem
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
	if tool["type"] != "function" {
		return invalid("invalid_value", path+".type", "Invalid value: this server knows tools of type 'function' only.")
	}
	for _, key := range slices.Sorted(maps.Keys(tool)) {
		if !slices.Contains([]string{"type", "name", "description", "parameters"}, key) {
			return unknownParameter(path + "." + key)
		}
	}
	name, ok := tool["name"].(string)
	if !ok || name == "" {
		return missing(path + ".name")
	}
	if len(name) > maxToolName || !regexp.MustCompile(`^[a-zA-Z0-9_-]+$`).MatchString(name) {
		return invalid("invalid_value", path+".name", fmt.Sprintf("Invalid '%s.name': expected up to %d letters, digits, - and _.", path, maxToolName))
	}
	if v, there := tool["description"]; there {
		if problem := checkString(path+".description", v); problem != nil {
			return problem
		}
	}
	if v, there := tool["parameters"]; there {
		if _, ok := v.(map[string]any); !ok {
			return wrongType(path+".parameters", "an object")
		}
	}
	return nil
}

// checkToolChoice looks at which of the tools the model may or must call.
func checkToolChoice(path string, v, tools any) *protocolError {
	object, ok := v.(map[string]any)
	if !ok {
		return checkOneOf(path, v, "none", "auto", "required")
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

// toolsOf reads a list that [checkTools] has found right.
func toolsOf(v any) []Tool {
	list, _ := v.([]any)
	var tools []Tool
	for _, entry := range list {
		object, _ := entry.(map[string]any)
		t := Tool{Name: asString(object["name"]), Description: asString(object["description"])}
		if parameters, there := object["parameters"]; there {
			t.Parameters, _ = json.Marshal(parameters) // it came as JSON
		}
		tools = append(tools, t)
	}
	return tools
}

// checkTools looks at the tools of a response, which stand in place of the
// session's.
func (r *response) checkTools() *protocolError {
	if r.params.Tools != nil {
		if problem := checkTools("response.tools", r.params.Tools); problem != nil {
			return problem
		}
		r.tools = r.params.Tools
	}
	if r.params.ToolChoice != nil {
		r.toolChoice = r.params.ToolChoice
		return checkToolChoice("response.tool_choice", r.toolChoice, r.tools)
	}
	return nil
}

// offered are the tools that the model may call now.
func (r *response) offered() []Tool {
	if r.toolChoice == "none" {
		return nil
	}
	tools := toolsOf(r.tools)
	if only, ok := r.toolChoice.(map[string]any); ok {
		tools = slices.DeleteFunc(tools, func(t Tool) bool { return t.Name != only["name"] })
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
	if r.parallel == false && len(calls) > 1 {
		calls = calls[:1]
	}
	return calls, nil
}
