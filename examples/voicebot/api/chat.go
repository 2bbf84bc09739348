package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// chatRequest has the keys of a chat completion that change the answer.
type chatRequest struct {
	Model         string        `json:"model"`
	Messages      []chatMessage `json:"messages"`
	Stream        bool          `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	MaxTokens           int             `json:"max_tokens"`
	MaxCompletionTokens int             `json:"max_completion_tokens"`
	Stop                json.RawMessage `json:"stop"`
	Audio               struct {
		Format string `json:"format"`
	} `json:"audio"`
	Tools             []chatTool      `json:"tools"`
	ToolChoice        json.RawMessage `json:"tool_choice"`
	ParallelToolCalls *bool           `json:"parallel_tool_calls"`
}

type chatTool struct {
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

type chatMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
	Refusal string          `json:"refusal"`
	Audio   *struct {
		ID string `json:"id"`
	} `json:"audio"`
	ToolCalls []struct {
		ID       string `json:"id"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
	ToolCallID string `json:"tool_call_id"`
}

func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	var request chatRequest
	err := strict.Decode(w, r, maxJSON, chatSchema(), &request)
	if err != nil {
		fail(w, err)
		return
	}
	q, err := s.chatQuestion(r.Context(), request)
	if err != nil {
		fail(w, err)
		return
	}
	kind, ok := s.admitOpenAI(w)
	if !ok {
		return
	}
	answered, err := s.think(r.Context(), q, kind)
	if err == nil && request.Audio.Format != "" {
		err = s.speak(r.Context(), &answered, request.Audio.Format)
	}
	if err != nil {
		fail(w, err)
		return
	}
	c := newCompletion(request.Model, answered)
	if request.Stream {
		s.delivery(kind, c.failure(), c.unknown()).Stream(w, r, c.events(request.StreamOptions.IncludeUsage))
		return
	}
	s.delivery(kind, c.failure(), c.unknown()).Whole(w, r, c.whole())
}

// chatQuestion reads the conversation of a request.
func (s *Server) chatQuestion(ctx context.Context, r chatRequest) (question, error) {
	q := question{
		most: max(r.MaxTokens, r.MaxCompletionTokens), stops: stops(r.Stop),
		parallel: r.ParallelToolCalls == nil || *r.ParallelToolCalls,
	}
	if err := checkAnswered(r.Messages); err != nil {
		return q, err
	}
	if err := q.offer(r); err != nil {
		return q, err
	}
	var instructions []string
	for i, m := range r.Messages {
		said, err := s.chatItem(ctx, m, index("messages", i, "content"))
		if err != nil {
			return q, err
		}
		if m.Role == "system" || m.Role == "developer" {
			instructions = append(instructions, said.Text)
			continue
		}
		// An assistant that only calls says nothing.
		if m.Role != "assistant" || len(m.ToolCalls) == 0 || said.Text != "" {
			q.items = append(q.items, said)
		}
		for _, c := range m.ToolCalls {
			q.items = append(q.items, realtimetest.Item{Role: core.Assistant, CallID: c.ID, Name: c.Function.Name, Text: c.Function.Arguments})
		}
	}
	q.instructions = strings.Join(instructions, "\n")
	return q, nil
}

// stops returns the texts that end a reply: stop is a string, a list or null, and was
// checked.
func stops(stop json.RawMessage) []string {
	var one string
	if json.Unmarshal(stop, &one) == nil && one != "" {
		return []string{one}
	}
	var many []string
	_ = json.Unmarshal(stop, &many)
	return many
}

// offer notes the tools that the agent may use, and whether it has to.
func (q *question) offer(r chatRequest) error {
	var names []string
	for _, t := range r.Tools {
		names = append(names, t.Function.Name)
		q.tools = append(q.tools, realtimetest.Tool{Name: t.Function.Name, Description: t.Function.Description, Parameters: t.Function.Parameters})
	}
	if problem := unlike(names, func(i int) string { return index("tools", i, "function.name") }); problem != nil {
		return problem
	}
	var chosen struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	_ = json.Unmarshal(r.ToolChoice, &chosen) // a string or an object, and was checked
	return q.choose(r.ToolChoice, chosen.Function.Name)
}

