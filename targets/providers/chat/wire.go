package chat

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// completion is an answer, or one event of a streamed one. Fields have the types that
// servers send, which are more than the protocol has.
type completion struct {
	Choices     []choice        `json:"choices"`
	Usage       *usage          `json:"usage"`
	Error       json.RawMessage `json:"error"`
	Fingerprint string          `json:"system_fingerprint"`
	// PromptFilter is what Azure's filter says of the messages.
	PromptFilter []struct {
		Results openaiapi.FilterResults `json:"content_filter_results"`
	} `json:"prompt_filter_results"`
}

// failed reports whether the answer or event, whose JSON is data, is an error. One that
// has a choice, a usage or what a filter says is none for an error that says nothing, or
// for members that the protocol does not have.
func (c *completion) failed(data []byte) bool {
	if len(c.Choices) > 0 || c.Usage != nil || len(c.PromptFilter) > 0 {
		return !service.Empty(c.Error)
	}
	return service.IsError(data)
}

// first returns the index of the first of the choices, which need not have the index 0.
func (c *completion) first() int {
	return slices.MinFunc(c.Choices, func(a, b choice) int { return a.Index - b.Index }).Index
}

// choice is one of the answers.
type choice struct {
	Index        int                     `json:"index"`
	Message      *said                   `json:"message"`
	Delta        *said                   `json:"delta"`
	FinishReason *string                 `json:"finish_reason"`
	Filter       openaiapi.FilterResults `json:"content_filter_results"`
	// Error is OpenRouter's, with finish_reason "error".
	Error json.RawMessage `json:"error"`
}

// said is a message of the assistant, or a piece of one.
type said struct {
	Content      content   `json:"content"`
	Refusal      *string   `json:"refusal"`
	Audio        *sound    `json:"audio"`
	ToolCalls    []call    `json:"tool_calls"`
	FunctionCall *function `json:"function_call"`
	// What the model thinks: DeepSeek, vLLM, llama.cpp and LiteLLM call it
	// reasoning_content, OpenRouter, Ollama and newer versions of vLLM reasoning.
	ReasoningContent content `json:"reasoning_content"`
	Reasoning        content `json:"reasoning"`
}

// sound is speech of the assistant.
type sound struct {
	ID         string `json:"id"`
	Data       string `json:"data"`
	Transcript string `json:"transcript"`
	ExpiresAt  int64  `json:"expires_at"`
}

// call is a call of a tool.
type call struct {
	// Index is nil where the server leaves it out.
	Index    *int     `json:"index"`
	ID       string   `json:"id"`
	Function function `json:"function"`
	Custom   *struct {
		Name  string `json:"name"`
		Input string `json:"input"`
	} `json:"custom"`
	// Extra is what Gemini's compatible API wants back with a call.
	Extra json.RawMessage `json:"extra_content"`
}

type function struct {
	Name      string    `json:"name"`
	Arguments arguments `json:"arguments"`
}

// arguments are JSON in a text. Ollama, llama.cpp and others send the JSON itself.
type arguments string

// UnmarshalJSON reads a text, or any other JSON as its text.
func (a *arguments) UnmarshalJSON(data []byte) error {
	var text string
	switch {
	case bytes.Equal(data, []byte("null")):
		return nil
	case json.Unmarshal(data, &text) == nil:
		*a = arguments(text)
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return err
	}
	*a = arguments(compact.String())
	return nil
}

// content is the content of a message: a text, or a list of parts.
type content struct {
	text, reasoning, refusal string
	// unknown are types of parts that are not read.
	unknown []string
}

// UnmarshalJSON reads a text, or a list of parts.
func (c *content) UnmarshalJSON(data []byte) error {
	*c = content{}
	switch {
	case len(data) == 0 || bytes.Equal(data, []byte("null")):
		return nil
	case data[0] == '"':
		return json.Unmarshal(data, &c.text)
	case data[0] == '[':
		var parts []json.RawMessage
		if err := json.Unmarshal(data, &parts); err != nil {
			return err
		}
		for _, p := range parts {
			c.addPart(p)
		}
		return nil
	case data[0] == '{':
		c.addPart(data)
		return nil
	}
	c.text = string(data) // a number or a truth value
	return nil
}

// addPart reads one part of a list.
func (c *content) addPart(data json.RawMessage) {
	var plain string
	if json.Unmarshal(data, &plain) == nil {
		c.text += plain
		return
	}
	var part struct {
		Type     string  `json:"type"`
		Text     content `json:"text"`
		Refusal  string  `json:"refusal"`
		Thinking content `json:"thinking"` // Mistral
	}
	_ = json.Unmarshal(data, &part) // fields of other types are left out
	switch part.Type {
	case "refusal":
		c.refusal += part.Refusal
	case "thinking", "reasoning":
		c.reasoning += part.Thinking.text + part.Text.text
	case "", "text", "output_text":
		c.text += part.Text.text
	default:
		c.unknown = append(c.unknown, part.Type)
	}
}

// usage is what the service counts. A field is nil where it does not say.
type usage struct {
	Prompt     *int64 `json:"prompt_tokens"`
	Completion *int64 `json:"completion_tokens"`
	In         struct {
		Cached int64 `json:"cached_tokens"`
		Audio  int64 `json:"audio_tokens"`
		Image  int64 `json:"image_tokens"`
		Text   int64 `json:"text_tokens"`
	} `json:"prompt_tokens_details"`
	Out struct {
		Reasoning int64 `json:"reasoning_tokens"`
		Audio     int64 `json:"audio_tokens"`
		Text      int64 `json:"text_tokens"`
	} `json:"completion_tokens_details"`
}

// usage returns the counts for the record.
func (u *usage) usage() core.Usage {
	if u == nil {
		return core.Usage{}
	}
	return core.Usage{
		InputTokens: number(u.Prompt), OutputTokens: number(u.Completion), CachedInputTokens: max(u.In.Cached, 0),
		InputAudioTokens: max(u.In.Audio, 0), InputImageTokens: max(u.In.Image, 0), InputTextTokens: max(u.In.Text, 0),
		OutputAudioTokens: max(u.Out.Audio, 0), OutputTextTokens: max(u.Out.Text, 0),
		OutputReasoningTokens: max(u.Out.Reasoning, 0),
	}
}

// counted returns the tokens of the reply; -1 where the service does not say.
func (u *usage) counted() int64 {
	if u == nil || u.Completion == nil {
		return -1
	}
	return *u.Completion
}

// given returns the tokens of the conversation, those of a cache included; 0 where the
// service does not say. They are added to the others, which some services leave them
// out of.
func (u *usage) given() int64 {
	if u == nil {
		return 0
	}
	return number(u.Prompt) + max(u.In.Cached, 0)
}

func number(n *int64) int64 {
	if n == nil {
		return 0
	}
	return max(*n, 0)
}
