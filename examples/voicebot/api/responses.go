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

// responsesRequest has the keys of a response that change the answer, or are in it.
type responsesRequest struct {
	Model              string          `json:"model"`
	Input              json.RawMessage `json:"input"`
	Instructions       *string         `json:"instructions"`
	Stream             bool            `json:"stream"`
	Store              *bool           `json:"store"`
	PreviousResponseID *string         `json:"previous_response_id"`
	MaxOutputTokens    *int            `json:"max_output_tokens"`
	Tools              []responsesTool `json:"tools"`
	ToolChoice         json.RawMessage `json:"tool_choice"`
	ParallelToolCalls  *bool           `json:"parallel_tool_calls"`
	Truncation         *string         `json:"truncation"`
	Temperature        *float64        `json:"temperature"`
	TopP               *float64        `json:"top_p"`
	Metadata           map[string]any  `json:"metadata"`
	User               *string         `json:"user"`
}

type responsesTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description *string         `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      *bool           `json:"strict"`
}

// inputItem is an item of the input.
type inputItem struct {
	Type      string          `json:"type"`
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments string          `json:"arguments"`
	Output    json.RawMessage `json:"output"`
}

// inputPart is a part of a message or of a function's output.
type inputPart struct {
	Type       string `json:"type"`
	Text       string `json:"text"`
	Refusal    string `json:"refusal"`
	ImageURL   string `json:"image_url"`
	InputAudio sound  `json:"input_audio"`
}

func (s *Server) respond(w http.ResponseWriter, r *http.Request) {
	var request responsesRequest
	if err := strict.Decode(w, r, maxJSON, responsesSchema(), &request); err != nil {
		fail(w, err)
		return
	}
	q, err := s.responsesQuestion(r.Context(), request)
	if err != nil {
		fail(w, err)
		return
	}
	kind, ok := s.admitOpenAI(w)
	if !ok {
		return
	}
	answered, err := s.think(r.Context(), q, kind)
	if err != nil {
		fail(w, err)
		return
	}
	made := newResponse(request, answered)
	if request.Store == nil || *request.Store {
		s.memory.keepResponse(made.id, stored{append(q.items, made.items()...), made.whole()})
	}
	if request.Stream {
		s.delivery(kind, made.failure(), made.unknown()).Stream(w, r, made.events())
		return
	}
	s.delivery(kind, made.failed(), made.unknown()).Whole(w, r, made.whole())
}

// recall returns a stored response.
func (s *Server) recall(w http.ResponseWriter, r *http.Request) {
	found, known := s.memory.response(r.PathValue("id"))
	if !known {
		fail(w, noResponse("response_id", r.PathValue("id")))
		return
	}
	answer(w, found.body)
}

// forget removes a stored response.
func (s *Server) forget(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !s.memory.forgetResponse(id) {
		fail(w, noResponse("response_id", id))
		return
	}
	answer(w, map[string]any{"id": id, "object": "response", "deleted": true})
}

func noResponse(param, id string) *strict.Problem {
	return &strict.Problem{Code: notFound, Param: param, Message: fmt.Sprintf("Response with id '%s' not found.", id)}
}

// responsesQuestion reads the conversation of a request.
func (s *Server) responsesQuestion(ctx context.Context, r responsesRequest) (question, error) {
	q := question{parallel: r.ParallelToolCalls == nil || *r.ParallelToolCalls}
	if r.MaxOutputTokens != nil {
		q.most = *r.MaxOutputTokens
	}
	if r.PreviousResponseID != nil && *r.PreviousResponseID != "" {
		before, known := s.memory.response(*r.PreviousResponseID)
		if !known {
			return q, &strict.Problem{
				Code: "previous_response_not_found", Param: "previous_response_id",
				Message: fmt.Sprintf("Previous response with id '%s' not found.", *r.PreviousResponseID),
			}
		}
		q.items = slices.Clone(before.items)
	}
	if err := q.offerTools(r); err != nil {
		return q, err
	}
	if err := s.readInput(ctx, r.Input, &q); err != nil {
		return q, err
	}
	if r.Instructions != nil {
		q.instructions = strings.Trim(*r.Instructions+"\n"+q.instructions, "\n")
	}
	return q, checkCalls(q.items)
}

func (q *question) offerTools(r responsesRequest) error {
	var names []string
	for _, t := range r.Tools {
		names = append(names, t.Name)
		tool := realtimetest.Tool{Name: t.Name, Parameters: t.Parameters}
		if t.Description != nil {
			tool.Description = *t.Description
		}
		q.tools = append(q.tools, tool)
	}
	if problem := unlike(names, func(i int) string { return index("tools", i, "name") }); problem != nil {
		return problem
	}
	var chosen struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(r.ToolChoice, &chosen) // a string or an object, and was checked
	return q.choose(r.ToolChoice, chosen.Name)
}

// readInput adds the input to the conversation. What a system or developer says joins
// the instructions.
func (s *Server) readInput(ctx context.Context, input json.RawMessage, q *question) error {
	var text string
	if json.Unmarshal(input, &text) == nil {
		q.items = append(q.items, realtimetest.Item{Role: core.User, Text: text})
		return nil
	}
	var items []inputItem
	if err := json.Unmarshal(input, &items); err != nil {
		return fmt.Errorf("reading the input: %w", err)
	}
	for i, it := range items {
		switch it.Type {
		case "reasoning": // this agent does not reason: it has nothing to continue
			continue
		case "function_call":
			q.items = append(q.items, realtimetest.Item{Role: core.Assistant, CallID: it.CallID, Name: it.Name, Text: it.Arguments})
			continue
		case "function_call_output":
			output := realtimetest.Item{Role: core.Tool, CallID: it.CallID}
			if err := s.readContent(ctx, it.Output, &output, index("input", i, "output")); err != nil {
				return err
			}
			q.items = append(q.items, output)
			continue
		}
		said := realtimetest.Item{Role: core.Role(it.Role)}
		if err := s.readContent(ctx, it.Content, &said, index("input", i, "content")); err != nil {
			return err
		}
		if it.Role == "system" || it.Role == "developer" {
			q.instructions = strings.Trim(q.instructions+"\n"+said.Text, "\n")
			continue
		}
		q.items = append(q.items, said)
	}
	return nil
}

// readContent reads a string or a list of parts.
func (s *Server) readContent(ctx context.Context, content json.RawMessage, item *realtimetest.Item, path string) error {
	if json.Unmarshal(content, &item.Text) == nil {
		return nil
	}
	var parts []inputPart
	if err := json.Unmarshal(content, &parts); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	var texts []string
	for i, part := range parts {
		path := fmt.Sprintf("%s[%d]", path, i)
		switch part.Type {
		case "input_text", "output_text":
			texts = append(texts, part.Text)
		case "refusal":
			texts = append(texts, part.Refusal)
		case "input_image":
			image, problem := readImage(part.ImageURL, path+".image_url")
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

// checkCalls demands that every call has its output, and every output its call.
func checkCalls(items []realtimetest.Item) error {
	called, answered := map[string]bool{}, map[string]bool{}
	for _, it := range items {
		switch {
		case it.Role == core.Assistant && it.CallID != "":
			called[it.CallID] = true
		case it.Role == core.Tool && !called[it.CallID]:
			return strict.Invalid("input", "No tool call found for function call output with call_id %s.", it.CallID)
		case it.Role == core.Tool:
			answered[it.CallID] = true
		}
	}
	for _, it := range items {
		if it.Role == core.Assistant && it.CallID != "" && !answered[it.CallID] {
			return strict.Invalid("input", "No tool output found for function call %s.", it.CallID)
		}
	}
	return nil
}
