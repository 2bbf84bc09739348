package anthropic

import (
	"bytes"
	"encoding/json"

	"github.com/anthropics/anthropic-sdk-go"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/media"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// The functions of this file encode messages: each once, when it becomes part of a
// conversation.

// message is a message of either role, as it is sent.
type message struct {
	Role    core.Role         `json:"role"`
	Content []json.RawMessage `json:"content"`
}

// joined returns messages in which no two neighbours have one role: the service
// merges them, and other servers refuse them.
func joined(all []message) []message {
	var result []message
	for _, m := range all {
		if n := len(result); n > 0 && result[n-1].Role == m.Role {
			last := &result[n-1]
			last.Content = append(last.Content[:len(last.Content):len(last.Content)], m.Content...)
			continue
		}
		result = append(result, m)
	}
	return result
}

func encode(v any) (json.RawMessage, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, core.Errorf(core.ErrorInternal, "encoding a message: %w", err)
	}
	return data, nil
}

// system encodes a system prompt.
func system(prompt string) (json.RawMessage, error) {
	text, err := media.Text(core.TextValue(prompt))
	if err != nil {
		return nil, err
	}
	return encode(text)
}

// user encodes the parts of a user's message.
func user(m core.Message) ([]json.RawMessage, error) {
	var content []json.RawMessage
	for _, p := range m.Parts {
		block, err := blockOf(p.Value)
		if err != nil {
			return nil, err
		}
		encoded, err := encode(block)
		if err != nil {
			return nil, err
		}
		content = append(content, encoded)
	}
	if len(content) == 0 {
		return nil, core.Errorf(core.ErrorInput, "the message has no parts")
	}
	return content, nil
}

// blockOf returns the block for one part of a user's message.
func blockOf(v core.Value) (anthropic.ContentBlockParamUnion, error) {
	switch v.Modality {
	case core.Text:
		text, err := media.Text(v)
		if err == nil && text == "" {
			err = core.Errorf(core.ErrorInput, "the text is empty, and the service takes no block without content")
		}
		return anthropic.NewTextBlock(text), err
	case core.Image:
		mediaType, data, err := media.Image(v)
		return anthropic.NewImageBlockBase64(mediaType, data), err
	}
	return anthropic.ContentBlockParamUnion{}, core.Errorf(core.ErrorUnsupported, "an Anthropic service takes no %s in a user's message", v.Modality)
}

// assistantOf encodes a message of the assistant in a campaign's history, and
// returns its calls.
func assistantOf(m core.Message) ([]json.RawMessage, []tool.Call, error) {
	var content []json.RawMessage
	var calls []tool.Call
	for _, p := range m.Parts {
		var block anthropic.ContentBlockParamUnion
		switch p.Modality {
		case core.Text:
			text, err := media.Text(p.Value)
			if err != nil {
				return nil, nil, err
			}
			if text == "" {
				continue
			}
			block = anthropic.NewTextBlock(text)
		case core.ToolCall:
			call, err := tool.ReadCall(p.Value)
			if err != nil {
				return nil, nil, err
			}
			input, ok := inputOf(call.Arguments)
			if !ok {
				return nil, nil, core.Errorf(core.ErrorInput, "the arguments of the call %q are not a JSON object, which an Anthropic service takes only", call.ID)
			}
			block = anthropic.NewToolUseBlock(call.ID, input, call.Name)
			calls = append(calls, call)
		case core.Audio, core.Reasoning: // what it spoke is in the transcript
			continue
		default:
			return nil, nil, core.Errorf(core.ErrorUnsupported, "an Anthropic service takes no %s of the assistant", p.Modality)
		}
		encoded, err := encode(block)
		if err != nil {
			return nil, nil, err
		}
		content = append(content, encoded)
	}
	if len(content) == 0 {
		return nil, nil, core.Errorf(core.ErrorUnsupported, "an Anthropic service takes no message of the assistant without text or calls")
	}
	return content, calls, nil
}

// inputOf returns the arguments of a call as an object; ok is false if they are none.
func inputOf(arguments string) (input json.RawMessage, ok bool) {
	data := bytes.TrimSpace([]byte(arguments))
	if len(data) == 0 {
		return json.RawMessage("{}"), true
	}
	return data, data[0] == '{' && json.Valid(data)
}

// result encodes the result of a call.
func result(c tool.Call, output string) (json.RawMessage, error) {
	text, err := media.Text(core.TextValue(output))
	if err != nil {
		return nil, err
	}
	block := anthropic.ToolResultBlockParam{ToolUseID: c.ID}
	if text != "" {
		block.Content = []anthropic.ToolResultBlockParamContentUnion{{OfText: &anthropic.TextBlockParam{Text: text}}}
	}
	return encode(anthropic.ContentBlockParamUnion{OfToolResult: &block})
}
