package chattest

import (
	"encoding/json"
	"maps"
	"slices"
)

// gateways are what gateways and compatible services do in their own ways.
func gateways() map[string]behaviour {
	all := gatewayRefusals()
	maps.Copy(all, endings())
	maps.Copy(all, nativeEndings())
	maps.Copy(all, otherFilters())
	maps.Copy(all, otherShapes())
	maps.Copy(all, otherCounts())
	return all
}

// gatewayRefusals are responses that are no success.
func gatewayRefusals() map[string]behaviour {
	json := func(status int, body string) behaviour {
		return behaviour{status: status, body: body, header: map[string]string{"Content-Type": "application/json"}}
	}
	limited := func(name, value string) behaviour {
		b := json(429, errorBody("requests", "rate_limit_exceeded", "", "Rate limit reached."))
		b.header[name] = value
		return b
	}
	noOptions := json(400, errorBody("invalid_request_error", "", "stream_options", "No stream_options here."))
	exhausted := limited("X-Ratelimit-Remaining-Requests", "0")
	exhausted.header["X-Ratelimit-Reset-Requests"] = "3s"
	return map[string]behaviour{
		"no-options-ever":     noOptions,
		"rate-limit-units":    limited("Retry-After", "1m30s"),
		"rate-limit-reset":    exhausted,
		"gateway-quota":       json(429, errorBody("throttling_error", "429", "", "litellm.RateLimitError: RateLimitError: OpenAIException - {'code': 'insufficient_quota'}")),
		"guardrail":           json(400, errorBody("None", "400", "", "{'error': 'Violated guardrail policy', 'bedrock_guardrail_response': 'No.'}")),
		"guardrail-object":    json(400, `{"error":{"message":{"error":"Violated guardrail policy","aporia_ai_response":{"action":"block"}},"type":"None","param":"None","code":"400"}}`),
		"hooks-filter":        json(446, errorBody("hooks_failed", "", "", "The guardrail checks defined in the config failed.")),
		"deepseek-filter":     json(400, errorBody("invalid_request_error", "invalid_request_error", "", "Content Exists Risk")),
		"alibaba-filter":      json(400, errorBody("data_inspection_failed", "data_inspection_failed", "", "Input data may contain inappropriate content.")),
		"xai-filter":          json(403, `{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}`),
		"zhipu-filter":        json(400, `{"contentFilter":[{"level":1,"role":"user"}],"error":{"code":"1301","message":"unsafe or sensitive content"}}`),
		"moonshot-filter":     json(400, errorBody("content_filter", "", "", "The request was rejected because it was considered high risk")),
		"cloudflare-filter":   json(424, `{"success":false,"error":[{"code":2016,"message":"Prompt blocked due to security configurations"}]}`),
		"azure-inner-filter":  json(400, `{"error":{"code":"content_policy_violation","message":"m","inner_error":{"code":"ResponsibleAIPolicyViolation","content_filter_results":{"sexual":{"filtered":true,"severity":"high"}}}}}`),
		"filter-died":         json(400, errorBody("", "content_filter_error", "", "The content filter failed.")),
		"filter-died-200":     json(200, errorBody("", "content_filter_error", "", "The content filter failed.")),
		"filter-429":          json(429, errorBody("", "content_filter", "", "Too many requests were filtered.")),
		"prompt-filter-alone": json(200, `{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":0},"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"jailbreak":{"filtered":true,"detected":true}}}]}`),
	}
}

// endings are reasons of the end that the protocol does not have.
func endings() map[string]behaviour {
	all := map[string]behaviour{"calls-missing": {answer: func(a *Answer) { a.Finish = "tool_calls" }}}
	for name, reason := range map[string]string{
		"ends-filter-named": "content_filter: PROHIBITED_CONTENT", "ends-safety": "SAFETY", "ends-guardrail": "guardrail_intervened", "ends-refusal": "refusal",
		"ends-max-tokens": "MAX_TOKENS", "ends-stop": "STOP", "ends-error": "error", "ends-no-resource": "insufficient_system_resource",
	} {
		all[name] = behaviour{answer: func(a *Answer) { a.Finish = reason }}
	}
	return all
}

// nativeEndings have a reason of the provider behind OpenRouter.
func nativeEndings() map[string]behaviour {
	all := map[string]behaviour{"null-text-finish": {
		events: func(_ *Request, events []object) []object {
			return eachChoice(events, func(c object) {
				if c["finish_reason"] == nil {
					c["finish_reason"] = "null"
				}
			})
		},
	}}
	for name, reason := range map[string]string{"native-filter": "SAFETY", "native-length": "max_tokens", "native-stop": "end_turn"} {
		set := func(c object) {
			if c["finish_reason"] != nil {
				c["native_finish_reason"] = reason
			}
		}
		all[name] = behaviour{
			whole:  func(o object) { set(firstChoice(o)) },
			events: func(_ *Request, events []object) []object { return eachChoice(events, set) },
		}
	}
	return all
}

