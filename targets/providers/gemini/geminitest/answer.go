package geminitest

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Agent answers requests.
type Agent func(r *Request) Answer

// Answer is what an agent answers.
type Answer struct {
	Text, Thought string
	// Signature is the service's of the last part.
	Signature string
	Calls     []Call
	// Sound is raw sound of 24 kHz.
	Sound []byte
	// Finish is the reason of the end; "" is STOP.
	Finish string
}

// Call is a call of a function; Args is a JSON object. ID may be "".
type Call struct{ ID, Name, Args string }

// Echo answers with the text of the last content.
func Echo(r *Request) Answer { return Answer{Text: r.last().Texts()} }

// Recall answers with the texts of all contents of the user.
func Recall(r *Request) Answer {
	var said []string
	for _, c := range r.Contents {
		if c.Role == "user" {
			said = append(said, c.Texts())
		}
	}
	return Answer{Text: strings.Join(said, " then ")}
}

// Obey answers with the system instruction.
func Obey(r *Request) Answer {
	if r.SystemInstruction == nil {
		return Answer{Text: "no instructions"}
	}
	return Answer{Text: r.SystemInstruction.Texts()}
}

// object is a JSON object.
type object = map[string]any

func (a Answer) finish() string {
	if a.Finish == "" {
		return "STOP"
	}
	return a.Finish
}

// usage counts a token for each word.
func (a Answer) usage(r *Request) object {
	in := 0
	for _, c := range r.Contents {
		in += len(strings.Fields(c.Texts()))
	}
	out, thought := len(strings.Fields(a.Text)), len(strings.Fields(a.Thought))
	return object{
		"promptTokenCount": in, "candidatesTokenCount": out, "thoughtsTokenCount": thought, "cachedContentTokenCount": 1, "toolUsePromptTokenCount": 2,
		"totalTokenCount":         in + out + thought + 2,
		"promptTokensDetails":     []any{object{"modality": "TEXT", "tokenCount": in}},
		"candidatesTokensDetails": []any{object{"modality": "TEXT", "tokenCount": out}},
	}
}

// document is a response with candidates.
func (a Answer) document(r *Request, candidates ...any) object {
	d := object{"responseId": "r1", "modelVersion": r.Model, "usageMetadata": a.usage(r)}
	if candidates != nil {
		d["candidates"] = candidates
	}
	return d
}

func candidate(finish string, parts ...any) object {
	c := object{"index": 0}
	if len(parts) > 0 {
		c["content"] = object{"role": "model", "parts": parts}
	}
	if finish != "" {
		c["finishReason"] = finish
	}
	return c
}

// parts are the parts of the answer; a text is one for each piece.
func (a Answer) parts(pieces func(string) []string) []any {
	var parts []any
	for _, piece := range pieces(a.Thought) {
		parts = append(parts, object{"text": piece, "thought": true})
	}
	for _, piece := range pieces(a.Text) {
		parts = append(parts, object{"text": piece})
	}
	if len(a.Sound) > 0 {
		half := len(a.Sound) / 4 * 2
		for _, sound := range [][]byte{a.Sound[:half], a.Sound[half:]} {
			parts = append(parts, object{"inlineData": object{"mimeType": "audio/L16;codec=pcm;rate=24000", "data": base64.StdEncoding.EncodeToString(sound)}})
		}
	}
	for _, c := range a.Calls {
		call := object{"name": c.Name, "args": json.RawMessage(c.Args)}
		if c.ID != "" {
			call["id"] = c.ID
		}
		parts = append(parts, object{"functionCall": call})
	}
	if a.Signature != "" && len(parts) > 0 {
		parts[len(parts)-1].(object)["thoughtSignature"] = a.Signature
	}
	return parts
}

func whole(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// words are the words of a text, none of an empty one.
func words(text string) []string {
	if text == "" {
		return nil
	}
	return clienttest.Words(text)
}

// whole is the answer in one piece.
func (a Answer) whole(r *Request) object {
	return a.document(r, candidate(a.finish(), a.parts(whole)...))
}

// events are the answer in pieces: a part in each, and the end.
func (a Answer) events(r *Request) []object {
	var events []object
	end := a.document(r, candidate(a.finish()))
	for _, part := range a.parts(words) {
		event := maps.Clone(end)
		usage := maps.Clone(end["usageMetadata"].(object))
		usage["candidatesTokenCount"] = 1 // it is counted up to the last event
		event["candidates"], event["usageMetadata"] = []any{candidate("", part)}, usage
		events = append(events, event)
	}
	return append(events, end)
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // objects of texts and numbers always encode
	}
	return data
}
