package chat

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
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
	// Groq is what Groq says of a stream: why it was stopped, and its usage.
	Groq struct {
		Error json.RawMessage `json:"error"`
		Usage *usage          `json:"usage"`
	} `json:"x_groq"`
	// Guardrail is Bedrock's, which is INTERVENED where it replaced the reply.
	Guardrail string `json:"amazon-bedrock-guardrailAction"`
	// InputSensitive and OutputSensitive are MiniMax's.
	InputSensitive  bool `json:"input_sensitive"`
	OutputSensitive bool `json:"output_sensitive"`
}

// flagged returns which filters beside Azure's objected to the reply, and to the messages.
func (c *completion) flagged() (reply, prompt []string) {
	if strings.HasSuffix(c.Guardrail, "INTERVENED") {
		reply = append(reply, "guardrail")
	}
	if c.OutputSensitive {
		reply = append(reply, "output_sensitive")
	}
	if c.InputSensitive {
		prompt = append(prompt, "input_sensitive")
	}
	return reply, prompt
}

// failed reports whether the answer or event, whose JSON is data, is an error. One that
// has a choice, a usage or what a filter says is none for an error that says nothing, or
// for members that the protocol does not have.
func (c *completion) failed(data []byte) bool {
	if !service.Empty(c.Groq.Error) {
		return true
	}
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
	Index        int     `json:"index"`
	Message      *said   `json:"message"`
	Delta        *said   `json:"delta"`
	FinishReason *string `json:"finish_reason"`
	// Native is the reason that the provider behind OpenRouter gave.
	Native string                  `json:"native_finish_reason"`
	Filter openaiapi.FilterResults `json:"content_filter_results"`
	// Error is OpenRouter's, with finish_reason "error".
	Error json.RawMessage `json:"error"`
}

// said is a message of the assistant, or a piece of one.
type said struct {
	Content      content   `json:"content"`
	Refusal      refusal   `json:"refusal"`
	Audio        *sound    `json:"audio"`
	ToolCalls    []call    `json:"tool_calls"`
	FunctionCall *function `json:"function_call"`
	// What the model thinks: DeepSeek, vLLM, llama.cpp and LiteLLM call it
	// reasoning_content, OpenRouter, Ollama and newer versions of vLLM reasoning.
	ReasoningContent content `json:"reasoning_content"`
	Reasoning        content `json:"reasoning"`
}

// refusal is what a service gives as the model's refusal.
type refusal struct {
	text string
	// given says that there is one, which need not have words.
	given bool
}

// UnmarshalJSON reads a text, or anything else that is not the form of nothing.
func (r *refusal) UnmarshalJSON(data []byte) error {
	*r = refusal{given: !service.Empty(data)}
	r.text, _ = lenient.Text(data) // what is no text has no words
	return nil
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
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	if text, ok := lenient.Text(data); ok {
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
		c.text, _ = lenient.Text(data)
		return nil
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
	if plain, ok := lenient.Text(data); ok {
		c.text += plain
		return
	}
	var part struct {
		Type     string   `json:"type"`
		Text     *content `json:"text"`
		Refusal  string   `json:"refusal"`
		Thinking content  `json:"thinking"` // Mistral
	}
	_ = json.Unmarshal(data, &part) // fields of other types are left out
	switch part.Type {
	case "refusal":
		c.refusal += part.Refusal
	case "thinking", "reasoning":
		c.reasoning += part.Thinking.text + part.Text.said()
	case "", "text", "output_text":
		if part.Text == nil && part.Type == "" {
			c.text += source(data) // it may be what was said
		}
		c.text += part.Text.said()
	default:
		c.unknown = append(c.unknown, part.Type)
	}
}

// said is the text of a content; "" for nil.
func (c *content) said() string {
	if c == nil {
		return ""
	}
	return c.text
}

// source is an object that is no part, as JSON; "" where it says nothing.
func source(data json.RawMessage) string {
	if service.Empty(data) {
		return ""
	}
	return string(data)
}

// usage is what the service counts. A field is nil where it does not say.
type usage struct {
	Prompt     *lenient.Count `json:"prompt_tokens"`
	Completion *lenient.Count `json:"completion_tokens"`
	In         struct {
		Cached *lenient.Count `json:"cached_tokens"`
		Audio  *lenient.Count `json:"audio_tokens"`
		Image  *lenient.Count `json:"image_tokens"`
		Text   *lenient.Count `json:"text_tokens"`
	} `json:"prompt_tokens_details"`
	Out struct {
		Reasoning *lenient.Count `json:"reasoning_tokens"`
		Audio     *lenient.Count `json:"audio_tokens"`
		Text      *lenient.Count `json:"text_tokens"`
	} `json:"completion_tokens_details"`
}

// says reports whether there is a count at all.
func (u *usage) says() bool { return u != nil && u.Prompt.Tokens()+u.Completion.Tokens() > 0 }

// usage returns the counts for the record.
func (u *usage) usage() core.Usage {
	if u == nil {
		return core.Usage{}
	}
	return core.Usage{
		InputTokens: u.Prompt.Tokens(), OutputTokens: u.Completion.Tokens(), CachedInputTokens: u.In.Cached.Tokens(),
		InputAudioTokens: u.In.Audio.Tokens(), InputImageTokens: u.In.Image.Tokens(), InputTextTokens: u.In.Text.Tokens(),
		OutputAudioTokens: u.Out.Audio.Tokens(), OutputTextTokens: u.Out.Text.Tokens(),
		OutputReasoningTokens: u.Out.Reasoning.Tokens(),
	}
}

// counted returns the tokens of the reply; -1 where the service does not say.
func (u *usage) counted() int64 {
	if u == nil || u.Completion == nil {
		return -1
	}
	return int64(*u.Completion)
}

// given returns the tokens of the conversation, those of a cache included; 0 where the
// service does not say. They are added to the others, which some services leave them
// out of.
func (u *usage) given() int64 {
	if u == nil {
		return 0
	}
	return u.Prompt.Tokens() + u.In.Cached.Tokens()
}
