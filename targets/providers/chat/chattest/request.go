package chattest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Request is what a client asks.
type Request struct {
	Model    string    `json:"model"`
	Messages []Message `json:"messages"`
	Stream   bool      `json:"stream"`
	Options  *struct {
		Usage bool `json:"include_usage"`
	} `json:"stream_options"`
	MaxTokens           int      `json:"max_tokens"`
	MaxCompletionTokens int      `json:"max_completion_tokens"`
	Modalities          []string `json:"modalities"`
	// Raw is the request as it came.
	Raw json.RawMessage `json:"-"`
}

// Message is one message of a conversation.
type Message struct {
	Role       string          `json:"role"`
	Name       string          `json:"name"`
	Content    json.RawMessage `json:"content"`
	Refusal    string          `json:"refusal"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
	Audio *struct {
		ID string `json:"id"`
	} `json:"audio"`
	FunctionCall *struct {
		Name string `json:"name"`
	} `json:"function_call"`
}

// Part is one part of a message's content.
type Part struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	ImageURL struct {
		URL string `json:"url"`
	} `json:"image_url"`
	InputAudio struct {
		Data   string `json:"data"`
		Format string `json:"format"`
	} `json:"input_audio"`
}

// Parts returns the content as parts; a text is one part.
func (m Message) Parts() ([]Part, error) {
	if len(m.Content) == 0 || string(m.Content) == "null" {
		return nil, nil
	}
	var text string
	if json.Unmarshal(m.Content, &text) == nil {
		return []Part{{Type: "text", Text: text}}, nil
	}
	var parts []Part
	err := json.Unmarshal(m.Content, &parts)
	return parts, err
}

// Text returns the texts of the message, joined by line ends.
func (m Message) Text() string {
	parts, _ := m.Parts() // a request is checked before
	var texts []string
	for _, p := range parts {
		if p.Type == "text" {
			texts = append(texts, p.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// check returns what is wrong with a request; "" for nothing.
func (r *Request) check() string {
	switch {
	case r.Model == "":
		return "you must provide a model parameter"
	case len(r.Messages) == 0:
		return "[] is too short - 'messages'"
	case r.Options != nil && !r.Stream:
		return "The 'stream_options' parameter is only allowed when 'stream' is enabled."
	}
	var open []string
	for i, m := range r.Messages {
		if m.Role != "tool" && len(open) > 0 {
			return fmt.Sprintf("An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: %s", strings.Join(open, ", "))
		}
		if wrong := m.check(); wrong != "" {
			return fmt.Sprintf("Invalid 'messages[%d]': %s", i, wrong)
		}
		if m.Role == "tool" {
			place := slices.Index(open, m.ToolCallID)
			if place < 0 {
				return fmt.Sprintf("Invalid parameter: messages[%d] with role 'tool' must be a response to a preceding message with 'tool_calls'.", i)
			}
			open = slices.Delete(open, place, place+1)
		}
		for _, call := range m.ToolCalls {
			open = append(open, call.ID)
		}
	}
	if len(open) > 0 {
		return "tool_call_ids did not have response messages: " + strings.Join(open, ", ")
	}
	return ""
}

func (m Message) check() string {
	parts, err := m.Parts()
	switch {
	case err != nil:
		return "content is neither a text nor a list of parts"
	case !slices.Contains([]string{"system", "developer", "user", "assistant", "tool", "function"}, m.Role):
		return fmt.Sprintf("the role %q", m.Role)
	case m.Role != "assistant" && len(parts) == 0:
		return "no content"
	case m.Role == "assistant" && len(parts) == 0 && m.Refusal == "" && len(m.ToolCalls) == 0 && m.Audio == nil && m.FunctionCall == nil:
		return "an assistant message with neither content nor calls"
	}
	for _, p := range parts {
		if wrong := p.check(m.Role); wrong != "" {
			return wrong
		}
	}
	return ""
}

func (p Part) check(role string) string {
	switch {
	case p.Type == "text":
		return ""
	case role != "user":
		return "a part of type " + p.Type + " in a message of the " + role
	case p.Type == "image_url" && strings.HasPrefix(p.ImageURL.URL, "data:image/"):
		return ""
	case p.Type == "input_audio" && slices.Contains([]string{"wav", "mp3"}, p.InputAudio.Format):
		if _, err := base64.StdEncoding.DecodeString(p.InputAudio.Data); err != nil {
			return "audio that is not base64"
		}
		return ""
	}
	return fmt.Sprintf("a part of type %q", p.Type)
}
