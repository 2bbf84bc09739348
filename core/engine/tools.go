package engine

import (
	"encoding/json"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// maxToolResults is the largest size of the message that answers the calls of
// one reply, in bytes: a target may call a tool any number of times.
const maxToolResults = 16 << 20

// toolCall holds the fields that the engine reads of a tool call.
type toolCall struct {
	ID   string `json:"call_id"`
	Name string `json:"name"`
}

// readCall reads a tool call part.
func readCall(v core.Value) (toolCall, error) {
	var call toolCall
	err := json.Unmarshal(v.Data, &call)
	if err == nil && (call.ID == "" || call.Name == "") {
		err = core.Errorf(core.ErrorProtocol, "a call of a tool needs call_id and name")
	}
	return call, err
}

// callsInWords returns a reply's calls of tools, and the results of those that the
// target has carried out itself, as texts: "open({\"door\":1})" and what it gave.
func callsInWords(reply core.Message) []core.Value {
	var values []core.Value
	for _, p := range reply.Parts {
		var call struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
			Output    string `json:"output"`
		}
		switch err := json.Unmarshal(p.Data, &call); {
		case p.Modality != core.ToolCall && p.Modality != core.ToolResult:
		case err != nil:
			values = append(values, core.TextValue(string(p.Data)))
		case p.Modality == core.ToolCall:
			values = append(values, core.TextValue(call.Name+"("+call.Arguments+")"))
		default:
			values = append(values, core.TextValue(call.Output))
		}
	}
	return values
}

// toolResult is the result of a tool call.
type toolResult struct {
	ID     string `json:"call_id"`
	Output string `json:"output"`
}

// toolResults returns the campaign's results for the tool calls of a reply;
// outputs are by tool name. The message has no parts where there are none;
// where it would be too large, it has the parts so far, with an error. warnings
// name the calls that are not answered.
func toolResults(outputs map[string]string, reply core.Message) (m core.Message, warnings []string, err error) {
	m.Role = core.Tool
	size := 0
	for _, v := range reply.WaitingCalls() {
		call, err := readCall(v)
		if err != nil {
			warnings = append(warnings, "the target's call of a tool is not {call_id, name, arguments}")
			continue
		}
		output, known := outputs[call.Name]
		if !known {
			warnings = append(warnings, fmt.Sprintf("the target calls the tool %q, which tool_results does not answer", call.Name))
			continue
		}
		data, err := json.Marshal(toolResult{call.ID, output})
		if err != nil {
			continue // texts always encode
		}
		if size += len(data); size > maxToolResults {
			return m, warnings, core.Errorf(core.ErrorProtocol, "the target calls so many tools at once that the results are larger than the %d MiB allowed", maxToolResults>>20)
		}
		m.Parts = append(m.Parts, core.Part{Value: core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: data}})
	}
	return m, warnings, nil
}
