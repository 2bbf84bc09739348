package responsestest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// shapes are forms of an answer that the protocol does not have.
func shapes() map[string]behaviour {
	item := func(name string, value any) behaviour {
		return behaviour{whole: func(o Object) {
			for _, it := range o["output"].([]Object) {
				it[name] = value
			}
		}}
	}
	refusesInclude := errorBody("", "include[0]", "This model takes no such value.")
	return map[string]behaviour{
		"item-in-progress": item("status", "in_progress"),
		"refusal-beside":   eachPart(func(p Object) { p["refusal"] = "policy" }),
		"text-object":      eachPart(func(p Object) { p["text"] = Object{"value": "one"} }),
		"error-item": {whole: func(o Object) {
			o["output"] = append(o["output"].([]Object), Object{"type": "error", "message": "The engine has died."})
		}},
		"usage-floats":    {whole: func(o Object) { o["usage"].(Object)["output_tokens"] = json.RawMessage("16.0") }},
		"no-include-item": {applies: func(r *Request) bool { return len(r.Include) > 0 }, status: http.StatusBadRequest, body: refusesInclude},
		"no-include-ever": {status: http.StatusBadRequest, body: refusesInclude},
	}
}

// streamShapes are forms of a stream that the protocol does not have.
func streamShapes() map[string]behaviour {
	deltas := func(all []Object, texts ...string) []Object {
		i := slices.IndexFunc(all, func(e Object) bool { return e["type"] == "response.output_text.delta" })
		var pieces []Object
		for _, text := range texts {
			pieces = append(pieces, Object{"type": all[i]["type"], "output_index": 0, "content_index": 0, "delta": json.RawMessage(text)})
		}
		end := all[len(all)-1]
		end["response"].(Object)["output"] = []Object{}
		return append(append(all[:i:i], pieces...), end)
	}
	return map[string]behaviour{
		"split-characters": {events: func(all []Object) []Object {
			return deltas(all, `"blue \ud83e"`, `"\udd8a gr`+"\xc3\"", "\"\xbcn\"")
		}},
		"response-error": {events: func(all []Object) []Object {
			return slices.Insert(all, 5, Object{"type": "response.error", "error": Object{"message": "The engine has died."}})
		}},
		"response-done": {events: func(all []Object) []Object {
			all[len(all)-1]["type"] = "response.done"
			return all
		}},
		"only-arguments-done": {events: func(all []Object) []Object {
			all = slices.DeleteFunc(all, func(e Object) bool {
				kind := e["type"].(string)
				return strings.HasSuffix(kind, "output_item.done") || strings.HasSuffix(kind, "arguments.delta")
			})
			all[len(all)-1]["response"].(Object)["output"] = []Object{}
			return all
		}},
	}
}
