package anthropictest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Fault is one planned misbehaviour: one of [FaultNames], and at which request of the
// server it happens.
type Fault = clienttest.Fault

// ParseFault reads a fault such as "silence" (every time) or "overloaded@2" (at the
// second request only).
func ParseFault(s string) (Fault, error) { return clienttest.ParseFault(s, behaviours()) }

// FaultNames lists the faults, in alphabetical order.
func FaultNames() []string { return clienttest.FaultNames(behaviours()) }

// behaviour is what a fault does. Each of its fields may be unset.
type behaviour struct {
	// status and body are the response in place of an answer. Headers are added to an
	// answer, too.
	status int
	body   string
	header map[string]string
	// answer changes what the agent answers, message the message that says it, and
	// events those of a stream.
	answer  func(*Answer)
	message func(object)
	events  func([]object) []object
	// write changes how it is written.
	write writing
}

// writing is how an answer is written.
type writing struct {
	// mediaType is the Content-Type; "-" for none, "" for the right one.
	mediaType string
	// inOnePiece answers a request for a stream without one.
	inOnePiece bool
	// crlf ends lines so, comments adds comments and other fields between events,
	// nameless leaves their names out, and slow waits before each event.
	crlf, comments, nameless, slow bool
	// stop ends it after that many events, or within an answer in one piece; 0 is
	// never. Then halfway writes half of the next event, and the connection is closed
	// (drop), kept open (stall), or ended in order.
	stop          int
	halfway       bool
	drop, stall   bool
	beforeHeaders bool // it stalls at once
}

// errorBody is an error of the service.
func errorBody(kind, message string) string {
	return string(encode(object{"type": "error", "error": object{"type": kind, "message": message}, "request_id": "req_1"}))
}

func behaviours() map[string]behaviour {
	all := map[string]behaviour{}
	for _, group := range []map[string]behaviour{refusals(), successes(), answers(), shapes(), hosted(), calls(), streams()} {
		maps.Copy(all, group)
	}
	return all
}

