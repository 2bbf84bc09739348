package realtimetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// responseParams is the body of response.create.
type responseParams struct {
	Conversation string            `json:"conversation"`
	Input        []json.RawMessage `json:"input"`
	Metadata     map[string]string `json:"metadata"`
	Audio        struct {
		Output struct {
			Format any `json:"format"`
			Voice  any `json:"voice"`
		} `json:"output"`
	} `json:"audio"`
	Instructions     any `json:"instructions"`
	OutputModalities any `json:"output_modalities"`
	MaxOutputTokens  any `json:"max_output_tokens"`
	Tools            any `json:"tools"`
	ToolChoice       any `json:"tool_choice"`
	ParallelCalls    any `json:"parallel_tool_calls"`
	Reasoning        any `json:"reasoning"`
	Prompt           any `json:"prompt"`
}

// The protocol's limits on metadata.
const (
	maxMetadata      = 16
	maxMetadataKey   = 64
	maxMetadataValue = 512
)

// newResponse copies what a response needs, so that it works on the
// conversation as it is at its beginning.
func (c *conn) newResponse(ctx context.Context, params responseParams) (*response, *protocolError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session.transcribes() {
		return nil, &protocolError{Code: "invalid_value", Message: "Responses are not available in transcription sessions."}
	}
	if params.Conversation != "" {
		if problem := oneOf("auto", "none")("response.conversation", params.Conversation); problem != nil {
			return nil, problem
		}
	}
	if problem := checkMetadata(params.Metadata); problem != nil {
		return nil, problem
	}
	own, problem := params.override(c.session)
	if problem != nil {
		return nil, problem
	}
	r := &response{
		conn: c, id: newID("resp_"), inBand: params.Conversation != "none",
		items: slices.Clone(c.items), session: own, metadata: params.Metadata,
	}
	if voice := own.at("audio", "output", "voice"); r.inBand && c.spoke && !equal(voice, c.session.at("audio", "output", "voice")) {
		return nil, voiceIsFixed("response.audio.output.voice")
	}
	r.out, _ = formatOf(own.at("audio", "output", "format"))
	modalities, _ := own.values["output_modalities"].([]any)
	r.modality = asString(modalities[0])
	if params.Input != nil {
		r.items, problem = c.inputOf(ctx, params.Input)
	}
	return r, problem
}

// override returns the session with the response's overrides.
func (p responseParams) override(s session) (session, *protocolError) {
	given := map[string]any{
		"instructions": p.Instructions, "output_modalities": p.OutputModalities, "max_output_tokens": p.MaxOutputTokens,
		"tools": p.Tools, "parallel_tool_calls": p.ParallelCalls, "reasoning": p.Reasoning, "prompt": p.Prompt,
		"audio.output.format": p.Audio.Output.Format, "audio.output.voice": p.Audio.Output.Voice,
	}
	for _, setting := range settings() {
		v := given[setting.path]
		if v == nil {
			continue
		}
		if problem := setting.check("response."+setting.path, v); problem != nil {
			return s, problem
		}
		s = s.with(setting.path, v)
	}
	if p.ToolChoice != nil {
		s = s.with("tool_choice", p.ToolChoice)
		return s, checkToolChoice("response.tool_choice", p.ToolChoice, s.values["tools"])
	}
	return s, nil
}

func checkMetadata(metadata map[string]string) *protocolError {
	const path = "response.metadata"
	if len(metadata) > maxMetadata {
		return invalid("object_above_max_properties", path, fmt.Sprintf("Invalid '%s': expected at most %d keys.", path, maxMetadata))
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		if utf8.RuneCountInString(key) > maxMetadataKey || utf8.RuneCountInString(metadata[key]) > maxMetadataValue {
			return invalid("string_above_max_length", path, fmt.Sprintf("Invalid '%s': keys have at most %d characters, values %d.",
				path, maxMetadataKey, maxMetadataValue))
		}
	}
	return nil
}

// inputOf reads the items of response.create's input, which replace the
// conversation: new items, and references to items of the conversation.
func (c *conn) inputOf(ctx context.Context, input []json.RawMessage) ([]*item, *protocolError) {
	in, _ := formatOf(c.session.at("audio", "input", "format"))
	var items []*item
	for i, raw := range input {
		prefix := fmt.Sprintf("response.input[%d].", i)
		it, problem := c.referred(raw, prefix)
		if it == nil && problem == nil {
			it, problem = c.parseItem(ctx, raw, in, prefix)
		}
		if problem == nil {
			problem = checkCall(it, items, prefix)
		}
		if problem != nil {
			return nil, problem
		}
		items = append(items, it)
	}
	return items, nil
}

// referred returns the item that a reference names; nil for none.
func (c *conn) referred(raw json.RawMessage, prefix string) (*item, *protocolError) {
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil || kind.Type != "item_reference" {
		return nil, nil
	}
	var reference struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	}
	if problem := decodeStrictly(raw, &reference, prefix); problem != nil {
		return nil, problem
	}
	i := c.find(reference.ID)
	if i < 0 {
		return nil, invalid("invalid_value", prefix+"id", fmt.Sprintf("Item with id '%s' not found.", reference.ID))
	}
	return c.items[i], nil
}
