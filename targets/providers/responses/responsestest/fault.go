package responsestest

import (
	"maps"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Fault is one planned misbehaviour: one of [FaultNames], and at which request of the
// server it happens.
type Fault = clienttest.Fault

// ParseFault reads a fault such as "stall" (every time) or "server-error@2" (at the
// second request only).
func ParseFault(s string) (Fault, error) { return clienttest.ParseFault(s, behaviours()) }

// FaultNames lists the faults, in alphabetical order.
func FaultNames() []string { return clienttest.FaultNames(behaviours()) }

// behaviour is what a fault does. Each of its fields may be unset.
type behaviour struct {
	// applies says for which requests; nil is for all.
	applies func(*Request) bool
	// status and body are the response in place of an answer, with the headers.
	status int
	body   string
	header map[string]string
	// whole changes the answer, events the events of a stream.
	whole  func(Object)
	events func([]Object) []Object
	// inOnePiece answers without a stream. stop is the event before which the answer
	// ends: in the middle of it, by closing the connection, or never.
	inOnePiece           bool
	stop                 int
	halfway, drop, stall bool
}

func behaviours() map[string]behaviour {
	all := refusals()
	maps.Copy(all, ends())
	maps.Copy(all, streams())
	maps.Copy(all, shapes())
	maps.Copy(all, streamShapes())
	return all
}

func errorBody(code, param, message string) string {
	return string(encode(Object{"error": Object{"type": "invalid_request_error", "code": nullable(code), "param": nullable(param), "message": message}}))
}

// refusals are responses in place of an answer.
func refusals() map[string]behaviour {
	page := map[string]string{"Content-Type": "text/html"}
	return map[string]behaviour{
		"rate-limit":     {status: 429, header: map[string]string{"Retry-After": "2"}, body: errorBody("rate_limit_exceeded", "", "Rate limit reached.")},
		"quota":          {status: 429, body: errorBody("insufficient_quota", "", "You exceeded your current quota.")},
		"server-error":   {status: 500, body: errorBody("server_error", "", "The server had an error.")},
		"unavailable":    {status: 503, body: errorBody("server_error", "", "The server is overloaded.")},
		"not-found":      {status: 404, body: errorBody("model_not_found", "", "The model does not exist.")},
		"html":           {status: 502, body: "<html><body>502 Bad Gateway</body></html>", header: page},
		"bad-parameter":  {status: 400, body: errorBody("unsupported_parameter", "reasoning.effort", "Unsupported parameter: 'reasoning.effort' is not supported with this model.")},
		"prompt-filter":  {status: 400, body: errorBody("content_filter", "prompt", "The response was filtered.")},
		"prompt-flagged": {status: 400, body: errorBody("invalid_prompt", "", "Invalid prompt: your prompt was flagged as potentially violating our usage policy.")},
		"no-include": {
			applies: func(r *Request) bool { return len(r.Include) > 0 }, status: 400,
			body: errorBody("", "include", "Encrypted content is not supported with this model."),
		},
		"empty-body":     {status: 200},
		"null-body":      {status: 200, body: "null"},
		"html-200":       {status: 200, body: "<html><body>Please log in</body></html>", header: page},
		"not-json":       {status: 200, body: `{"id": resp}`},
		"no-object":      {status: 200, body: `{"ok": true}`},
		"litellm-filter": {status: 400, body: errorBody("400", "", "litellm.BadRequestError: litellm.ContentPolicyViolationError: AzureException - The response was filtered.")},
		"router-filter":  {status: 403, body: `{"error":{"code":403,"message":"The input was flagged.","metadata":{"reasons":["violence"],"flagged_input":"two"}}}`},
		"error-detail":   {status: 200, body: `{"detail":"Internal error"}`},
		"error-object":   {status: 200, body: `{"object":"error","message":"The engine has died.","code":500}`},
		"error-type":     {status: 200, body: `{"message":"The engine has died.","type":"error","status":"error"}`},
		"error-body":     {status: 200, body: errorBody("server_error", "", "The engine has died.")},
	}
}

// ended sets the status, and the reason of one that is incomplete.
func ended(status, reason string) behaviour {
	return behaviour{whole: func(o Object) {
		o["status"] = status
		if reason != "" {
			o["incomplete_details"] = Object{"reason": reason}
		}
	}}
}

// failing has the response fail with a code.
func failing(code string, withOutput bool) behaviour {
	return behaviour{whole: func(o Object) {
		o["status"], o["error"] = "failed", Object{"code": code, "message": "The request was stopped."}
		if !withOutput {
			o["output"] = []Object{}
		}
	}}
}

// eachPart changes each part of the messages.
func eachPart(change func(Object)) behaviour {
	return behaviour{whole: func(o Object) {
		for _, it := range o["output"].([]Object) {
			content, _ := it["content"].([]any)
			for _, p := range content {
				change(p.(Object))
			}
		}
	}}
}

// ends are answers that end in another way.
func ends() map[string]behaviour {
	all := map[string]behaviour{
		"refusal": eachPart(func(p Object) {
			p["type"], p["refusal"] = "refusal", p["text"]
			delete(p, "text")
			delete(p, "annotations")
			delete(p, "logprobs")
		}),
		"unknown-part": eachPart(func(p Object) {
			p["type"] = "hologram"
			delete(p, "text")
		}),
		"empty":             eachPart(func(p Object) { p["text"] = "" }),
		"mid-sentence":      eachPart(func(p Object) { p["text"] = "I am sorry. I cannot tell you the code because it is confid" }),
		"invisible":         eachPart(func(p Object) { p["text"] = "\u200b \ufeff" }),
		"half-character":    eachPart(func(p Object) { p["text"] = "It is \ufffd" }),
		"few-tokens":        {whole: func(o Object) { o["usage"].(Object)["input_tokens"] = 5 }},
		"think-tags":        eachPart(func(p Object) { p["text"] = "<think>they want it</think>" + p["text"].(string) }),
		"huge":              eachPart(func(p Object) { p["text"] = strings.Repeat("long ", 40_000) }),
		"completed-but-cut": {whole: func(o Object) { o["incomplete_details"] = Object{"reason": "max_output_tokens"} }},
		"cut-item":          {whole: func(o Object) { o["output"].([]Object)[0]["status"] = "incomplete" }},
		"at-limit":          {whole: func(o Object) { o["usage"].(Object)["output_tokens"] = 16 }},
		"no-usage":          {whole: func(o Object) { delete(o, "usage") }},
		"no-output":         {whole: func(o Object) { o["output"] = []Object{} }},
		"wrong-types":       {whole: func(o Object) { o["created_at"], o["id"], o["service_tier"] = "now", 7, []any{} }},
		"filter-failed": {whole: func(o Object) {
			o["content_filters"] = []any{Object{"source_type": "prompt", "content_filter_results": Object{"error": Object{"code": "content_filter_error", "message": "not filtered"}}}}
		}},
		"filter-late": {whole: func(o Object) {
			o["content_filters"] = []any{Object{"blocked": true, "source_type": "completion", "content_filter_results": Object{"violence": Object{"filtered": true, "severity": "high"}}}}
		}},
		"prompt-filter-empty": {whole: func(o Object) {
			o["output"], o["content_filters"] = []Object{}, []any{Object{"blocked": true, "source_type": "prompt", "content_filter_results": Object{}}}
		}},
		"empty-error": {whole: func(o Object) { o["error"] = Object{} }},
		"filter-named": {whole: func(o Object) {
			o["status"], o["incomplete_details"] = "incomplete", Object{"reason": "content_filter"}
			o["content_filters"] = []any{Object{"blocked": true, "source_type": "completion", "content_filter_results": Object{"violence": Object{"filtered": true, "severity": "high"}}}}
		}},
	}
	for _, reason := range []string{"max_output_tokens", "max_messages", "max_tokens", "content_filter", "SAFETY", "steered", "contemplation"} {
		all["incomplete-"+reason] = ended("incomplete", reason)
	}
	for _, status := range []string{"incomplete", "cancelled", "queued", "in_progress", "dreaming"} {
		all["status-"+status] = ended(status, "")
	}
	for _, code := range []string{"server_error", "rate_limit_exceeded", "invalid_image", "bio_policy", "misalignment_policy_violation", "image_content_policy_violation"} {
		all["failed-"+code] = failing(code, false)
	}
	all["failed-late"] = failing("server_error", true)
	all["blocked-late"] = failing("bio_policy", true)
	return all
}

// streams are ways to write an answer.
func streams() map[string]behaviour {
	half := func(more ...Object) func([]Object) []Object {
		return func(all []Object) []Object { return append(all[:5:5], more...) }
	}
	without := func(suffixes ...string) func([]Object) []Object {
		return func(all []Object) []Object {
			return slices.DeleteFunc(all, func(e Object) bool {
				return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(e["type"].(string), s) })
			})
		}
	}
	return map[string]behaviour{
		"in-one-piece":  {inOnePiece: true},
		"cut-between":   {stop: 5},
		"cut-mid-event": {stop: 5, halfway: true},
		"drop":          {stop: 5, drop: true},
		"stall":         {stop: 5, stall: true},
		"stream-error":  {events: half(Object{"type": "error", "code": "server_error", "message": "The engine has died.", "param": nil})},
		"stream-policy": {events: half(Object{"type": "error", "code": "misalignment_policy_violation", "message": "The request was stopped.", "param": nil})},
		"detail-event":  {events: half(Object{"type": "", "detail": "Internal error"})},
		"object-event":  {events: half(Object{"type": "", "object": "error", "message": "The engine has died.", "code": 500})},
		"problem-event": {events: half(Object{"type": "about:blank", "title": "Down", "status": 500, "detail": "The engine has died."})},
		"thought-error": {events: func(all []Object) []Object {
			return append(all[:1:1],
				Object{"type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "they want it"},
				Object{"type": "error", "code": "server_error", "message": "The engine has died."})
		}},
		"bad-event": {events: half(Object{"type": "", "oops": "{oops"})},
		"no-deltas": {events: without(".delta", ".added")},
		"only-deltas": {events: func(all []Object) []Object {
			all = without(".done")(all)
			all[len(all)-1]["response"].(Object)["output"] = []Object{}
			return all
		}},
		"only-argument-deltas": {events: func(all []Object) []Object {
			all = without("output_item.done", "arguments.done")(all)
			all[len(all)-1]["response"].(Object)["output"] = []Object{}
			return all
		}},
		"huge-event": {events: func(all []Object) []Object {
			return append(all[:3:3], Object{"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": strings.Repeat("long ", 80_000)})
		}},
		"only-begins": {events: func(all []Object) []Object { return all[:1] }},
		"novelty": {events: func(all []Object) []Object {
			return append([]Object{{"type": "response.novelty", "note": 1}}, all...)
		}},
		"contradicts": {events: func(all []Object) []Object {
			for _, e := range all {
				if e["type"] == "response.output_text.delta" {
					e["delta"] = strings.ToUpper(e["delta"].(string))
				}
			}
			return all
		}},
		"no-end": {events: func(all []Object) []Object { return all[:len(all)-1] }},
		"empty-stream": {events: func([]Object) []Object {
			return []Object{{"type": "", "oops": "[DONE]"}}
		}},
	}
}
