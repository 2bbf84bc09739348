package geminitest

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
	// Model and Stream are said by the address.
	Model  string `json:"-"`
	Stream bool   `json:"-"`

	Contents          []Content       `json:"contents"`
	SystemInstruction *Content        `json:"systemInstruction"`
	GenerationConfig  json.RawMessage `json:"generationConfig"`
	Tools             json.RawMessage `json:"tools"`
	ToolConfig        json.RawMessage `json:"toolConfig"`
	SafetySettings    json.RawMessage `json:"safetySettings"`
	CachedContent     string          `json:"cachedContent"`
	Labels            json.RawMessage `json:"labels"`
}

// Content is one message of a conversation.
type Content struct {
	Role  string `json:"role"`
	Parts []Part `json:"parts"`
}

// Part is one part of a content.
type Part struct {
	Text             *string `json:"text"`
	Thought          bool    `json:"thought"`
	ThoughtSignature string  `json:"thoughtSignature"`
	InlineData       *struct {
		MIMEType string `json:"mimeType"`
		Data     string `json:"data"`
	} `json:"inlineData"`
	FunctionCall *struct {
		ID   string         `json:"id"`
		Name string         `json:"name"`
		Args map[string]any `json:"args"`
	} `json:"functionCall"`
	FunctionResponse *struct {
		ID       string         `json:"id"`
		Name     string         `json:"name"`
		Response map[string]any `json:"response"`
	} `json:"functionResponse"`
	ExecutableCode      json.RawMessage `json:"executableCode"`
	CodeExecutionResult json.RawMessage `json:"codeExecutionResult"`
	ToolCall            json.RawMessage `json:"toolCall"`
	ToolResponse        json.RawMessage `json:"toolResponse"`
	FileData            json.RawMessage `json:"fileData"`
	PartMetadata        json.RawMessage `json:"partMetadata"`
}

// Texts returns the texts of a content, joined by line ends.
func (c Content) Texts() string {
	var texts []string
	for _, p := range c.Parts {
		if p.Text != nil {
			texts = append(texts, *p.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// last is the last content.
func (r *Request) last() Content { return r.Contents[len(r.Contents)-1] }

// parse reads a request, and returns what is wrong with it; "" for nothing.
func parse(body []byte, r *Request) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(r); err != nil {
		return "Invalid JSON payload received. " + err.Error()
	}
	if len(r.Contents) == 0 {
		return "* GenerateContentRequest.contents: contents is not specified"
	}
	var calls []string // of the content before, by identifier and name
	for i, c := range r.Contents {
		called, answered, wrong := c.check()
		switch {
		case wrong != "":
			return fmt.Sprintf("* GenerateContentRequest.contents[%d]: %s", i, wrong)
		case !slices.Equal(calls, answered):
			return fmt.Sprintf("Please ensure that function response turn comes immediately after a function call turn, with as many parts: %q after %q", answered, calls)
		}
		calls = called
	}
	if len(calls) > 0 {
		return "the last calls have no response"
	}
	return ""
}

// check returns the calls and the responses of a content, and what is wrong with it.
func (c Content) check() (called, answered []string, wrong string) {
	switch {
	case c.Role != "user" && c.Role != "model":
		return nil, nil, "Please use a valid role: user, model."
	case len(c.Parts) == 0:
		return nil, nil, "contents.parts must not be empty."
	}
	for j, p := range c.Parts {
		if wrong := p.check(); wrong != "" {
			return nil, nil, fmt.Sprintf("parts[%d]: %s", j, wrong)
		}
		if p.FunctionCall != nil {
			called = append(called, p.FunctionCall.ID+" "+p.FunctionCall.Name)
		}
		if p.FunctionResponse != nil {
			answered = append(answered, p.FunctionResponse.ID+" "+p.FunctionResponse.Name)
		}
	}
	return called, answered, ""
}

// isHosted reports whether a part is about a call that the service carries out itself.
func (p Part) isHosted() bool {
	return p.ExecutableCode != nil || p.CodeExecutionResult != nil || p.ToolCall != nil || p.ToolResponse != nil
}

// check returns what is wrong with a part.
func (p Part) check() string {
	switch {
	case p.FunctionCall != nil && p.FunctionCall.Name == "":
		return "a call without a name"
	case p.FunctionResponse != nil && p.FunctionResponse.Response == nil:
		return "a response without a response"
	case p.InlineData != nil:
		if data, err := base64.StdEncoding.DecodeString(p.InlineData.Data); err != nil || len(data) == 0 || p.InlineData.MIMEType == "" {
			return "data that is not base64 of a type"
		}
	case p.Thought:
		return "a thought is sent back"
	case p.FunctionCall == nil && p.FunctionResponse == nil && !p.isHosted() && (p.Text == nil || *p.Text == "" && p.ThoughtSignature == ""):
		return "required oneof field 'data' must have one initialized field"
	}
	return ""
}
