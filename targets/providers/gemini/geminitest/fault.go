package geminitest

import (
	"maps"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Fault is one planned misbehaviour: one of [FaultNames], and at which request of the
// server it happens.
type Fault = clienttest.Fault

// ParseFault reads a fault such as "silence" (every time) or "internal@2" (at the
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
	// answer changes what the agent answers, change the documents that say it: one, or
	// one for each event.
	answer func(*Answer)
	change func(*Request, []object) []object
	// write changes how it is written.
	write writing
}

// writing is how an answer is written.
type writing struct {
	// mediaType is the Content-Type; "-" for none.
	mediaType string
	// inOnePiece answers a request for a stream without one, list with a list of its
	// events.
	inOnePiece, list bool
	// crlf ends lines so, comments adds comments and other fields between events, done
	// a last mark, and slow waits before each event.
	crlf, comments, done, slow bool
	// stop ends it after that many events, or within an answer in one piece; 0 is
	// never. Then halfway writes half of the next event, and the connection is closed
	// (drop), kept open (stall), or ended in order.
	stop          int
	halfway       bool
	drop, stall   bool
	beforeHeaders bool // it stalls at once
}

// errorBody is an error of Google's APIs.
func errorBody(code int, status, message string, details ...any) string {
	e := object{"code": code, "message": message, "status": status}
	if details != nil {
		e["details"] = details
	}
	return string(encode(object{"error": e}))
}

func behaviours() map[string]behaviour {
	all := map[string]behaviour{}
	for _, group := range []map[string]behaviour{refusals(), successes(), answers(), blocks(), shapes(), hosted(), mixed(), media(), streams()} {
		maps.Copy(all, group)
	}
	return all
}

