package responses

import (
	"encoding/json"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/media"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// The functions of this file encode items of the input: each once, when it becomes
// part of a conversation.

// encode returns the JSON of an item.
func encode(item responses.ResponseInputItemUnionParam) (json.RawMessage, error) {
	data, err := item.MarshalJSON()
	if err != nil {
		return nil, core.Errorf(core.ErrorInternal, "encoding an item: %w", err)
	}
	return data, nil
}

// textItem encodes a message that is a text.
func textItem(role responses.EasyInputMessageRole, text string) (json.RawMessage, error) {
	text, err := media.Text(core.TextValue(text))
	if err != nil {
		return nil, err
	}
	return encode(responses.ResponseInputItemParamOfMessage(text, role))
}

// system encodes a message of the system.
func (c *Config) system(prompt string) (json.RawMessage, error) {
	if c.SystemRole == "developer" {
		return textItem(responses.EasyInputMessageRoleDeveloper, prompt)
	}
	return textItem(responses.EasyInputMessageRoleSystem, prompt)
}

// user encodes a user's message: as a text where it holds only texts, which a line
// break joins, and as a list of parts where it holds anything else. Servers are known
// that drop a list of texts.
func (c *Config) user(m core.Message) (json.RawMessage, error) {
	if len(m.Parts) == 0 {
		return nil, core.Errorf(core.ErrorInput, "the message has no parts")
	}
	var parts responses.ResponseInputMessageContentListParam
	var texts []string
	for _, p := range m.Parts {
		switch p.Modality {
		case core.Text:
			text, err := media.Text(p.Value)
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
			parts = append(parts, responses.ResponseInputContentParamOfInputText(text))
		case core.Image:
			url, err := media.DataURL(p.Value)
			if err != nil {
				return nil, err
			}
			image := responses.ResponseInputContentParamOfInputImage(responses.ResponseInputImageDetail(c.ImageDetail))
			image.OfInputImage.ImageURL = openai.String(url)
			parts = append(parts, image)
		default:
			return nil, core.Errorf(core.ErrorUnsupported, "a responses service takes no %s in a user's message", p.Modality)
		}
	}
	if len(texts) == len(m.Parts) {
		return textItem(responses.EasyInputMessageRoleUser, strings.Join(texts, "\n"))
	}
	return encode(responses.ResponseInputItemParamOfMessage(parts, responses.EasyInputMessageRoleUser))
}

// assistant encodes a message of a campaign's history, and returns the calls in it.
// Calls that the service has carried out itself, with their results, are left out.
func assistant(m core.Message) (items []json.RawMessage, calls []waiting, err error) {
	var texts []string
	for _, p := range m.Parts {
		switch p.Modality {
		case core.Text:
			texts = append(texts, string(p.Data))
		case core.Reasoning, core.ToolCall, core.ToolResult:
		default:
			return nil, nil, core.Errorf(core.ErrorUnsupported, "a responses service takes no %s of the assistant", p.Modality)
		}
	}
	for _, v := range m.WaitingCalls() {
		call, err := tool.ReadCall(v)
		if err != nil {
			return nil, nil, err
		}
		item, err := functionCall(call.Arguments, call.ID, call.Name)
		if err != nil {
			return nil, nil, err
		}
		items, calls = append(items, item), append(calls, waiting{call.ID, call.Name, "function_call"})
	}
	if len(texts) > 0 || len(items) == 0 {
		item, err := textItem(responses.EasyInputMessageRoleAssistant, strings.Join(texts, "\n"))
		if err != nil {
			return nil, nil, err
		}
		items = append([]json.RawMessage{item}, items...)
	}
	return items, calls, nil
}

// functionCall encodes a call of a function.
func functionCall(arguments, id, name string) (json.RawMessage, error) {
	return encode(responses.ResponseInputItemParamOfFunctionCall(arguments, id, name))
}

// waiting is a call that waits for its result.
type waiting struct {
	id, name string
	// kind is the type of the call's item.
	kind string
}

// result encodes the result of a call. An MCP server's call is approved by "approve",
// "approved", "yes" or "true", and refused by anything else.
func (w waiting) result(output string) (json.RawMessage, error) {
	text, err := media.Text(core.TextValue(output))
	if err != nil {
		return nil, err
	}
	switch w.kind {
	case "mcp_approval_request":
		word := strings.ToLower(strings.TrimSpace(text))
		approve := word == "approve" || word == "approved" || word == "yes" || word == "true"
		return encode(responses.ResponseInputItemParamOfMcpApprovalResponse(w.id, approve))
	case "custom_tool_call":
		return encode(responses.ResponseInputItemParamOfCustomToolCallOutput(w.id, text))
	}
	item := responses.ResponseInputItemParamOfFunctionCallOutput(text)
	item.OfFunctionCallOutput.CallID = openai.String(w.id)
	return encode(item)
}
