package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// messagesRequest has the keys of a request of Anthropic's Messages API that change
// the answer.
type messagesRequest struct {
	Model         string          `json:"model"`
	MaxTokens     int             `json:"max_tokens"`
	Messages      []turn          `json:"messages"`
	Stream        bool            `json:"stream"`
	System        json.RawMessage `json:"system"`
	StopSequences []string        `json:"stop_sequences"`
	Tools         []struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		InputSchema json.RawMessage `json:"input_schema"`
	} `json:"tools"`
	ToolChoice struct {
		Type            string `json:"type"`
		Name            string `json:"name"`
		DisableParallel bool   `json:"disable_parallel_tool_use"`
	} `json:"tool_choice"`
}

// turn is a message of either role.
type turn struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

// contentBlock is a block of a message's content.
type contentBlock struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Source struct {
		MediaType string `json:"media_type"`
		Data      string `json:"data"`
	} `json:"source"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   json.RawMessage `json:"content"`
}

// contentBlocks reads a string or a list of blocks, which was checked.
func contentBlocks(content json.RawMessage) []contentBlock {
	var text string
	if json.Unmarshal(content, &text) == nil {
		return []contentBlock{{Type: "text", Text: text}}
	}
	var blocks []contentBlock
	_ = json.Unmarshal(content, &blocks)
	return blocks
}

func textOf(content json.RawMessage) string {
	var texts []string
	for _, b := range contentBlocks(content) {
		if b.Text != "" {
			texts = append(texts, b.Text)
		}
	}
	return strings.Join(texts, "\n")
}

func (s *Server) messages(w http.ResponseWriter, r *http.Request) {
	var request messagesRequest
	err := strict.Decode(w, r, maxJSON, anthropicSchema(), &request)
	var q question
	if err == nil && r.Header.Get("Anthropic-Version") == "" {
		err = strict.Invalid("", "anthropic-version: header is required")
	}
	if err == nil {
		q, err = request.question()
	}
	if err != nil {
		failAnthropic(w, err)
		return
	}
	kind, refusal := s.admit(w)
	if refusal == nil && kind == fault.PromptFilter {
		refusal = &fault.Status{HTTP: http.StatusBadRequest, Message: "Output blocked by content filtering policy"}
	}
	if refusal != nil {
		refuseAnthropic(w, *refusal)
		return
	}
	answered, err := s.think(r.Context(), q, kind)
	if err != nil {
		failAnthropic(w, err)
		return
	}
	m := newAnthropicMessage(request.Model, answered)
	deliver := s.delivery(kind, m.failure(), m.unknown())
	if request.Stream {
		deliver.Stream(w, r, m.events())
		return
	}
	deliver.Whole(w, r, m.whole())
}

// question reads the conversation.
func (r messagesRequest) question() (question, error) {
	q := question{instructions: textOf(r.System), most: r.MaxTokens, stops: r.StopSequences, parallel: !r.ToolChoice.DisableParallel}
	for _, t := range r.Tools {
		q.tools = append(q.tools, realtimetest.Tool{Name: t.Name, Description: t.Description, Parameters: t.InputSchema})
	}
	switch r.ToolChoice.Type {
	case "none":
		q.tools = nil
	case "any", "tool":
		q.required = true
		if r.ToolChoice.Type == "tool" {
			q.tools = slices.DeleteFunc(q.tools, func(t realtimetest.Tool) bool { return t.Name != r.ToolChoice.Name })
		}
		if len(q.tools) == 0 {
			return q, strict.Invalid("tool_choice", "Tool '%s' not found in provided tools", r.ToolChoice.Name)
		}
	}
	var open []string // the uses of the message before, without a result
	for i, m := range r.Messages {
		used, err := q.read(m, fmt.Sprintf("messages.%d", i), open)
		if err != nil {
			return q, err
		}
		open = used
	}
	if last := r.Messages[len(r.Messages)-1]; last.Role != "user" {
		return q, strict.Invalid("messages", "This model does not support assistant message prefill. The conversation must end with a user message.")
	}
	return q, nil
}

// read adds a message. open are the uses of tools that it has to answer; it returns
// those that the next one has to.
func (q *question) read(m turn, path string, open []string) (used []string, err error) {
	if len(q.items) == 0 && m.Role != "user" {
		return nil, strict.Invalid("messages", "messages: first message must use the \"user\" role")
	}
	said := realtimetest.Item{Role: core.Role(m.Role)}
	for j, b := range contentBlocks(m.Content) {
		switch b.Type {
		case "text":
			said.Text = strings.TrimSpace(said.Text + " " + b.Text)
		case "image":
			image, problem := readImage("data:"+b.Source.MediaType+";base64,"+b.Source.Data, fmt.Sprintf("%s.content.%d.source", path, j))
			if problem != nil {
				return nil, problem
			}
			said.Images = append(said.Images, image)
		case "tool_use":
			used = append(used, b.ID)
			q.items = append(q.items, realtimetest.Item{Role: core.Assistant, CallID: b.ID, Name: b.Name, Text: string(b.Input)})
		case "tool_result":
			at := slices.Index(open, b.ToolUseID)
			if at < 0 {
				return nil, strict.Invalid(fmt.Sprintf("%s.content.%d", path, j), "unexpected `tool_use_id` found in `tool_result` blocks: %s. "+
					"Each `tool_result` block must have a corresponding `tool_use` block in the previous message.", b.ToolUseID)
			}
			open = slices.Delete(open, at, at+1)
			q.items = append(q.items, realtimetest.Item{Role: core.Tool, CallID: b.ToolUseID, Text: textOf(b.Content)})
		}
	}
	if len(open) > 0 {
		return nil, strict.Invalid(path, "`tool_use` ids were found without `tool_result` blocks immediately after: %s.", strings.Join(open, ", "))
	}
	if said.Text != "" || said.Images != nil {
		q.items = append(q.items, said)
	}
	return used, nil
}

// failAnthropic answers a request that is wrong, or for which the agent returned an
// error.
func failAnthropic(w http.ResponseWriter, err error) {
	problem, ok := errors.AsType[*strict.Problem](err)
	switch {
	case !ok:
		refuseAnthropic(w, fault.Status{HTTP: http.StatusInternalServerError, Message: err.Error()})
	case problem.Code == "request_too_large":
		refuseAnthropic(w, fault.Status{HTTP: http.StatusRequestEntityTooLarge, Message: problem.Message})
	default:
		refuseAnthropic(w, fault.Status{HTTP: http.StatusBadRequest, Message: problem.Error()})
	}
}

// refuseAnthropic sends an error in the form of Anthropic's API.
func refuseAnthropic(w http.ResponseWriter, status fault.Status) {
	kinds := map[int]string{
		http.StatusBadRequest: "invalid_request_error", http.StatusUnauthorized: "authentication_error", http.StatusForbidden: "permission_error",
		http.StatusNotFound: "not_found_error", http.StatusRequestEntityTooLarge: "request_too_large", http.StatusTooManyRequests: "rate_limit_error",
		http.StatusServiceUnavailable: "overloaded_error",
	}
	kind := kinds[status.HTTP]
	if kind == "" {
		kind = "api_error"
	}
	if status.HTTP == http.StatusServiceUnavailable {
		status.HTTP = 529 // the service's own status, which net/http has no name for
	}
	if status.After != "" {
		w.Header().Set("Retry-After", status.After)
	}
	w.Header().Set("Request-Id", w.Header().Get("X-Request-Id"))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status.HTTP)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "error", "request_id": w.Header().Get("X-Request-Id"), "error": map[string]any{"type": kind, "message": status.Message},
	})
}
