package chattest

import (
	"maps"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// Fault is one planned misbehaviour: one of [FaultNames], and at which request of the
// server it happens.
type Fault = clienttest.Fault

// ParseFault reads a fault such as "silence" (every time) or "server-error@2" (at the
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
	// answer changes what the agent answers.
	answer func(*Answer)
	// whole changes an answer in one piece, events one in pieces.
	whole  func(object)
	events func(*Request, []object) []object
	// write changes how it is written.
	write writing
}

// writing is how an answer is written.
type writing struct {
	// mediaType is the Content-Type; "-" for none.
	mediaType string
	// inOnePiece answers a request for a stream without one.
	inOnePiece bool
	// crlf ends lines so, comments adds comments and other fields between events.
	crlf, comments bool
	// slow waits before each event.
	slow bool
	// noDone leaves out the last mark.
	noDone bool
	// stop ends it after that many events, or bytes of an answer in one piece; 0 is
	// never. Then halfway writes half of the next event, and the connection is closed
	// (drop), kept open (stall), or ended in order.
	stop          int
	halfway       bool
	drop, stall   bool
	beforeHeaders bool // it stalls at once
	// raw is a line that is no event, before the second half of the events.
	raw string
	// keepAlive has comments come for a while before an event.
	keepAlive bool
	// ids begins each event with its number.
	ids bool
}

// errorBody is an error object of OpenAI.
func errorBody(kind, code, param, message string) string {
	return string(encode(object{"error": object{"message": message, "type": kind, "param": nullable(param), "code": nullable(code)}}))
}

func behaviours() map[string]behaviour {
	all := map[string]behaviour{}
	for _, group := range []map[string]behaviour{refusals(), successes(), answers(), shapes(), streams(), filters(), gateways()} {
		maps.Copy(all, group)
	}
	return all
}

// refusals are responses that are no success.
func refusals() map[string]behaviour {
	json := func(status int, body string) behaviour {
		return behaviour{status: status, body: body, header: map[string]string{"Content-Type": "application/json"}}
	}
	after := func(name, value string, b behaviour) behaviour {
		b.header[name] = value
		return b
	}
	noOptions := json(400, errorBody("invalid_request_error", "", "", "Unrecognized request argument supplied: stream_options"))
	noOptions.applies = func(r *Request) bool { return r.Options != nil }
	return map[string]behaviour{
		"rate-limit":     after("Retry-After", "2", json(429, errorBody("requests", "rate_limit_exceeded", "", "Rate limit reached for requests. Please try again in 1.5s."))),
		"rate-limit-ms":  after("Retry-After-Ms", "1500", json(429, errorBody("tokens", "rate_limit_exceeded", "", "Rate limit reached."))),
		"quota":          json(429, errorBody("insufficient_quota", "insufficient_quota", "", "You exceeded your current quota.")),
		"unavailable":    json(503, errorBody("server_error", "", "", "The server is overloaded.")),
		"busy":           after("Retry-After", "2", json(503, errorBody("server_error", "", "", "The server is being deployed."))),
		"server-error":   json(500, errorBody("server_error", "", "", "The server had an error while processing your request.")),
		"forbidden":      json(403, errorBody("invalid_request_error", "access_denied", "", "Your project does not have access to this model.")),
		"not-found":      json(404, errorBody("invalid_request_error", "model_not_found", "", "The model does not exist or you do not have access to it.")),
		"bad-parameter":  json(400, errorBody("invalid_request_error", "unsupported_parameter", "max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")),
		"bad-in-prose":   json(422, `{"detail":[{"type":"extra_forbidden","loc":["body","top_k"],"msg":"Extra inputs are not permitted"}]}`),
		"no-system":      json(400, errorBody("BadRequestError", "400", "", "System role not supported")),
		"no-options":     noOptions,
		"too-long":       json(400, errorBody("invalid_request_error", "context_length_exceeded", "messages", "This model's maximum context length is 8192 tokens.")),
		"html":           {status: 502, body: "<html><body><h1>502 Bad Gateway</h1></body></html>", header: map[string]string{"Content-Type": "text/html"}},
		"redirect":       {status: 307, header: map[string]string{"Location": "http://127.0.0.1:1/v1/chat/completions"}},
		"prompt-filter":  json(400, promptFiltered),
		"litellm-filter": json(400, errorBody("", "400", "", "litellm.BadRequestError: litellm.ContentPolicyViolationError: AzureException - The response was filtered.")),
		"router-filter":  json(403, `{"error":{"code":403,"message":"The input was flagged.","metadata":{"reasons":["violence"],"flagged_input":"two","provider_name":"OpenAI"}}}`),
		"prompt-flagged": json(400, errorBody("invalid_request_error", "invalid_prompt", "", "Invalid prompt: your prompt was flagged as potentially violating our usage policy.")),
	}
}

