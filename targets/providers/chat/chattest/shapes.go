package chattest

import (
	"encoding/json"
	"maps"
	"strings"
)

// shapes are forms in which compatible servers answer that the protocol does not
// have.
func shapes() map[string]behaviour {
	all := textShapes()
	maps.Copy(all, callShapes())
	maps.Copy(all, frameShapes())
	maps.Copy(all, choiceShapes())
	return all
}

func textShapes() map[string]behaviour {
	return map[string]behaviour{
		"content-parts": both(func(m object) {
			if text, ok := m["content"].(string); ok && text != "" {
				m["content"] = []any{object{"type": "thinking", "thinking": []any{object{"type": "text", "text": "hm "}}}, object{"type": "text", "text": text}}
			}
		}),
		"refusal-part": both(func(m object) {
			if text, ok := m["content"].(string); ok && text != "" {
				m["content"] = []any{object{"type": "refusal", "refusal": text}}
			}
		}),
		"unknown-part": both(func(m object) {
			if text, ok := m["content"].(string); ok && text != "" {
				m["content"] = []any{object{"type": "text", "text": text}, object{"type": "hologram", "text": "x"}}
			}
		}),
		"reasoning-field": both(func(m object) {
			if text, ok := m["content"].(string); ok && strings.HasPrefix(text, "one") {
				m["reasoning"] = "hm "
			}
		}),
	}
}

func callShapes() map[string]behaviour {
	return map[string]behaviour{
		"object-arguments": both(func(m object) {
			eachCall(m, func(call object) {
				f := call["function"].(object)
				if text, _ := f["arguments"].(string); text != "" {
					f["arguments"] = json.RawMessage(text)
				}
			})
		}),
		"no-call-id": both(func(m object) { eachCall(m, func(call object) { delete(call, "id") }) }),
		"same-index": both(func(m object) {
			eachCall(m, func(call object) {
				if _, ok := call["index"]; ok {
					call["index"] = 0
				}
			})
		}),
		"extra-content": both(func(m object) { eachCall(m, func(call object) { call["extra_content"] = object{"signature": "s1"} }) }),
		"expired-sound": both(func(m object) {
			if sound, ok := m["audio"].(object); ok {
				sound["expires_at"] = 1
			}
		}),
		"custom-call": both(func(m object) {
			eachCall(m, func(call object) {
				f := call["function"].(object)
				call["type"], call["custom"] = "custom", object{"name": f["name"], "input": f["arguments"]}
				delete(call, "function")
			})
		}),
		"function-call": both(func(m object) {
			eachCall(m, func(call object) { m["function_call"] = call["function"] })
			delete(m, "tool_calls")
		}),
	}
}

func frameShapes() map[string]behaviour {
	return map[string]behaviour{
		"wrong-types": {
			whole: func(o object) { o["created"], o["system_fingerprint"], o["service_tier"] = "now", 7, []any{} },
			events: func(_ *Request, events []object) []object {
				return each(events, func(e object) { e["system_fingerprint"] = 7 })
			},
		},
		"two-choices": {
			whole: func(o object) {
				o["choices"] = append(o["choices"].([]any), object{"index": 1, "message": object{"role": "assistant", "content": "another"}, "finish_reason": "length"})
			},
			events: func(r *Request, events []object) []object {
				return append(events, chunk(r, object{"index": 1, "delta": object{"content": "another"}, "finish_reason": "length"}))
			},
		},
		"no-usage": {
			whole:  func(o object) { delete(o, "usage") },
			events: func(_ *Request, events []object) []object { return withoutUsage(events) },
		},
		"usage-with-choice": {events: func(_ *Request, events []object) []object {
			return each(events, func(e object) {
				if e["usage"] != nil {
					e["choices"] = []any{delta(object{}, nil)}
				}
			})
		}},
		"at-limit":   counting(func(usage object) { usage["completion_tokens"] = 16 }),
		"few-tokens": counting(func(usage object) { usage["prompt_tokens"], usage["prompt_tokens_details"] = 9, nil }),
		"few-tokens-cached": counting(func(usage object) {
			usage["prompt_tokens"], usage["prompt_tokens_details"] = 1, object{"cached_tokens": 9}
		}),
		"router-error": {
			whole: func(o object) { firstChoice(o)["error"] = object{"code": 502, "message": "Upstream died"} },
			events: func(_ *Request, events []object) []object {
				last := events[len(events)/2]
				firstChoice(last)["error"] = object{"code": 502, "message": "Upstream died"}
				return events[:len(events)/2+1]
			},
		},
		"message-in-event": {events: func(_ *Request, events []object) []object {
			return each(events, func(e object) {
				if len(e["choices"].([]any)) > 0 {
					choice := firstChoice(e)
					choice["message"] = choice["delta"]
					delete(choice, "delta")
				}
			})
		}},
		"fingerprint": {
			whole: func(o object) { o["system_fingerprint"] = "fp_2" },
			events: func(_ *Request, events []object) []object {
				return each(events, func(e object) { e["system_fingerprint"] = "fp_2" })
			},
		},
	}
}

// choiceShapes are forms of a choice.
func choiceShapes() map[string]behaviour {
	return map[string]behaviour{
		"index-one": {
			whole: func(o object) { firstChoice(o)["index"] = 1 },
			events: func(_ *Request, events []object) []object {
				return eachChoice(events, func(c object) { c["index"] = 1 })
			},
		},
		"empty-error": {
			whole: func(o object) { o["error"], firstChoice(o)["error"] = object{}, object{} },
			events: func(_ *Request, events []object) []object {
				eachChoice(events, func(c object) { c["error"] = object{} })
				return each(events, func(e object) { e["error"] = object{} })
			},
		},
	}
}

