package api

import (
	"encoding/json"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
)

// geminiSchema checks a request of Gemini's API.
func geminiSchema() strict.Check {
	blob := strict.Object(strict.Keys{
		"mimeType": strict.OneOf("audio/wav", "image/png", "image/jpeg", "image/gif"), "data": strict.Text,
	}, "mimeType", "data")
	part := strict.Object(strict.Keys{
		"text": strict.Text, "thought": strict.Bool, "thoughtSignature": strict.Text, "inlineData": blob,
		"functionCall":     strict.Object(strict.Keys{"id": strict.Text, "name": toolName, "args": strict.Map}, "name"),
		"functionResponse": strict.Object(strict.Keys{"id": strict.Text, "name": toolName, "response": strict.Map}, "name", "response"),
	})
	content := func(roles ...string) strict.Check {
		return strict.Object(strict.Keys{"role": strict.OneOf(roles...), "parts": strict.List(1, part)}, "parts")
	}
	return strict.Object(strict.Keys{
		"contents": strict.List(1, content("user", "model", "function")), "systemInstruction": content("user", "system"),
		"generationConfig": strict.Object(strict.Keys{
			"temperature": strict.Number(0, 2), "topP": strict.Number(0, 1), "topK": strict.Number(0, maxWords), "seed": strict.Integer(-1<<31, 1<<31),
			"maxOutputTokens": strict.Integer(1, maxWords), "stopSequences": strict.List(0, strict.Text), "candidateCount": strict.Only(1.0, strict.Integer(1, 8)),
			"presencePenalty": strict.Number(-2, 2), "frequencyPenalty": strict.Number(-2, 2),
			"responseMimeType":   strict.Only("text/plain", strict.OneOf("text/plain", "application/json")),
			"responseModalities": strict.List(0, strict.Only("TEXT", strict.OneOf("TEXT", "IMAGE", "AUDIO"))),
			"thinkingConfig":     strict.Map,
		}),
		"tools": strict.List(0, strict.Object(strict.Keys{"functionDeclarations": strict.List(0, strict.Object(strict.Keys{
			"name": toolName, "description": strict.Text, "parameters": strict.Map, "parametersJsonSchema": strict.Map,
			"parameters_json_schema": strict.Map, // as google-genai 3.6.1 for Python writes it; Google's servers take either form
		}, "name"))})),
		"toolConfig": strict.Object(strict.Keys{"functionCallingConfig": strict.Object(strict.Keys{
			"mode": strict.OneOf("AUTO", "ANY", "NONE", "VALIDATED"), "allowedFunctionNames": strict.List(0, strict.Text),
		})}),
		"safetySettings": strict.List(0, strict.Object(strict.Keys{"category": strict.Text, "threshold": strict.Text}, "category", "threshold")),
		"labels":         strict.Map,
	}, "contents")
}

// generation is the answer of Gemini's API.
type generation struct {
	id, model string
	// blocked says that the prompt was blocked: there is no candidate.
	blocked bool
	reply
}

func (g generation) body() map[string]any {
	return map[string]any{"responseId": g.id, "modelVersion": g.model, "usageMetadata": map[string]any{
		"promptTokenCount": g.asked, "candidatesTokenCount": g.said, "totalTokenCount": g.asked + g.said,
	}}
}

// candidate returns a candidate; finish is "" before the last chunk.
func (g generation) candidate(finish string, parts ...any) map[string]any {
	c := map[string]any{"index": 0}
	if len(parts) > 0 {
		c["content"] = map[string]any{"role": "model", "parts": parts}
	}
	if finish != "" {
		c["finishReason"] = finish
	}
	return c
}

func (g generation) finishReason() string {
	switch g.finish {
	case finishLength:
		return "MAX_TOKENS"
	case finishFilter:
		return "SAFETY"
	}
	return "STOP"
}

func (g generation) parts() []any {
	var parts []any
	for _, c := range g.calls {
		parts = append(parts, map[string]any{"functionCall": map[string]any{"id": c.id, "name": c.Name, "args": json.RawMessage(c.Arguments)}})
	}
	// A refusal has no field of its own here.
	if text := g.text + g.refusal; text != "" {
		parts = append(parts, map[string]any{"text": text})
	}
	return parts
}

func (g generation) whole() map[string]any {
	body := g.body()
	if g.blocked {
		body["promptFeedback"] = map[string]any{"blockReason": "PROHIBITED_CONTENT"}
		return body
	}
	body["candidates"] = []any{g.candidate(g.finishReason(), g.parts()...)}
	return body
}

// events are the generation as server-sent events, word by word.
func (g generation) events() []fault.Event {
	if g.blocked || g.calls != nil || g.text+g.refusal == "" {
		return []fault.Event{{Data: g.whole()}}
	}
	var events []fault.Event
	for _, piece := range pieces(g.text + g.refusal) {
		body := g.body()
		body["candidates"] = []any{g.candidate("", map[string]any{"text": piece})}
		events = append(events, fault.Event{Data: body})
	}
	last := g.body()
	last["candidates"] = []any{g.candidate(g.finishReason(), map[string]any{"text": ""})}
	return append(events, fault.Event{Data: last, End: true})
}

func (g generation) failure() fault.Event {
	return fault.Event{Data: map[string]any{"error": map[string]any{"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}}
}

func (g generation) unknown() fault.Event {
	return fault.Event{Data: map[string]any{"responseId": g.id, "novelty": true}}
}