// promptFiltered is Azure's refusal of a prompt.
const promptFiltered = `{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":false,"severity":"safe"},"jailbreak":{"filtered":true,"detected":true},"violence":{"filtered":true,"severity":"medium"}}}}}`

// successes are responses of status 200 without an answer.
func successes() map[string]behaviour {
	json := func(body string) behaviour {
		return behaviour{status: 200, body: body, header: map[string]string{"Content-Type": "application/json"}}
	}
	return map[string]behaviour{
		"empty-body":   json(""),
		"null-body":    json("null"),
		"error-body":   json(errorBody("server_error", "engine_down", "", "The engine has died.")),
		"error-429":    json(`{"error":{"message":"Provider returned error","code":429}}`),
		"error-text":   json(`{"error":"model is still loading"}`),
		"error-detail": json(`{"detail":"Internal error"}`),
		"error-object": json(`{"object":"error","message":"The engine has died.","code":500}`),
		"error-type":   json(`{"message":"The engine has died.","type":"error"}`),
		"no-choices":   json(`{"id":"chatcmpl-1","object":"chat.completion","model":"m"}`),
		"empty-list":   json(`{"id":"chatcmpl-1","object":"chat.completion","model":"m","choices":[]}`),
		"html-200":     {status: 200, body: "<html><body>Please log in</body></html>", header: map[string]string{"Content-Type": "text/html"}},
		"filter-200":   json(errorBody("", "content_filter", "", "The response was filtered.")),
		"not-json":     json(`{"id": chatcmpl}`),
		"stream-none":  {status: 200, body: "data: [DONE]\n\n", header: map[string]string{"Content-Type": "text/event-stream"}},
	}
}

// answers are answers that end in another way than the agent's.
func answers() map[string]behaviour {
	half := func(a *Answer) { a.Text = firstHalf(a.Text) }
	return map[string]behaviour{
		"truncated":      {answer: func(a *Answer) { half(a); a.Finish = "length" }},
		"content-filter": {answer: func(a *Answer) { half(a); a.Finish = "content_filter" }},
		"filter-all":     {answer: func(a *Answer) { a.Text, a.Finish = "", "content_filter" }},
		"max-tokens":     {answer: func(a *Answer) { half(a); a.Finish = "max_tokens" }},
		"refusal":        {answer: func(a *Answer) { a.Refusal, a.Text = a.Text, "" }},
		"unknown-finish": {answer: func(a *Answer) { a.Finish = "contemplation" }},
		"empty-stop":     {answer: func(a *Answer) { a.Text = "" }},
		"blank-stop":     {answer: func(a *Answer) { a.Text = " \n " }},
		"mid-sentence":   {answer: func(a *Answer) { a.Text = "I am sorry. I cannot tell you the code because it is confid" }},
		"thinks":         {answer: func(a *Answer) { a.Reasoning = "they want the code" }},
		"only-thinks":    {answer: func(a *Answer) { a.Reasoning, a.Text = "they want the code", "" }},
		"think-tags":     {answer: func(a *Answer) { a.Text = "<think>\nthey want the code\n</think>\n\n" + a.Text }},
		"think-end":      {answer: func(a *Answer) { a.Text = "they want the code</think>" + a.Text }},
		"null-finish": {
			whole:  func(o object) { firstChoice(o)["finish_reason"] = nil },
			events: func(_ *Request, events []object) []object { return finishing(events, nil) },
		},
	}
}

func firstHalf(text string) string {
	words := strings.SplitAfter(text, " ")
	return strings.Join(words[:len(words)/2], "")
}

func firstChoice(o object) object { return o["choices"].([]any)[0].(object) }

func messageOf(o object) object { return firstChoice(o)["message"].(object) }

// finishing sets the reason of the end.
func finishing(events []object, reason any) []object {
	for _, e := range events {
		if choices := e["choices"].([]any); len(choices) > 0 && choices[0].(object)["finish_reason"] != nil {
			choices[0].(object)["finish_reason"] = reason
		}
	}
	return events
}

// deltas changes each piece of the message.
func deltas(change func(object)) func(*Request, []object) []object {
	return func(_ *Request, events []object) []object {
		for _, e := range events {
			if choices := e["choices"].([]any); len(choices) > 0 {
				change(choices[0].(object)["delta"].(object))
			}
		}
		return events
	}
}

// both changes the message, in one piece or in pieces.
func both(change func(object)) behaviour {
	return behaviour{whole: func(o object) { change(messageOf(o)) }, events: deltas(change)}
}
