package anthropictest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Request is what a client asks.
type Request struct {
	Model         string          `json:"model"`
	MaxTokens     int             `json:"max_tokens"`
	Messages      []Message       `json:"messages"`
	System        string          `json:"system"`
	Stream        bool            `json:"stream"`
	Temperature   *float64        `json:"temperature"`
	TopP          *float64        `json:"top_p"`
	TopK          *int            `json:"top_k"`
	StopSequences []string        `json:"stop_sequences"`
	Tools         json.RawMessage `json:"tools"`
	ToolChoice    json.RawMessage `json:"tool_choice"`
	Thinking      json.RawMessage `json:"thinking"`
	OutputConfig  json.RawMessage `json:"output_config"`
	ServiceTier   string          `json:"service_tier"`
	Metadata      json.RawMessage `json:"metadata"`
	InferenceGeo  string          `json:"inference_geo"`
}

// Message is one message of a conversation.
type Message struct {
	Role    string  `json:"role"`
	Content []Block `json:"content"`
}

// Block is one block of a message.
type Block struct {
	Type      string `json:"type"`
	Text      string `json:"text"`
	Thinking  string `json:"thinking"`
	Signature string `json:"signature"`
	Data      string `json:"data"`
	Source    struct {
		Type      string `json:"type"`
		MediaType string `json:"media_type"`
		Data      string `json:"data"`
	} `json:"source"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     map[string]any  `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   json.RawMessage `json:"content"`
	Citations json.RawMessage `json:"citations"`
	// Of a call that the service carries out itself, and its result.
	ServerName string `json:"server_name"`
	IsError    bool   `json:"is_error"`
}

// Texts returns the texts of a message, joined by line ends.
func (m Message) Texts() string {
	var texts []string
	for _, b := range m.Content {
		if b.Type == "text" {
			texts = append(texts, b.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// last is the last message.
func (r *Request) last() Message { return r.Messages[len(r.Messages)-1] }

// parse reads a request, and returns what is wrong with it; "" for nothing.
func parse(body []byte, r *Request) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(r); err != nil {
		return err.Error()
	}
	switch {
	case r.Model == "":
		return "model: Field required"
	case r.MaxTokens < 1:
		return "max_tokens: Field required"
	case len(r.Messages) == 0:
		return "messages: at least one message is required"
	case r.Messages[0].Role != "user":
		return "messages: first message must use the \"user\" role"
	}
	var open []string // the uses of tools in the message before
	for i, m := range r.Messages {
		if i > 0 && r.Messages[i-1].Role == m.Role {
			return fmt.Sprintf("messages.%d: roles must alternate", i)
		}
		used, wrong := m.check(open)
		if wrong != "" {
			return fmt.Sprintf("messages.%d: %s", i, wrong)
		}
		open = used
	}
	return ""
}

// assistantTypes are the types of blocks that only the assistant has.
func assistantTypes() []string {
	return []string{"thinking", "redacted_thinking", "tool_use", "server_tool_use", "mcp_tool_use", "mcp_tool_result", "web_search_tool_result", "compaction", "mcp_tool_listing"}
}

// check returns the uses of tools of a message, and what is wrong with it.
func (m Message) check(open []string) (used []string, wrong string) {
	if m.Role != "user" && m.Role != "assistant" || len(m.Content) == 0 {
		return nil, "a role that is none, or no content"
	}
	results := true
	for j, b := range m.Content {
		if wrong := b.check(); wrong != "" {
			return nil, fmt.Sprintf("content.%d: %s", j, wrong)
		}
		assistants := slices.Contains(assistantTypes(), b.Type)
		if assistants != (m.Role == "assistant") && b.Type != "text" {
			return nil, fmt.Sprintf("content.%d: a block %s of the %s", j, b.Type, m.Role)
		}
		if b.Type == "tool_use" {
			used = append(used, b.ID)
		}
		if b.Type != "tool_result" {
			results = false
			continue
		}
		at := slices.Index(open, b.ToolUseID)
		if at < 0 || !results {
			return nil, fmt.Sprintf("content.%d: unexpected `tool_use_id` found in `tool_result` blocks: %s", j, b.ToolUseID)
		}
		open = slices.Delete(open, at, at+1)
	}
	if len(open) > 0 {
		return nil, "`tool_use` ids were found without `tool_result` blocks immediately after: " + strings.Join(open, ", ")
	}
	return used, ""
}

// check returns what is wrong with a block.
func (b Block) check() string {
	switch b.Type {
	case "text":
		if strings.TrimSpace(b.Text) == "" {
			return "text content blocks must contain non-whitespace text"
		}
	case "image":
		if data, err := base64.StdEncoding.DecodeString(b.Source.Data); err != nil || len(data) == 0 || b.Source.Type != "base64" || !strings.HasPrefix(b.Source.MediaType, "image/") {
			return "an image that is not base64 of a type"
		}
	case "thinking":
		if b.Signature != Signature {
			return "Invalid `signature` in `thinking` block"
		}
	case "redacted_thinking":
		if b.Data == "" {
			return "data: Field required"
		}
	case "tool_use", "server_tool_use", "mcp_tool_use":
		if b.ID == "" || b.Name == "" || b.Input == nil {
			return "id, name and input: Field required"
		}
	case "mcp_tool_result", "web_search_tool_result":
		if b.ToolUseID == "" || len(b.Content) == 0 {
			return "tool_use_id and content: Field required"
		}
	case "tool_result", "compaction", "mcp_tool_listing":
	default:
		return fmt.Sprintf("Input tag %q is none of the expected tags", b.Type)
	}
	return ""
}
