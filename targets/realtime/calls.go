package realtime

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The types of the items of a response.
const (
	typeMessage      = "message"
	typeFunctionCall = "function_call"
	typeMCPCall      = "mcp_call"
	typeMCPApproval  = "mcp_approval_request"
	typeMCPListTools = "mcp_list_tools"
)

// isCall reports whether an item is a call of a tool, or asks for permission to
// make one.
func isCall(kind string) bool {
	return kind == typeFunctionCall || kind == typeMCPCall || kind == typeMCPApproval
}

// size is what the item counts towards the limit of a reply.
func (i *itemBody) size() int { return len(i.Arguments) + len(i.Output) + len(i.Failure) }

// callID is the id by which the result of a call names it.
func (i *itemBody) callID() string {
	if i.Type == typeFunctionCall {
		return i.CallID
	}
	return cmp.Or(i.CallID, i.ID)
}

// parts returns the call, with the campaign's approval if it has one, and its result
// if the service has made it itself. Calls of MCP servers have no id but that of their
// item.
func (i *itemBody) parts(approval string) ([]core.Part, error) {
	id := i.callID()
	fields := map[string]string{"call_id": id, "name": i.Name, "arguments": i.Arguments}
	if approval != "" {
		fields["approval"] = approval
	}
	call, err := toolPart(core.ToolCall, fields)
	if err != nil {
		return nil, err
	}
	output := cmp.Or(i.Output, i.Status)
	if i.Failure != "" {
		output = "error: " + i.Failure
	}
	if i.Type != typeMCPCall || output == "" || output == "in_progress" {
		return []core.Part{call}, nil
	}
	result, err := toolPart(core.ToolResult, map[string]string{"call_id": id, "output": output})
	return []core.Part{call, result}, err
}

func toolPart(modality core.Modality, fields map[string]string) (core.Part, error) {
	data, err := json.Marshal(fields)
	if err != nil {
		return core.Part{}, fmt.Errorf("encoding a %s: %w", modality, err)
	}
	return core.Part{Value: core.Value{Modality: modality, MediaType: core.MediaJSON, Data: data}}, nil
}