// counting changes the usage.
func counting(change func(usage object)) behaviour {
	return behaviour{
		whole: func(o object) { change(o["usage"].(object)) },
		events: func(_ *Request, events []object) []object {
			return each(events, func(e object) {
				if usage, ok := e["usage"].(object); ok {
					change(usage)
				}
			})
		},
	}
}

func each(events []object, change func(object)) []object {
	for _, e := range events {
		change(e)
	}
	return events
}

func eachChoice(events []object, change func(object)) []object {
	return each(events, func(e object) {
		for _, c := range e["choices"].([]any) {
			change(c.(object))
		}
	})
}

func eachCall(m object, change func(object)) {
	calls, _ := m["tool_calls"].([]any)
	for _, c := range calls {
		change(c.(object))
	}
}

func withoutUsage(events []object) []object {
	if last := events[len(events)-1]; last["usage"] != nil {
		return events[:len(events)-1]
	}
	return events
}

// filters are what Azure's content filter adds.
func filters() map[string]behaviour {
	safe := object{"hate": object{"filtered": false, "severity": "safe"}}
	failed := object{"error": object{"code": "content_filter_error", "message": "The contents are not filtered"}}
	prompted := []any{object{"prompt_index": 0, "content_filter_results": object{"violence": object{"filtered": true, "severity": "high"}}}}
	results := func(o object, r object) { firstChoice(o)["content_filter_results"] = r }
	annotated := func(r object) behaviour {
		return behaviour{whole: func(o object) { results(o, r) }, events: func(q *Request, events []object) []object {
			late := chunk(q, object{"index": 0, "finish_reason": nil, "content_filter_results": r, "content_filter_offsets": object{"check_offset": 0}})
			return append(events, late)
		}}
	}
	return map[string]behaviour{
		"filter-safe":   annotated(safe),
		"filter-failed": annotated(failed),
		"filter-late":   annotated(object{"violence": object{"filtered": true, "severity": "high"}}),
		"filter-named": {
			answer: func(a *Answer) { a.Text, a.Finish = firstHalf(a.Text), "content_filter" },
			whole:  func(o object) { results(o, object{"violence": object{"filtered": true, "severity": "high"}}) },
			events: func(_ *Request, events []object) []object {
				return each(events, func(e object) {
					if len(e["choices"].([]any)) > 0 && firstChoice(e)["finish_reason"] != nil {
						results(e, object{"violence": object{"filtered": true, "severity": "high"}})
					}
				})
			},
		},
		"prompt-filter-empty": {
			answer: func(a *Answer) { a.Text = "" },
			whole:  func(o object) { o["prompt_filter_results"] = prompted },
			events: func(r *Request, events []object) []object {
				first := chunk(r)
				first["prompt_filter_results"] = prompted
				return append([]object{first}, events...)
			},
		},
		"prompt-results": {
			whole: func(o object) {
				o["prompt_filter_results"] = []any{object{"prompt_index": 0, "content_filter_results": failed}}
			},
			events: func(r *Request, events []object) []object {
				first := chunk(r)
				first["prompt_filter_results"] = []any{object{"prompt_index": 0, "content_filter_results": failed}}
				return append([]object{first}, events...)
			},
		},
	}
}

// streams are ways to write an answer.
func streams() map[string]behaviour {
	written := func(w writing) behaviour { return behaviour{write: w} }
	errorEvent := func(e object) behaviour {
		return behaviour{write: writing{noDone: true}, events: func(_ *Request, events []object) []object {
			return append(events[:len(events)/2:len(events)/2], e)
		}}
	}
	long := strings.Repeat("long ", 40_000)
	return map[string]behaviour{
		"plain-type":   written(writing{mediaType: "text/plain"}),
		"no-type":      written(writing{mediaType: "-"}),
		"in-one-piece": written(writing{inOnePiece: true}),
		"crlf":         written(writing{crlf: true}),
		"comments":     written(writing{comments: true}),
		"slow":         written(writing{slow: true}),
		"no-done":      written(writing{noDone: true}),
		"cut-between":  written(writing{stop: 3}),
		"cut-mid-event": written(writing{
			stop: 3, halfway: true,
		}),
		"drop":         written(writing{stop: 3, drop: true}),
		"stall":        written(writing{stop: 3, stall: true}),
		"silence":      written(writing{beforeHeaders: true}),
		"stream-error": errorEvent(object{"error": object{"message": "The engine has died.", "type": "server_error", "code": nil}}),
		"detail-event": errorEvent(object{"detail": "Internal error"}),
		"object-event": errorEvent(object{"object": "error", "message": "The engine has died.", "code": 500}),
		"type-event":   errorEvent(object{"message": "The engine has died.", "type": "error"}),
		"thought-error": {
			answer: func(a *Answer) { a.Reasoning = "they want the code" },
			write:  writing{noDone: true},
			events: func(_ *Request, events []object) []object {
				return append(events[:4:4], object{"error": object{"message": "The engine has died.", "type": "server_error"}})
			},
		},
		"stream-filter": errorEvent(object{"error": object{"message": "The response was filtered.", "code": "content_filter"}}),
		"bad-event":     errorEvent(object{"oops": 1}),
		"huge":          {answer: func(a *Answer) { a.Text = long }},
		"huge-event": {
			whole: func(o object) { messageOf(o)["content"] = long },
			events: func(r *Request, events []object) []object {
				return append(events[:2:2], chunk(r, delta(object{"content": long}, nil)), events[len(events)-1])
			},
		},
	}
}
