package geminitest

import "slices"

// preceding adds parts before what is said.
func preceding(parts ...any) behaviour {
	return behaviour{change: func(_ *Request, documents []object) []object {
		c := first(documents[0])
		content, ok := c["content"].(object)
		if !ok {
			content = object{"role": "model", "parts": []any{}}
			c["content"] = content
		}
		content["parts"] = slices.Concat(parts, content["parts"].([]any))
		return documents
	}}
}

// hosted are answers with calls that the service carries out itself, and with calls that
// come in pieces.
func hosted() map[string]behaviour {
	code := object{"executableCode": object{"language": "PYTHON", "code": "print(1)"}}
	output := object{"codeExecutionResult": object{"outcome": "OUTCOME_OK", "output": "1"}}
	failed := object{"codeExecutionResult": object{"outcome": "OUTCOME_FAILED"}}
	search := object{"toolCall": object{"id": "t1", "toolType": "GOOGLE_SEARCH_WEB", "args": object{"query": "x"}}}
	found := object{"toolResponse": object{"id": "t1", "toolType": "GOOGLE_SEARCH_WEB", "response": object{"n": 2}}}
	nameless := object{"toolCall": object{"toolType": "URL_CONTEXT", "args": object{"url": "x"}}}
	grounded := each(func(d object) { first(d)["groundingMetadata"] = object{"webSearchQueries": []any{"x", "y"}} })
	piece := func(call object, signature string) object {
		part := object{"functionCall": call}
		if signature != "" {
			part["thoughtSignature"] = signature
		}
		return part
	}
	value := func(path string, name string, value any) object {
		return object{"partialArgs": []any{object{"jsonPath": path, name: value}}, "willContinue": true}
	}
	pieces := []any{
		piece(object{"name": "look_up", "id": "fc_0", "willContinue": true}, "c2lnbmVk"),
		piece(value("$.to.name", "stringValue", "A"), ""), piece(value("$.to.name", "stringValue", "da"), ""),
		piece(value("$.list[0]", "numberValue", 7), ""), piece(value("$.list[1]", "boolValue", true), ""), piece(value("$.none", "nullValue", "NULL_VALUE"), ""),
		piece(object{}, ""), piece(object{"name": "dial", "args": object{}}, ""),
	}
	return map[string]behaviour{
		"carries-out":  preceding(code, search, nameless, output, found),
		"runs-in-vain": preceding(code, failed),
		"code-part":    further(code),
		"only-code":    {change: func(r *Request, _ []object) []object { return []object{Answer{}.document(r, candidate("STOP", code))} }},
		"lost-result":  preceding(output),
		"searches":     grounded,
		"searches-both": {change: func(r *Request, d []object) []object {
			return grounded.change(r, preceding(search, found).change(r, d))
		}},
		"in-pieces": {change: func(r *Request, _ []object) []object {
			var documents []object
			for _, p := range pieces {
				documents = append(documents, Answer{}.document(r, candidate("", p)))
			}
			return append(documents, Answer{}.document(r, candidate("STOP")))
		}},
		"half-pieces": {change: func(r *Request, _ []object) []object {
			return []object{Answer{}.document(r, candidate("", pieces[:2]...)), Answer{}.document(r, candidate("MAX_TOKENS"))}
		}},
		"odd-pieces": preceding(piece(value("to.name", "stringValue", "A"), ""), piece(object{}, "")),
	}
}

// mixed are answers whose members stand in an odd order or place.
func mixed() map[string]behaviour {
	return map[string]behaviour{
		"unspecified-and-whole": {change: func(_ *Request, documents []object) []object {
			first(documents[0])["finishReason"] = "FINISH_REASON_UNSPECIFIED"
			return documents
		}},
		"cut-and-failed": {change: func(_ *Request, documents []object) []object {
			first(documents[0])["finishReason"], last(documents)["finishReason"] = "MAX_TOKENS", "MALFORMED_FUNCTION_CALL"
			return documents
		}},
		"thought-call": eachPart(func(p object) {
			if p["functionCall"] != nil {
				p["thought"] = true
			}
		}),
		"same-index": each(func(d object) {
			delete(first(d), "index")
			d["candidates"] = append(d["candidates"].([]any), object{"content": object{"role": "model", "parts": []any{object{"text": "another"}}}})
		}),
	}
}

// media are answers with images and sound.
func media() map[string]behaviour {
	sound := func(data string) object {
		return object{"inlineData": object{"mimeType": "audio/L16;rate=24000", "data": data}}
	}
	return map[string]behaviour{
		"image-part": further(object{"inlineData": object{"mimeType": "image/png", "data": "UE5H"}}, object{"inlineData": object{"mimeType": "image/jpeg", "data": "SlBH"}}),
		"url-base64": further(sound("-_8")),
		"transcribed": {change: func(r *Request, _ []object) []object {
			part := sound("AAAA")
			part["audioTranscription"] = object{"text": "one two three four"}
			return []object{Answer{}.document(r, candidate("STOP", part))}
		}},
	}
}