// choose applies a tool_choice that may name one function.
func (q *question) choose(choice json.RawMessage, function string) error {
	const path = "tool_choice"
	if len(choice) == 0 || string(choice) == "null" {
		return nil
	}
	if len(q.tools) == 0 {
		return strict.Invalid(path, "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.")
	}
	var word string
	_ = json.Unmarshal(choice, &word)
	switch {
	case function != "":
		q.required = true
		q.tools = slices.DeleteFunc(q.tools, func(t realtimetest.Tool) bool { return t.Name != function })
		if len(q.tools) == 0 {
			return strict.Invalid(path, "Invalid value for 'tool_choice': the function '%s' is not in 'tools'.", function)
		}
	case word == "none":
		q.tools = nil
	case word == "required":
		q.required = true
	case word != "auto":
		return strict.Invalid(path, "Invalid value: '%s'. Supported values are: 'none', 'auto', 'required'.", word)
	}
	return nil
}

// checkAnswered demands that the results of an assistant's calls follow it at once.
func checkAnswered(messages []chatMessage) error {
	var open []string // the calls without a result
	for i, m := range messages {
		if m.Role == "tool" {
			at := slices.Index(open, m.ToolCallID)
			if at < 0 {
				return strict.Invalid(index("messages", i, "tool_call_id"),
					"Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls', and none has the id '%s'.", m.ToolCallID)
			}
			open = slices.Delete(open, at, at+1)
			continue
		}
		if len(open) > 0 {
			break
		}
		for _, c := range m.ToolCalls {
			open = append(open, c.ID)
		}
	}
	if len(open) > 0 {
		return strict.Invalid("messages", "An assistant message with 'tool_calls' must be followed by tool messages responding to each "+
			"'tool_call_id'. The following tool_call_ids did not have response messages: %s", strings.Join(open, ", "))
	}
	return nil
}

// chatItem reads the text of a message, in which audio is transcribed, and its images.
func (s *Server) chatItem(ctx context.Context, m chatMessage, path string) (realtimetest.Item, error) {
	item := realtimetest.Item{Role: core.Role(m.Role), CallID: m.ToolCallID}
	if m.Audio != nil {
		transcript, known := s.memory.transcript(m.Audio.ID)
		if !known {
			return item, &strict.Problem{Code: notFound, Param: "messages", Message: fmt.Sprintf("Audio with id '%s' not found: it has expired.", m.Audio.ID)}
		}
		item.Text, item.Spoken = transcript, true
		return item, nil
	}
	if len(m.Content) == 0 || string(m.Content) == "null" {
		item.Text = m.Refusal
		if m.Role != "assistant" || m.Refusal == "" && len(m.ToolCalls) == 0 {
			return item, strict.Invalid(path, "Invalid value for 'content': expected a string, got null.")
		}
		return item, nil
	}
	if json.Unmarshal(m.Content, &item.Text) == nil {
		return item, nil
	}
	var parts []chatPart
	if err := json.Unmarshal(m.Content, &parts); err != nil {
		return item, fmt.Errorf("reading %s: %w", path, err)
	}
	return item, s.readParts(ctx, &item, parts, path)
}

type chatPart struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Refusal  string `json:"refusal"`
	ImageURL struct {
		URL string `json:"url"`
	} `json:"image_url"`
	InputAudio sound `json:"input_audio"`
}

func (s *Server) readParts(ctx context.Context, item *realtimetest.Item, parts []chatPart, path string) error {
	var texts []string
	for i, part := range parts {
		path := fmt.Sprintf("%s[%d]", path, i)
		switch part.Type {
		case "text":
			texts = append(texts, part.Text)
		case "refusal":
			texts = append(texts, part.Refusal)
		case "image_url":
			image, problem := readImage(part.ImageURL.URL, path+".image_url.url")
			if problem != nil {
				return problem
			}
			item.Images = append(item.Images, image)
		case "input_audio":
			heard, err := s.hear(ctx, part.InputAudio, path+".input_audio")
			if err != nil {
				return err
			}
			texts, item.Spoken = append(texts, heard), true
		}
	}
	item.Text = strings.Join(texts, " ")
	return nil
}
