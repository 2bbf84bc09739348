package gemini

import (
	"bytes"
	"encoding/json"

	"google.golang.org/genai"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/media"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// The functions of this file encode messages: each once, when it becomes part of a
// conversation.

func encode(v any) (json.RawMessage, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, core.Errorf(core.ErrorInternal, "encoding a message: %w", err)
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// instruction encodes a system prompt as a content of a role, which is "" for the
// system instruction.
func instruction(prompt, role string) (json.RawMessage, error) {
	text, err := media.Text(core.TextValue(prompt))
	if err != nil {
		return nil, err
	}
	return encode(genai.Content{Role: role, Parts: []*genai.Part{{Text: text}}})
}

// user encodes a user's message.
func user(m core.Message) (json.RawMessage, error) {
	content := genai.Content{Role: genai.RoleUser}
	for _, p := range m.Parts {
		part, err := partOf(p.Value)
		if err != nil {
			return nil, err
		}
		content.Parts = append(content.Parts, part)
	}
	if len(content.Parts) == 0 {
		return nil, core.Errorf(core.ErrorInput, "the message has no parts")
	}
	return encode(content)
}

// partOf encodes one part of a user's message.
func partOf(v core.Value) (*genai.Part, error) {
	switch v.Modality {
	case core.Text:
		text, err := media.Text(v)
		if err == nil && text == "" {
			return nil, core.Errorf(core.ErrorInput, "the text is empty, and the service takes no part without content")
		}
		return &genai.Part{Text: text}, err
	case core.Image:
		mediaType, _, err := media.Image(v)
		return &genai.Part{InlineData: &genai.Blob{MIMEType: mediaType, Data: v.Data}}, err
	case core.Audio:
		format, _, err := media.Sound(v)
		return &genai.Part{InlineData: &genai.Blob{MIMEType: "audio/" + format, Data: v.Data}}, err
	}
	return nil, core.Errorf(core.ErrorUnsupported, "a Gemini service takes no %s in a user's message", v.Modality)
}

// modelContent is a content of the model, as the service gave it or a history has it.
type modelContent struct {
	Role  string            `json:"role"`
	Parts []json.RawMessage `json:"parts"`
}

// sentCall is a call that can have a result.
type sentCall struct {
	tool.Call
	// id is the service's own identifier, which it gets back; "" for none.
	id string
}

// modelOf encodes a message of the assistant in a campaign's history.
func modelOf(m core.Message) (json.RawMessage, []sentCall, error) {
	content := genai.Content{Role: genai.RoleModel}
	var calls []sentCall
	for _, p := range m.Parts {
		switch p.Modality {
		case core.Text:
			text, err := media.Text(p.Value)
			if err != nil {
				return nil, nil, err
			}
			if text != "" {
				content.Parts = append(content.Parts, &genai.Part{Text: text})
			}
		case core.ToolCall:
			call, err := tool.ReadCall(p.Value)
			if err != nil {
				return nil, nil, err
			}
			args := map[string]any{}
			decoder := json.NewDecoder(bytes.NewReader([]byte(call.Arguments)))
			decoder.UseNumber()
			if call.Arguments != "" && decoder.Decode(&args) != nil {
				return nil, nil, core.Errorf(core.ErrorInput, "the arguments of the call %q are not a JSON object, which a Gemini service takes only", call.ID)
			}
			content.Parts = append(content.Parts, &genai.Part{FunctionCall: &genai.FunctionCall{Name: call.Name, Args: args}})
			calls = append(calls, sentCall{Call: call})
		case core.Image:
			mediaType, _, err := media.Image(p.Value)
			if err != nil {
				return nil, nil, err
			}
			content.Parts = append(content.Parts, &genai.Part{InlineData: &genai.Blob{MIMEType: mediaType, Data: p.Data}})
		case core.Audio, core.Reasoning: // what it spoke is in the transcript
		default:
			return nil, nil, core.Errorf(core.ErrorUnsupported, "a Gemini service takes no %s of the assistant", p.Modality)
		}
	}
	if len(content.Parts) == 0 {
		return nil, nil, core.Errorf(core.ErrorUnsupported, "a Gemini service takes no message of the assistant without text or calls")
	}
	encoded, err := encode(content)
	return encoded, calls, err
}

// result returns the part for the result of a call.
func result(c sentCall, output string) (*genai.Part, error) {
	text, err := media.Text(core.TextValue(output))
	if err != nil {
		return nil, err
	}
	response := &genai.FunctionResponse{ID: c.id, Name: c.Name, Response: map[string]any{"output": text}}
	return &genai.Part{FunctionResponse: response}, nil
}