// refusals are responses that are no success.
func refusals() map[string]behaviour {
	refused := func(status int, kind, message string) behaviour {
		return behaviour{status: status, body: errorBody(kind, message), header: map[string]string{"Content-Type": "application/json"}}
	}
	limited := refused(429, "rate_limit_error", "This request would exceed your rate limit.")
	maps.Copy(limited.header, map[string]string{"Retry-After": "37", "Anthropic-Ratelimit-Requests-Remaining": "0", "Anthropic-Ratelimit-Requests-Reset": "300"})
	until := refused(429, "rate_limit_error", "This request would exceed your rate limit.")
	maps.Copy(until.header, map[string]string{
		"Date": "Tue, 01 Dec 2026 10:00:00 GMT", "Anthropic-Ratelimit-Requests-Remaining": "0", "Anthropic-Ratelimit-Requests-Reset": "2026-12-01T10:00:30Z",
		"Anthropic-Ratelimit-Input-Tokens-Remaining": "5", "Anthropic-Ratelimit-Input-Tokens-Reset": "2026-12-01T10:05:00Z",
	})
	forLong := refused(429, "rate_limit_error", "This request would exceed your rate limit.")
	maps.Copy(forLong.header, map[string]string{"Anthropic-Ratelimit-Requests-Remaining": "0", "Anthropic-Ratelimit-Requests-Reset": "7200"})
	return map[string]behaviour{
		"rate-limit":     limited,
		"limit-until":    until,
		"limit-for-long": forLong,
		"overloaded":     refused(529, "overloaded_error", "Overloaded"),
		"internal":       refused(500, "api_error", "Internal server error"),
		"timeout":        refused(504, "timeout_error", "Request timed out"),
		"too-large":      refused(413, "request_too_large", "Request exceeds the maximum size"),
		"forbidden":      refused(403, "permission_error", "Your key may not use this model"),
		"billing":        refused(402, "billing_error", "Payment required"),
		"no-credit":      refused(400, "invalid_request_error", "Your credit balance is too low to access the API."),
		"not-found":      refused(404, "not_found_error", "model: practice"),
		"too-long":       refused(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
		"bad-message":    refused(400, "invalid_request_error", "messages.0.content.0.image.source: the image is broken"),
		"bad-parameter":  refused(400, "invalid_request_error", "top_k: not supported by this model"),
		"bad-in-prose":   refused(400, "invalid_request_error", "this model does not take `temperature` any longer"),
		"bad":            refused(400, "invalid_request_error", "Bad request"),
		"filtered":       refused(400, "invalid_request_error", "Output blocked by content filtering policy"),
		"litellm-filter": refused(400, "invalid_request_error", "litellm.ContentPolicyViolationError: AnthropicException - filtered"),
		"router-filter":  {status: 403, body: `{"type":"error","error":{"type":"permission_error","message":"The input was flagged.","metadata":{"reasons":["violence"],"flagged_input":"two"}}}`},
		"html":           {status: 502, body: "<html><body><h1>502 Bad Gateway</h1></body></html>", header: map[string]string{"Content-Type": "text/html"}},
	}
}

// successes are responses of status 200 without an answer.
func successes() map[string]behaviour {
	body := func(text string) behaviour {
		return behaviour{status: 200, body: text, header: map[string]string{"Content-Type": "application/json"}}
	}
	return map[string]behaviour{
		"empty-body":   body(""),
		"null-body":    body("null"),
		"empty-object": body("{}"),
		"error-body":   body(errorBody("overloaded_error", "Overloaded")),
		"error-text":   body(`{"error":"model is still loading"}`),
		"error-detail": body(`{"detail":"Internal error"}`),
		"error-object": body(`{"object":"error","message":"The engine has died.","code":500}`),
		"no-error":     body(`{"type":"error"}`),
		"html-200":     {status: 200, body: "<html><body>Please log in</body></html>", header: map[string]string{"Content-Type": "text/html"}},
		"not-json":     body(`{"content": oops}`),
		"stream-none":  {status: 200, body: "event: ping\ndata: {\"type\":\"ping\"}\n\n", header: map[string]string{"Content-Type": "text/event-stream"}},
		"stream-stop":  {status: 200, body: "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", header: map[string]string{"Content-Type": "text/event-stream"}},
	}
}

// answers are answers that end in another way than the agent's.
func answers() map[string]behaviour {
	details := func(d any) func(object) { return func(m object) { m["stop_details"] = d } }
	half := func(stop string) func(*Answer) {
		return func(a *Answer) { a.Text, a.Stop = firstHalf(a.Text), stop }
	}
	all := map[string]behaviour{
		"empty-stop":     {answer: func(a *Answer) { a.Text = "" }},
		"invisible":      {answer: func(a *Answer) { a.Text = "\u200b \ufeff" }},
		"half-character": {answer: func(a *Answer) { a.Text = "It is \ufffd" }},
		"blank-stop":     {answer: func(a *Answer) { a.Text = " \n " }},
		"thinks":         {answer: func(a *Answer) { a.Thinking = "they want the code" }},
		"only-thinks":    {answer: func(a *Answer) { a.Thinking, a.Text = "they want the code", "" }},
		"redacts":        {answer: func(a *Answer) { a.Thinking, a.Redacted = "hm", "ZW5jcnlwdGVk" }},
		"refuses-named":  {answer: half("refusal"), message: details(object{"type": "refusal", "category": "cyber", "explanation": "Not this."})},
		"refuses-whole":  {answer: func(a *Answer) { a.Text, a.Stop = "", "refusal" }, message: details(object{"type": "refusal", "category": nil, "explanation": nil})},
		"refuses-novel":  {answer: half("refusal"), message: details(object{"type": "refusal", "category": "novelty"})},
		"pauses-at-tool": {answer: func(a *Answer) { a.Text, a.Stop = "one ", "pause_turn" }, message: func(m object) {
			m["content"] = append(m["content"].([]any), object{"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": json.RawMessage(`{"query":"x"}`)})
		}},
		"cut-call": {answer: func(a *Answer) { a.Stop = "max_tokens" }, message: func(m object) { // only a stream can have half an object
			last := m["content"].([]any)
			last[len(last)-1].(object)["input"] = object{}
		}, events: func(all []object) []object {
			for i, e := range all {
				if e["type"] == "content_block_stop" && i == len(all)-3 {
					all = slices.Insert(all, i, object{"type": "content_block_delta", "index": e["index"], "delta": object{"type": "input_json_delta", "partial_json": `{"number": 1`}})
					break
				}
			}
			return all
		}},
	}
	for _, reason := range []string{"max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded", "contemplation"} {
		all["ends-"+reason] = behaviour{answer: half(reason)}
	}
	return all
}

func firstHalf(text string) string {
	words := strings.SplitAfter(text, " ")
	return strings.Join(words[:len(words)/2], "")
}

// shapes are forms of an answer that clients have to live with.
func shapes() map[string]behaviour {
	changed := func(change func(object)) behaviour { return behaviour{message: change} }
	usage := func(change func(object)) behaviour {
		return changed(func(m object) { change(m["usage"].(object)) })
	}
	further := func(block any) behaviour {
		return changed(func(m object) { m["content"] = append(m["content"].([]any), block) })
	}
	return map[string]behaviour{
		"no-usage":        changed(func(m object) { delete(m, "usage") }),
		"text-counts":     usage(func(u object) { u["input_tokens"] = "4" }),
		"odd-counts":      usage(func(u object) { u["input_tokens"], u["output_tokens"] = []any{}, -5 }),
		"at-limit":        usage(func(u object) { u["output_tokens"] = 16 }),
		"wrong-types":     changed(func(m object) { m["id"], m["model"], m["stop_sequence"] = 7, []any{}, true }),
		"unknown-members": changed(func(m object) { m["novelty"] = object{"a": 1} }),
		"empty-error":     changed(func(m object) { m["error"] = object{} }),
		"null-stop":       changed(func(m object) { m["stop_reason"] = nil }),
		"null-content":    changed(func(m object) { m["content"] = nil }),
		"cited": changed(func(m object) {
			for _, b := range m["content"].([]any) {
				b.(object)["citations"] = []any{object{"type": "char_location", "cited_text": "x"}}
			}
		}),
		"split-text": changed(func(m object) {
			text, _ := m["content"].([]any)[0].(object)["text"].(string)
			half := firstHalf(text)
			m["content"] = []any{object{"type": "text", "text": half}, object{"type": "text", "text": text[len(half):]}}
		}),
		"unsigned": changed(func(m object) {
			for _, b := range m["content"].([]any) {
				if b.(object)["type"] == "thinking" {
					b.(object)["signature"] = ""
				}
			}
		}),
		"novel-block":  further(object{"type": "hologram", "data": "x"}),
		"server-block": further(object{"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": json.RawMessage(`{"query":"x"}`)}),
		"broken-block": further("text"),
		"image-block":  further(object{"type": "image", "source": object{"type": "base64", "media_type": "image/png", "data": "UE5H"}}),
		"compaction":   further(object{"type": "compaction", "content": "They talked."}),
		"listing":      further(object{"type": "mcp_tool_listing", "name": "x"}),
		"odd-block":    further(object{"type": "note", "text": object{"value": "more"}}),
		"odd-text": changed(func(m object) {
			m["content"] = append(m["content"].([]any), object{"type": "text", "text": object{"value": "more"}})
		}),
		"text-content": changed(func(m object) { m["content"] = m["content"].([]any)[0].(object)["text"] }),
		"limits": {header: map[string]string{
			"Anthropic-Ratelimit-Requests-Limit": "50", "Anthropic-Ratelimit-Requests-Remaining": "49", "Anthropic-Ratelimit-Requests-Reset": "60",
		}},
	}
}

// streams are ways to write an answer.
func streams() map[string]behaviour {
	written := func(w writing) behaviour { return behaviour{write: w} }
	instead := func(e object) behaviour {
		return behaviour{events: func(all []object) []object { return append(all[:6:6], e) }}
	}
	long := strings.Repeat("long ", 40_000)
	return map[string]behaviour{
		"plain-type": written(writing{mediaType: "text/plain"}), "no-type": written(writing{mediaType: "-"}),
		"in-one-piece": written(writing{inOnePiece: true}), "crlf": written(writing{crlf: true}), "comments": written(writing{comments: true}),
		"nameless": written(writing{nameless: true}), "slow": written(writing{slow: true}),
		"cut-between": written(writing{stop: 6}), "cut-mid-event": written(writing{stop: 6, halfway: true}), "drop": written(writing{stop: 6, drop: true}),
		"stall": written(writing{stop: 6, stall: true}), "silence": written(writing{beforeHeaders: true}),
		"no-stop":        {events: func(all []object) []object { return all[:len(all)-1] }},
		"overload-event": instead(object{"type": "error", "error": object{"type": "overloaded_error", "message": "Overloaded"}}),
		"limit-event":    instead(object{"type": "error", "error": object{"type": "rate_limit_error", "message": "Slow down"}}),
		"filter-event":   instead(object{"type": "error", "error": object{"type": "invalid_request_error", "message": "Output blocked by content filtering policy"}}),
		"named-event":    instead(object{"event": "error", "type": "trouble", "message": "Overloaded"}),
		"typed-event":    instead(object{"event": "message", "type": "overloaded_error", "message": "Overloaded"}),
		"bare-event":     instead(object{"event": "message", "code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}),
		"detail-event":   instead(object{"detail": "Internal error"}),
		"object-event":   instead(object{"object": "error", "message": "The engine has died.", "code": 500}),
		"thought-error": {answer: func(a *Answer) { a.Thinking = "they want the code" }, events: func(all []object) []object {
			return append(all[:5:5], object{"type": "error", "error": object{"type": "overloaded_error", "message": "Overloaded"}})
		}},
		"cut-and-whole": {answer: func(a *Answer) { a.Stop = "max_tokens" }, events: func(all []object) []object {
			return slices.Insert(all, len(all)-1, object{"type": "message_delta", "delta": object{"stop_reason": "end_turn"}})
		}},
		"same-twice": {events: func(all []object) []object {
			return slices.Insert(all, len(all)-1, object{"type": "message_delta", "delta": object{"stop_reason": "end_turn"}})
		}},
		"whole-and-cut": {events: func(all []object) []object {
			return slices.Insert(all, len(all)-1, object{"type": "message_delta", "delta": object{"stop_reason": "max_tokens"}})
		}},
		"bad-event": instead(object{"oops": 1}),
		"orphan":    instead(object{"type": "content_block_delta", "index": 7, "delta": object{"type": "text_delta", "text": "x"}}),
		"no-index": {events: func(all []object) []object {
			for _, e := range all {
				if e["delta"] != nil {
					delete(e, "index")
				}
			}
			return all
		}},
		"headless": {events: func(all []object) []object {
			return slices.DeleteFunc(all, func(e object) bool { return e["type"] == "content_block_start" })
		}},
		"novel-event": {events: func(all []object) []object { return slices.Insert(all, 3, object{"type": "novelty", "index": 0}) }},
		"novel-delta": {events: func(all []object) []object {
			return slices.Insert(all, 3, object{"type": "content_block_delta", "index": 0, "delta": object{"type": "hologram_delta", "data": "x"}})
		}},
		"odd-delta": {events: func(all []object) []object {
			return slices.Insert(all, 3, object{"type": "content_block_delta", "index": 0, "delta": object{"type": "text_delta", "text": []any{"more"}}})
		}},
		"citation": {events: func(all []object) []object {
			return slices.Insert(all, 3, object{"type": "content_block_delta", "index": 0, "delta": object{"type": "citations_delta", "citation": object{"type": "char_location", "cited_text": "x"}}})
		}},
		"huge": {answer: func(a *Answer) { a.Text = long }},
		"huge-event": {message: func(m object) {
			m["content"] = []any{object{"type": "text", "text": strings.ReplaceAll(long, " ", "_")}}
		}},
	}
}