// otherFilters are what filters say beside an answer that stops.
func otherFilters() map[string]behaviour {
	annotated := func(results object) behaviour {
		set := func(c object) {
			if c["finish_reason"] != nil {
				c["content_filter_results"] = results
			}
		}
		return behaviour{
			whole:  func(o object) { set(firstChoice(o)) },
			events: func(_ *Request, events []object) []object { return eachChoice(events, set) },
		}
	}
	beside := func(name string, value any) behaviour {
		return behaviour{
			whole:  func(o object) { o[name] = value },
			events: func(_ *Request, events []object) []object { return each(events, func(e object) { e[name] = value }) },
		}
	}
	return map[string]behaviour{
		"filter-number":       annotated(object{"violence": object{"filtered": true, "severity": 6}}),
		"filter-list":         annotated(object{"custom_blocklists": []any{object{"id": "a", "filtered": false}, object{"id": "b", "filtered": true}}}),
		"filter-detected":     annotated(object{"jailbreak": object{"filtered": false, "detected": true}}),
		"guardrail-action":    beside("amazon-bedrock-guardrailAction", "INTERVENED"),
		"guardrail-no-action": beside("amazon-bedrock-guardrailAction", "NONE"),
		"sensitive-reply":     beside("output_sensitive", true),
		"refusal-true":        both(func(m object) { m["refusal"] = true }),
		"refusal-false":       both(func(m object) { m["refusal"] = false }),
		"error-of-nothing":    beside("error", object{"code": 0, "message": nil}),
	}
}

// otherShapes are other forms of what the protocol has.
func otherShapes() map[string]behaviour {
	groq := func(e object) object { e["x_groq"] = object{"error": "over capacity"}; return e }
	return map[string]behaviour{
		"calls-without-index": {events: func(_ *Request, events []object) []object {
			return eachChoice(events, func(c object) {
				eachCall(c["delta"].(object), func(call object) {
					delete(call, "id")
					call["index"] = 0
				})
			})
		}},
		"calls-repeated": {events: func(r *Request, events []object) []object {
			again := chunk(r, delta(object{"tool_calls": []any{object{"index": 0, "id": "call_a", "function": object{"name": "look_up", "arguments": `{"account":"7"}`}}}}, nil))
			return slices.Insert(events, len(events)-2, again)
		}},
		"no-call-name": both(func(m object) { eachCall(m, func(call object) { delete(call["function"].(object), "name") }) }),
		"groq-error": {events: func(r *Request, events []object) []object {
			return append(events[:len(events)/2:len(events)/2], groq(chunk(r, delta(object{}, "stop"))))
		}},
		"half-character": {answer: func(a *Answer) { a.Text = "It is \ufffd" }},
		"prompt-filter-stream": {events: func(r *Request, _ []object) []object {
			first := chunk(r)
			first["prompt_filter_results"] = []any{object{"prompt_index": 0, "content_filter_results": object{"jailbreak": object{"filtered": true, "detected": true}}}}
			return []object{first}
		}},
		"split-characters": {events: func(r *Request, events []object) []object {
			pieces := []object{events[0]}
			for _, text := range []string{`"blue \ud83e"`, `"\udd8a gr` + "\xc3\"", "\"\xbcn\""} {
				pieces = append(pieces, chunk(r, delta(object{"content": json.RawMessage(text)}, nil)))
			}
			return append(pieces, chunk(r, delta(object{}, "stop")))
		}},
		"part-without-type": both(func(m object) {
			if text, ok := m["content"].(string); ok && text != "" {
				m["content"] = object{"value": "one"}
			}
		}),
		"text-after-finish": {events: func(r *Request, events []object) []object {
			return append(events, chunk(r, delta(object{"content": " five"}, nil)))
		}},
		"keep-alive":  {write: writing{keepAlive: true}},
		"error-line":  {write: writing{raw: `{"error":"The engine has died."}`}},
		"error-field": {write: writing{raw: `error: {"code":500,"message":"The engine has died.","type":"server_error"}`}},
		"ids":         {write: writing{mediaType: "text/plain", ids: true}},
	}
}

// otherCounts are other forms of the usage.
func otherCounts() map[string]behaviour {
	return map[string]behaviour{
		"usage-texts":  counting(func(usage object) { usage["prompt_tokens"], usage["completion_tokens"] = "4", "16" }),
		"usage-floats": counting(func(usage object) { usage["completion_tokens"] = 16.5 - 0.5 }),
		"usage-then-none": {events: func(r *Request, events []object) []object {
			counted, none := chunk(r), chunk(r)
			counted["usage"], none["usage"] = object{"prompt_tokens": 4, "completion_tokens": 16}, []any{}
			return append(withoutUsage(events), counted, none)
		}},
		"usage-grows": {events: func(r *Request, events []object) []object {
			for i, e := range events[:len(events)-1] {
				e["usage"] = object{"prompt_tokens": 4, "completion_tokens": i}
			}
			counted := chunk(r)
			counted["usage"] = object{"prompt_tokens": 4, "completion_tokens": 16}
			return append(withoutUsage(events), counted)
		}},
		"usage-of-groq": {events: func(r *Request, events []object) []object {
			counted := chunk(r)
			counted["x_groq"] = object{"id": "req_1", "usage": object{"prompt_tokens": 4, "completion_tokens": 16}}
			return append(withoutUsage(events), counted)
		}},
	}
}
