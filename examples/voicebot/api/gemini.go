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

// generateRequest has the keys of a request of Gemini's API that change the answer.
type generateRequest struct {
	Contents          []geminiContent `json:"contents"`
	SystemInstruction geminiContent   `json:"systemInstruction"`
	GenerationConfig  struct {
		MaxOutputTokens int      `json:"maxOutputTokens"`
		StopSequences   []string `json:"stopSequences"`
	} `json:"generationConfig"`
	Tools []struct {
		FunctionDeclarations []struct {
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Parameters  json.RawMessage `json:"parameters"`
		} `json:"functionDeclarations"`
	} `json:"tools"`
	ToolConfig struct {
		FunctionCallingConfig struct {
			Mode                 string   `json:"mode"`
			AllowedFunctionNames []string `json:"allowedFunctionNames"`
		} `json:"functionCallingConfig"`
	} `json:"toolConfig"`
}

type geminiContent struct {
	Role  string       `json:"role"`
	Parts []geminiPart `json:"parts"`
}

type geminiPart struct {
	Text       string `json:"text"`
	InlineData *struct {
		MimeType string `json:"mimeType"`
		Data     string `json:"data"`
	} `json:"inlineData"`
	FunctionCall *struct {
		ID   string          `json:"id"`
		Name string          `json:"name"`
		Args json.RawMessage `json:"args"`
	} `json:"functionCall"`
	FunctionResponse *struct {
		ID       string          `json:"id"`
		Name     string          `json:"name"`
		Response json.RawMessage `json:"response"`
	} `json:"functionResponse"`
}

// generate answers models/MODEL:generateContent and :streamGenerateContent.
func (s *Server) generate(w http.ResponseWriter, r *http.Request) {
	model, method, _ := strings.Cut(r.PathValue("call"), ":")
	streams := method == "streamGenerateContent"
	if !streams && method != "generateContent" {
		refuseGemini(w, fault.Status{HTTP: http.StatusNotFound, Message: "Method not found: " + method})
		return
	}
	var request generateRequest
	err := strict.Decode(w, r, maxJSON, geminiSchema(), &request)
	var q question
	if err == nil && streams && r.URL.Query().Get("alt") != "sse" {
		err = strict.Invalid("alt", "This server streams with alt=sse only.")
	}
	if err == nil {
		q, err = s.geminiQuestion(r, request)
	}
	if err != nil {
		failGemini(w, err)
		return
	}
	kind, refusal := s.admit(w)
	if refusal != nil {
		refuseGemini(w, *refusal)
		return
	}
	answered, err := s.think(r.Context(), q, kind)
	if err != nil {
		failGemini(w, err)
		return
	}
	g := generation{newID(""), model, kind == fault.PromptFilter, answered}
	deliver := s.delivery(kind, g.failure(), g.unknown())
	if streams {
		deliver.Stream(w, r, g.events())
		return
	}
	deliver.Whole(w, r, g.whole())
}

// geminiQuestion reads the conversation.
func (s *Server) geminiQuestion(r *http.Request, request generateRequest) (question, error) {
	q := question{most: request.GenerationConfig.MaxOutputTokens, stops: request.GenerationConfig.StopSequences, parallel: true}
	for _, p := range request.SystemInstruction.Parts {
		q.instructions = strings.TrimSpace(q.instructions + "\n" + p.Text)
	}
	for _, t := range request.Tools {
		for _, f := range t.FunctionDeclarations {
			q.tools = append(q.tools, realtimetest.Tool{Name: f.Name, Description: f.Description, Parameters: f.Parameters})
		}
	}
	calling := request.ToolConfig.FunctionCallingConfig
	switch calling.Mode {
	case "NONE":
		q.tools = nil
	case "ANY":
		q.required = true
		q.tools = slices.DeleteFunc(q.tools, func(t realtimetest.Tool) bool {
			return len(calling.AllowedFunctionNames) > 0 && !slices.Contains(calling.AllowedFunctionNames, t.Name)
		})
	}
	calls := 0 // of the content before
	for i, content := range request.Contents {
		path := fmt.Sprintf("contents[%d]", i)
		called, answered := content.count()
		if answered != calls {
			return q, strict.Invalid(path, "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.")
		}
		calls = called
		if err := s.readGemini(r, &q, content, path); err != nil {
			return q, err
		}
	}
	return q, nil
}

