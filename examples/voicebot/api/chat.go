package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// chatRequest has the keys of a chat completion that change the answer, and those
// that this server refuses. All others are sampling settings and are ignored.
type chatRequest struct {
	Model         string        `json:"model"`
	Messages      []chatMessage `json:"messages"`
	Stream        bool          `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	N          *int            `json:"n"`
	Modalities []string        `json:"modalities"`
	Tools      json.RawMessage `json:"tools"`
}

type chatMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

type chatPart struct {
	Type       string `json:"type"`
	Text       string `json:"text"`
	InputAudio struct {
		Data   string `json:"data"`
		Format string `json:"format"`
	} `json:"input_audio"`
}

// mistake is an error in a request, and the key that is wrong.
type mistake struct {
	param   string
	message string
}

func (m *mistake) Error() string { return m.param + ": " + m.message }

func (s *Server) chat(w http.ResponseWriter, r *http.Request) {
	var request chatRequest
	if !readJSON(w, r, &request) {
		return
	}
	instructions, items, err := s.conversation(r.Context(), request)
	if wrong, ok := errors.AsType[*mistake](err); ok {
		refuse(w, http.StatusBadRequest, "invalid_value", wrong.param, wrong.message)
		return
	}
	if err != nil {
		breakdown(w, err)
		return
	}
	reply, err := s.agent.Answer(r.Context(), instructions, items)
	if err != nil {
		breakdown(w, err)
		return
	}
	c := completion{id: fmt.Sprintf("chatcmpl-%d", time.Now().UnixNano()), created: time.Now().Unix(), model: request.Model, text: reply}
	c.prompt = words(instructions)
	for _, item := range items {
		c.prompt += words(item.Text)
	}
	if request.Stream {
		c.stream(w, request.StreamOptions.IncludeUsage)
		return
	}
	answer(w, c.whole())
}

// conversation converts the messages of a request to the instructions and items of
// an agent.
func (s *Server) conversation(ctx context.Context, r chatRequest) (string, []realtimetest.Item, error) {
	if err := r.check(); err != nil {
		return "", nil, err
	}
	var instructions []string
	var items []realtimetest.Item
	for i, m := range r.Messages {
		text, spoken, err := s.read(ctx, m.Content, fmt.Sprintf("messages[%d].content", i))
		if err != nil {
			return "", nil, err
		}
		switch m.Role {
		case "system", "developer":
			instructions = append(instructions, text)
		case "user", "assistant":
			items = append(items, realtimetest.Item{Role: core.Role(m.Role), Text: text, Spoken: spoken})
		default:
			return "", nil, &mistake{fmt.Sprintf("messages[%d].role", i), fmt.Sprintf("Expected system, developer, user or assistant, not %q.", m.Role)}
		}
	}
	return strings.Join(instructions, "\n"), items, nil
}

func (r chatRequest) check() error {
	switch {
	case r.Model == "":
		return &mistake{"model", "You must provide a model parameter."}
	case len(r.Messages) == 0:
		return &mistake{"messages", "Expected at least one message."}
	case r.N != nil && *r.N != 1:
		return &mistake{"n", "This server gives one choice: n must be 1."}
	case len(r.Tools) > 0 && string(r.Tools) != "null":
		return &mistake{"tools", "This server calls no tools."}
	case len(r.Modalities) > 1 || len(r.Modalities) == 1 && r.Modalities[0] != "text":
		return &mistake{"modalities", "This server chats in text: use /v1/realtime for speech."}
	}
	return nil
}

// read returns the text of a message's content, with audio transcribed, and whether
// it contained audio.
func (s *Server) read(ctx context.Context, content json.RawMessage, path string) (text string, spoken bool, err error) {
	if json.Unmarshal(content, &text) == nil {
		return text, false, nil
	}
	var parts []chatPart
	if err := json.Unmarshal(content, &parts); err != nil {
		return "", false, &mistake{path, "Expected a string or a list of content parts."}
	}
	var texts []string
	for i, part := range parts {
		path := fmt.Sprintf("%s[%d]", path, i)
		switch part.Type {
		case "text":
			texts = append(texts, part.Text)
		case "input_audio":
			heard, err := s.listen(ctx, part, path)
			if err != nil {
				return "", false, err
			}
			texts, spoken = append(texts, heard), true
		default:
			return "", false, &mistake{path + ".type", fmt.Sprintf("Expected text or input_audio, not %q.", part.Type)}
		}
	}
	return strings.Join(texts, " "), spoken, nil
}

func (s *Server) listen(ctx context.Context, part chatPart, path string) (string, error) {
	if part.InputAudio.Format != "wav" {
		return "", &mistake{path + ".input_audio.format", fmt.Sprintf("This server takes wav, not %q.", part.InputAudio.Format)}
	}
	data, err := base64.StdEncoding.DecodeString(part.InputAudio.Data)
	if err != nil {
		return "", &mistake{path + ".input_audio.data", "Expected base64."}
	}
	clip, _, err := audio.DecodeWAV(data)
	if err != nil {
		return "", &mistake{path + ".input_audio.data", "Expected a WAV file: " + err.Error()}
	}
	return s.agent.Hear(ctx, clip.Resample(agentRate).PCM())
}
