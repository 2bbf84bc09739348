package chat

import (
	"encoding/json"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/media"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// The functions of this file encode messages: each once, when it becomes part of a
// conversation.

// encode returns the JSON of a message.
func encode(m openai.ChatCompletionMessageParamUnion) (json.RawMessage, error) {
	data, err := m.MarshalJSON()
	if err != nil {
		return nil, core.Errorf(core.ErrorInternal, "encoding a message: %w", err)
	}
	return data, nil
}

// system encodes the system prompt.
func (c *Config) system(prompt string) (json.RawMessage, error) {
	text, err := media.Text(core.TextValue(prompt))
	if err != nil {
		return nil, err
	}
	if c.SystemRole == "developer" {
		return encode(openai.DeveloperMessage(text))
	}
	return encode(openai.SystemMessage(text))
}

// user encodes a user's message: as a text where it holds only texts, which a line
// break joins, and as a list of parts where it holds anything else. Servers are known
// that drop a list of texts. before is put before its text, with a blank line between;
// "" for nothing.
func (c *Config) user(m core.Message, before string) (json.RawMessage, error) {
	var parts []openai.ChatCompletionContentPartUnionParam
	if before != "" {
		parts = append(parts, openai.TextContentPart(before))
	}
	var texts []string
	for _, p := range m.Parts {
		part, err := c.part(p.Value)
		if err != nil {
			return nil, err
		}
		if part.OfText != nil {
			texts = append(texts, part.OfText.Text)
		}
		parts = append(parts, part)
	}
	switch {
	case len(m.Parts) == 0:
		return nil, core.Errorf(core.ErrorInput, "the message has no parts")
	case len(texts) < len(m.Parts):
		return encode(openai.UserMessage(parts))
	}
	text := strings.Join(texts, "\n")
	if before != "" {
		text = before + "\n\n" + text
	}
	return encode(openai.UserMessage(text))
}

// part encodes one part of a user's message.
func (c *Config) part(v core.Value) (openai.ChatCompletionContentPartUnionParam, error) {
	var none openai.ChatCompletionContentPartUnionParam
	switch v.Modality {
	case core.Text:
		text, err := media.Text(v)
		return openai.TextContentPart(text), err
	case core.Image:
		url, err := media.DataURL(v)
		if err != nil {
			return none, err
		}
		image := openai.ChatCompletionContentPartImageImageURLParam{URL: url}
		if c.ImageDetail != "default" {
			image.Detail = c.ImageDetail
		}
		return openai.ImageContentPart(image), nil
	case core.Audio:
		format, data, err := media.Sound(v)
		return openai.InputAudioContentPart(openai.ChatCompletionContentPartInputAudioInputAudioParam{Data: data, Format: format}), err
	}
	return none, core.Errorf(core.ErrorUnsupported, "a chat service takes no %s in a user's message", v.Modality)
}

// assistant is a message of the assistant.
type assistant struct {
	text, refusal string
	// audio is the service's identifier of what was spoken; "" for none.
	audio string
	calls []sentCall
}

// sentCall is a call with what the service wants back with it.
type sentCall struct {
	tool.Call
	extra json.RawMessage
	// function says that it is a call of the protocol's former form, without an
	// identifier.
	function bool
}

func (a assistant) encode() (json.RawMessage, error) {
	var m openai.ChatCompletionAssistantMessageParam
	switch {
	case a.audio != "":
		m.Audio.ID = a.audio
	case a.refusal != "":
		m.Refusal = openai.String(a.refusal)
	case a.text != "" || len(a.calls) == 0:
		m.Content.OfString = openai.String(a.text)
	}
	for _, c := range a.calls {
		if c.function {
			//nolint:staticcheck // the former protocol, in which the server called it
			m.FunctionCall = openai.ChatCompletionAssistantMessageParamFunctionCall{Name: c.Name, Arguments: c.Arguments}
			continue
		}
		f := openai.ChatCompletionMessageFunctionToolCallParam{
			ID: c.ID, Function: openai.ChatCompletionMessageFunctionToolCallFunctionParam{Name: c.Name, Arguments: c.Arguments},
		}
		if !lenient.IsNull(c.extra) {
			f.SetExtraFields(map[string]any{"extra_content": c.extra})
		}
		m.ToolCalls = append(m.ToolCalls, openai.ChatCompletionMessageToolCallUnionParam{OfFunction: &f})
	}
	return encode(openai.ChatCompletionMessageParamUnion{OfAssistant: &m})
}

// assistantOf returns what a message of a campaign's history says.
func assistantOf(m core.Message) (assistant, error) {
	var a assistant
	var texts []string
	for _, p := range m.Parts {
		switch p.Modality {
		case core.Text:
			text, err := media.Text(p.Value)
			if err != nil {
				return a, err
			}
			texts = append(texts, text)
		case core.ToolCall:
			call, err := tool.ReadCall(p.Value)
			if err != nil {
				return a, err
			}
			a.calls = append(a.calls, sentCall{Call: call})
		case core.Audio, core.Reasoning: // what it spoke is in the transcript
		default:
			return a, core.Errorf(core.ErrorUnsupported, "a chat service takes no %s of the assistant", p.Modality)
		}
	}
	a.text = strings.Join(texts, "\n")
	if a.text == "" && len(m.Of(core.Audio)) > 0 {
		return a, core.Errorf(core.ErrorUnsupported, "a chat service takes no audio of the assistant, and the message has no transcript")
	}
	return a, nil
}

// result encodes the result of a call.
func result(c sentCall, output string) (json.RawMessage, error) {
	text, err := media.Text(core.TextValue(output))
	if err != nil {
		return nil, err
	}
	if c.function {
		//nolint:staticcheck // the former protocol, in which the server called it
		return encode(openai.ChatCompletionMessageParamUnion{OfFunction: &openai.ChatCompletionFunctionMessageParam{Name: c.Name, Content: param.NewOpt(text)}})
	}
	return encode(openai.ToolMessage(text, c.ID))
}