// count returns how many calls a content has, and how many responses.
func (c geminiContent) count() (calls, responses int) {
	for _, part := range c.Parts {
		if part.FunctionCall != nil {
			calls++
		}
		if part.FunctionResponse != nil {
			responses++
		}
	}
	return calls, responses
}

func (s *Server) readGemini(r *http.Request, q *question, content geminiContent, path string) error {
	said := realtimetest.Item{Role: core.User}
	if content.Role == "model" {
		said.Role = core.Assistant
	}
	for j, part := range content.Parts {
		path := fmt.Sprintf("%s.parts[%d]", path, j)
		switch {
		case part.FunctionCall != nil:
			q.items = append(q.items, realtimetest.Item{Role: core.Assistant, CallID: part.FunctionCall.Name, Name: part.FunctionCall.Name, Text: string(part.FunctionCall.Args)})
		case part.FunctionResponse != nil:
			q.items = append(q.items, realtimetest.Item{
				Role: core.Tool, CallID: part.FunctionResponse.Name, Text: string(part.FunctionResponse.Response),
			})
		case part.InlineData != nil && strings.HasPrefix(part.InlineData.MimeType, "image/"):
			image, problem := readImage("data:"+part.InlineData.MimeType+";base64,"+part.InlineData.Data, path+".inlineData")
			if problem != nil {
				return problem
			}
			said.Images = append(said.Images, image)
		case part.InlineData != nil:
			heard, err := s.hear(r.Context(), sound{Data: part.InlineData.Data}, path+".inlineData")
			if err != nil {
				return err
			}
			said.Text, said.Spoken = strings.TrimSpace(said.Text+" "+heard), true
		default:
			said.Text = strings.TrimSpace(said.Text + " " + part.Text)
		}
	}
	if said.Text != "" || said.Images != nil {
		q.items = append(q.items, said)
	}
	return nil
}

// failGemini answers a request that is wrong, or for which the agent returned an error.
func failGemini(w http.ResponseWriter, err error) {
	problem, ok := errors.AsType[*strict.Problem](err)
	switch {
	case !ok:
		refuseGemini(w, fault.Status{HTTP: http.StatusInternalServerError, Message: err.Error()})
	case problem.Code == "unknown_parameter":
		refuseGemini(w, fault.Status{
			HTTP:    http.StatusBadRequest,
			Message: fmt.Sprintf("Invalid JSON payload received. Unknown name %q: Cannot find field.", problem.Param),
		})
	default:
		refuseGemini(w, fault.Status{HTTP: http.StatusBadRequest, Message: problem.Error()})
	}
}

// refuseGemini sends an error in the form of Google's APIs.
func refuseGemini(w http.ResponseWriter, status fault.Status) {
	names := map[int]string{
		http.StatusBadRequest: "INVALID_ARGUMENT", http.StatusUnauthorized: "UNAUTHENTICATED", http.StatusForbidden: "PERMISSION_DENIED",
		http.StatusNotFound: "NOT_FOUND", http.StatusTooManyRequests: "RESOURCE_EXHAUSTED", http.StatusServiceUnavailable: "UNAVAILABLE",
	}
	name := names[status.HTTP]
	if name == "" {
		name = "INTERNAL"
	}
	body := map[string]any{"code": status.HTTP, "message": status.Message, "status": name}
	if status.After != "" {
		w.Header().Set("Retry-After", status.After)
		body["details"] = []any{map[string]any{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": status.After + "s"}}
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status.HTTP)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": body})
}
