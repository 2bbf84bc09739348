package geminitest

import (
	"encoding/json"
	"maps"
	"strings"
)

// each changes each document.
func each(change func(object)) behaviour {
	return behaviour{change: func(_ *Request, documents []object) []object {
		for _, d := range documents {
			change(d)
		}
		return documents
	}}
}

// eachPart changes each part that is said.
func eachPart(change func(object)) behaviour {
	return each(func(d object) {
		content, _ := first(d)["content"].(object)
		parts, _ := content["parts"].([]any)
		for _, p := range parts {
			change(p.(object))
		}
	})
}

// further adds parts at the end of what is said.
func further(parts ...any) behaviour {
	return behaviour{change: func(_ *Request, documents []object) []object {
		c := last(documents)
		content, ok := c["content"].(object)
		if !ok {
			content = object{"role": "model", "parts": []any{}}
			c["content"] = content
		}
		content["parts"] = append(content["parts"].([]any), parts...)
		return documents
	}}
}

// shapes are forms of an answer that clients have to live with.
func shapes() map[string]behaviour {
	usage := func(change func(object)) behaviour {
		return each(func(d object) { change(d["usageMetadata"].(object)) })
	}
	return map[string]behaviour{
		"no-usage":        each(func(d object) { delete(d, "usageMetadata") }),
		"large-counts":    usage(func(u object) { u["promptTokenCount"] = 5_000_000_000 }),
		"text-counts":     usage(func(u object) { u["promptTokenCount"] = "4" }),
		"odd-counts":      usage(func(u object) { u["promptTokenCount"], u["candidatesTokenCount"] = []any{}, -5 }),
		"at-limit":        usage(func(u object) { u["candidatesTokenCount"], u["thoughtsTokenCount"] = 10, 6 }),
		"wrong-types":     each(func(d object) { d["modelVersion"], d["responseId"], d["createTime"] = 7, []any{}, true }),
		"unknown-members": each(func(d object) { d["novelty"], first(d)["novelty"] = object{"a": 1}, 1 }),
		"safe": each(func(d object) {
			d["promptFeedback"] = object{"safetyRatings": []any{}}
			first(d)["safetyRatings"] = []any{object{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"}}
		}),
		"two-candidates": each(func(d object) {
			d["candidates"] = append(d["candidates"].([]any), object{"index": 1, "content": object{"role": "model", "parts": []any{object{"text": "another"}}}, "finishReason": "SAFETY"})
		}),
		"swapped": {change: func(_ *Request, documents []object) []object {
			another := object{"index": 1, "content": object{"role": "model", "parts": []any{object{"text": "another"}}}}
			for _, d := range documents[1:] {
				d["candidates"] = append([]any{another}, d["candidates"].([]any)...)
			}
			return documents
		}},
		"file-part":   further(object{"fileData": object{"mimeType": "video/mp4", "fileUri": "gs://x"}}),
		"video-part":  further(object{"inlineData": object{"mimeType": "video/mp4", "data": "UE5H"}}),
		"odd-text":    further(object{"text": object{"value": "more"}}),
		"text-args":   eachPart(func(p object) { textArgs(p) }),
		"text-beside": eachPart(func(p object) { textBeside(p) }),
		"empty-part":  further(object{}),
		"broken-part": further("text"),
		"no-args":     eachPart(func(p object) { dropArgs(p) }),
		"same-id":     eachPart(func(p object) { nameAll(p, "same") }),
		"null-finish": each(func(d object) { first(d)["finishReason"] = nil }),
		"empty-error": each(func(d object) { d["error"] = object{} }),
		"index-one":   each(func(d object) { first(d)["index"] = 1 }),
		"cut-and-whole": {change: func(_ *Request, documents []object) []object {
			first(documents[0])["finishReason"] = "MAX_TOKENS"
			return documents
		}},
		"whole-and-cut": {change: func(_ *Request, documents []object) []object {
			first(documents[0])["finishReason"], last(documents)["finishReason"] = "STOP", "MAX_TOKENS"
			return documents
		}},
		"stop-early":   each(func(d object) { first(d)["finishReason"] = "STOP" }),
		"carries-on":   {change: carriesOn},
		"other-part":   eachPart(func(p object) { p["partMetadata"] = object{"a": 1} }),
		"signed-empty": further(object{"text": "", "thoughtSignature": "ZW1wdHk="}),
	}
}

// carriesOn says CONTINUATION before the end.
func carriesOn(_ *Request, documents []object) []object {
	if len(documents) > 1 {
		first(documents[0])["finishReason"] = "CONTINUATION"
	}
	return documents
}

func dropArgs(p object) {
	if call, ok := p["functionCall"].(object); ok {
		delete(call, "args")
	}
}

func textArgs(p object) {
	if call, ok := p["functionCall"].(object); ok {
		call["args"] = string(call["args"].(json.RawMessage))
	}
}

func textBeside(p object) {
	if p["functionCall"] != nil {
		p["text"] = "I call. "
	}
}

func nameAll(p object, id string) {
	if call, ok := p["functionCall"].(object); ok {
		call["id"] = id
	}
}

// streams are ways to write an answer.
func streams() map[string]behaviour {
	written := func(w writing) behaviour { return behaviour{write: w} }
	inserted := func(e object) behaviour {
		return behaviour{change: func(_ *Request, events []object) []object { return append(events[:3:3], e) }}
	}
	long := strings.Repeat("long ", 40_000)
	all := map[string]behaviour{
		"plain-type": written(writing{mediaType: "text/plain"}), "no-type": written(writing{mediaType: "-"}),
		"in-one-piece": written(writing{inOnePiece: true}), "as-list": written(writing{list: true}), "cut-list": written(writing{list: true, stop: 1}),
		"crlf": written(writing{crlf: true}), "comments": written(writing{comments: true}), "done": written(writing{done: true}), "slow": written(writing{slow: true}),
		"cut-between": written(writing{stop: 3}), "cut-mid-event": written(writing{stop: 3, halfway: true}), "drop": written(writing{stop: 3, drop: true}),
		"stall": written(writing{stop: 3, stall: true}), "silence": written(writing{beforeHeaders: true}),
	}
	maps.Copy(all, map[string]behaviour{
		"stream-error": inserted(object{"error": object{"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}),
		"bare-event":   inserted(object{"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}),
		"named-event":  inserted(object{"event": "error", "message": "The model is overloaded."}),
		"router-event": inserted(object{"error": object{"code": 403, "message": "The input was flagged.", "metadata": object{"reasons": []any{"violence"}}}}),
		"detail-event": inserted(object{"detail": "Internal error"}),
		"object-event": inserted(object{"object": "error", "message": "The engine has died.", "code": 500}),
		"type-event":   inserted(object{"message": "The engine has died.", "type": "error"}),
		"filter-event": inserted(object{"error": object{"code": 400, "message": "litellm.ContentPolicyViolationError: filtered"}}),
		"thought-error": {answer: func(a *Answer) { a.Thought = "they want the code" }, change: func(_ *Request, events []object) []object {
			return append(events[:3:3], object{"error": object{"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}})
		}},
		"bad-event": inserted(object{"oops": 1}),
		"huge":      {answer: func(a *Answer) { a.Text = long }},
		"huge-event": {change: func(_ *Request, documents []object) []object {
			part := object{"role": "model", "parts": []any{object{"text": long}}}
			first(documents[0])["content"] = part
			return documents
		}},
	})
	return all
}