// refusals are responses that are no success.
func refusals() map[string]behaviour {
	json := func(code int, status, message string, details ...any) behaviour {
		return behaviour{status: code, body: errorBody(code, status, message, details...), header: map[string]string{"Content-Type": "application/json"}}
	}
	retry := object{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
	quota := func(id string) object {
		return object{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []any{object{"quotaMetric": "generate_content_requests", "quotaId": id}}}
	}
	violation := func(field string) object {
		return object{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": []any{object{"field": field, "description": "not supported"}}}
	}
	after := json(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
	after.header["Retry-After"] = "2"
	listed := json(500, "INTERNAL", "An internal error has occurred.")
	listed.body = "[" + listed.body + "]"
	usedUp := json(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", quota("GenerateRequestsPerMinutePerProject"), quota("GenerateRequestsPerDayPerProject"), retry)
	usedUp.body = "[" + usedUp.body + "]"
	noSystem := json(400, "INVALID_ARGUMENT", "Developer instruction is not enabled for models/gemma-3-27b-it")
	noSystem.applies = func(r *Request) bool { return r.SystemInstruction != nil }
	return map[string]behaviour{
		"rate-limit":     json(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", quota("GenerateRequestsPerMinutePerProjectPerModel"), retry),
		"quota":          json(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), retry),
		"quota-list":     usedUp,
		"exhausted":      json(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
		"busy":           after,
		"unavailable":    json(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
		"internal":       json(500, "INTERNAL", "An internal error has occurred."),
		"internal-list":  listed,
		"forbidden":      json(403, "PERMISSION_DENIED", "Your project has been denied access."),
		"not-found":      json(404, "NOT_FOUND", "models/practice is not found for API version v1beta."),
		"location":       json(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
		"too-long":       json(400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
		"bad-parameter":  json(400, "INVALID_ARGUMENT", "Request contains an invalid argument.", violation("generation_config.top_k")),
		"bad-in-prose":   json(400, "INVALID_ARGUMENT", "Invalid JSON payload received. Unknown name \"logprobz\" at 'generation_config': Cannot find field."),
		"no-system":      noSystem,
		"litellm-filter": json(400, "INVALID_ARGUMENT", "litellm.ContentPolicyViolationError: VertexAIException - filtered"),
		"router-filter":  {status: 403, body: `{"error":{"code":403,"message":"The input was flagged.","metadata":{"reasons":["violence"],"flagged_input":"two"}}}`},
		"html":           {status: 502, body: "<html><body><h1>502 Bad Gateway</h1></body></html>", header: map[string]string{"Content-Type": "text/html"}},
		"bad-everywhere": json(400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
	}
}

// successes are responses of status 200 without an answer.
func successes() map[string]behaviour {
	json := func(body string) behaviour {
		return behaviour{status: 200, body: body, header: map[string]string{"Content-Type": "application/json"}}
	}
	return map[string]behaviour{
		"empty-body":    json(""),
		"null-body":     json("null"),
		"empty-object":  json("{}"),
		"empty-list":    json("[]"),
		"error-body":    json(errorBody(503, "UNAVAILABLE", "The model is overloaded.")),
		"error-list":    json("[" + errorBody(429, "RESOURCE_EXHAUSTED", "Slow down.") + "]"),
		"error-number":  json(`{"error":{"message":"Provider returned error","code":429}}`),
		"error-detail":  json(`{"detail":"Internal error"}`),
		"error-object":  json(`{"object":"error","message":"The engine has died.","code":500}`),
		"error-type":    json(`{"message":"The engine has died.","type":"error"}`),
		"error-text":    json(`{"error":"model is still loading"}`),
		"quota-body":    json(errorBody(429, "RESOURCE_EXHAUSTED", "Used up.", object{"violations": []any{object{"quotaId": "GenerateRequestsPerDay"}}}, object{"retryDelay": "37s"})),
		"no-candidates": json(`{"candidates":[],"usageMetadata":{"promptTokenCount":4},"modelVersion":"practice"}`),
		"only-ratings":  json(`{"promptFeedback":{"safetyRatings":[{"category":"HARM_CATEGORY_HARASSMENT","probability":"NEGLIGIBLE"}]}}`),
		"unspecified":   json(`{"promptFeedback":{"blockReason":"BLOCKED_REASON_UNSPECIFIED"}}`),
		"html-200":      {status: 200, body: "<html><body>Please log in</body></html>", header: map[string]string{"Content-Type": "text/html"}},
		"not-json":      json(`{"candidates": oops}`),
		"stream-none":   {status: 200, body: "data: {\"usageMetadata\":{\"promptTokenCount\":4}}\n\n", header: map[string]string{"Content-Type": "text/event-stream"}},
	}
}

// answers are answers that end in another way than the agent's.
func answers() map[string]behaviour {
	all := map[string]behaviour{
		"truncated":      {answer: func(a *Answer) { a.Text, a.Finish = firstHalf(a.Text), "MAX_TOKENS" }},
		"empty-stop":     {answer: func(a *Answer) { a.Text = "" }},
		"invisible":      {answer: func(a *Answer) { a.Text = "\u200b \ufeff" }},
		"half-character": {answer: func(a *Answer) { a.Text = "It is \ufffd" }},
		"blank-stop":     {answer: func(a *Answer) { a.Text = " \n " }},
		"thinks":         {answer: func(a *Answer) { a.Thought = "they want the code" }},
		"only-thinks":    {answer: func(a *Answer) { a.Thought, a.Text = "they want the code", "" }},
		"signed":         {answer: func(a *Answer) { a.Signature = "c2lnbmVk" }},
		"signed-url":     {answer: func(a *Answer) { a.Signature = "__-_" }},
		"safety-whole":   {answer: func(a *Answer) { a.Text, a.Finish = "", "SAFETY" }},
	}
	for _, reason := range []string{
		"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
		"IMAGE_OTHER", "NO_IMAGE", "OTHER", "CONTINUATION", "FINISH_REASON_UNSPECIFIED", "CONTEMPLATION",
		"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
	} {
		all["ends-"+reason] = behaviour{answer: func(a *Answer) { a.Text, a.Finish = firstHalf(a.Text), reason }}
	}
	return all
}

// blocks are prompts that are blocked, and what is said of blocked answers.
func blocks() map[string]behaviour {
	all := map[string]behaviour{
		"flagged": {
			answer: func(a *Answer) { a.Text, a.Finish = firstHalf(a.Text), "SAFETY" },
			change: func(_ *Request, documents []object) []object {
				c := last(documents)
				c["finishMessage"] = "The answer was withheld."
				c["safetyRatings"] = []any{
					object{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"},
					object{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": true},
				}
				return documents
			},
		},
		"flagged-stop":   each(func(d object) { first(d)["safetyRatings"] = []any{withheld()} }),
		"flagged-prompt": each(func(d object) { d["promptFeedback"] = object{"safetyRatings": []any{withheld()}} }),
		"flagged-alone": {change: func(r *Request, _ []object) []object {
			d := Answer{}.document(r)
			d["promptFeedback"] = object{"safetyRatings": []any{withheld()}}
			return []object{d}
		}},
		"blocked-late": {change: func(_ *Request, documents []object) []object {
			end := documents[len(documents)-1]
			delete(end, "candidates")
			end["promptFeedback"] = object{"blockReason": "MODEL_ARMOR"}
			return documents
		}},
	}
	for _, reason := range []string{"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK", "NOVELTY"} {
		all["blocked-"+reason] = behaviour{change: func(r *Request, _ []object) []object {
			d := Answer{}.document(r)
			d["promptFeedback"] = object{"blockReason": reason, "blockReasonMessage": "Not this.", "safetyRatings": []any{
				object{"category": "HARM_CATEGORY_HATE_SPEECH", "probability": "HIGH", "blocked": true},
			}}
			return []object{d}
		}}
	}
	return all
}

// withheld is a rating for which content is blocked.
func withheld() object {
	return object{"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": true}
}

func firstHalf(text string) string {
	words := strings.SplitAfter(text, " ")
	return strings.Join(words[:len(words)/2], "")
}

// first is the first candidate of a document.
func first(document object) object { return document["candidates"].([]any)[0].(object) }

// last is the candidate that ends the answer.
func last(documents []object) object { return first(documents[len(documents)-1]) }
