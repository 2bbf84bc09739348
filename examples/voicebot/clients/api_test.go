package clients

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
)

const (
	chatPath      = "/v1/chat/completions"
	responsesPath = "/v1/responses"
	messagesPath  = "/v1/messages"
	geminiPath    = "/v1beta/models/any:generateContent"
	chatTool      = `{"type":"function","function":{"name":"look_up","description":"Looks up.","parameters":{"type":"object"},"strict":true}}`
	flatTool      = `{"type":"function","name":"look_up","description":"Looks up.","parameters":{"type":"object"},"strict":false}`
)

// question is a request of an HTTP API, without the key "stream".
type question struct{ path, body string }

// kinds are the kinds of what answers it: whole, in a stream, and refused.
func (q question) kinds() [3]string {
	switch q.path {
	case chatPath:
		return [3]string{"chat", "chat_chunk", "refusal"}
	case messagesPath:
		return [3]string{"message", "message_event", "message_refusal"}
	case geminiPath:
		return [3]string{"gemini", "gemini", "gemini_refusal"}
	}
	return [3]string{"response", "response_event", "refusal"}
}

// streamed is the same request for a stream.
func (q question) streamed() (path, body string) {
	if q.path == geminiPath {
		return strings.Replace(q.path, ":g", ":streamG", 1) + "?alt=sse", q.body
	}
	return q.path, strings.Replace(q.body, "{", `{"stream":true,`, 1)
}

// questions are requests that are answered, and some that are refused.
func questions(wav []byte) map[string]question {
	clip := base64.StdEncoding.EncodeToString(wav)
	said := func(content string) string {
		return `{"model":"m","messages":[{"role":"user","content":` + content + `}]`
	}
	asked := func(input string) string { return `{"model":"m","input":` + input }
	told := func(content string) string {
		return `{"model":"m","max_tokens":100,"messages":[{"role":"user","content":` + content + `}]`
	}
	parts := func(parts string) string { return `{"contents":[{"role":"user","parts":[` + parts + `]}]` }
	return map[string]question{
		"text":       {chatPath, said(`"Good morning."`) + `}`},
		"settings":   {chatPath, said(`"Good morning."`) + `,"max_completion_tokens":3,"temperature":0.5,"stop":["x"],"metadata":{"a":"b"}}`},
		"image":      {chatPath, said(`[{"type":"text","text":"Hi."},{"type":"image_url","image_url":{"url":"data:image/png;base64,`+dot+`"}}]`) + `}`},
		"sound":      {chatPath, said(`[{"type":"input_audio","input_audio":{"format":"wav","data":"`+clip+`"}}]`) + `}`},
		"spoken":     {chatPath, said(`"Hi."`) + `,"modalities":["text","audio"],"audio":{"voice":"alloy","format":"pcm16"}}`},
		"tool":       {chatPath, said(`"What is in my account?"`) + `,"tools":[` + chatTool + `]}`},
		"tool used":  {chatPath, `{"model":"m","messages":[{"role":"user","content":"account"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"look_up","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1","content":"none"}]}`},
		"no model":   {chatPath, `{"messages":[]}`},
		"wrong":      {chatPath, said(`"Hi."`) + `,"mood":"good"}`},
		"no JSON":    {chatPath, `{`},
		"no such":    {"/v1/nothing", `{}`},
		"r text":     {responsesPath, asked(`"Good morning."`) + `}`},
		"r settings": {responsesPath, asked(`"Good morning."`) + `,"instructions":"Be kind.","max_output_tokens":16,"temperature":0.5,"top_p":0.5,"metadata":{"a":"b"},"truncation":"auto","store":false,"user":"u","reasoning":{"effort":"low"},"text":{"verbosity":"low"},"service_tier":"auto","parallel_tool_calls":false}`},
		"r image":    {responsesPath, asked(`[{"role":"user","content":[{"type":"input_text","text":"Hi."},{"type":"input_image","detail":"auto","image_url":"data:image/png;base64,`+dot+`"}]}]`) + `}`},
		"r tool":     {responsesPath, asked(`"What is in my account?"`) + `,"tools":[` + flatTool + `],"tool_choice":"required"}`},
		"r choice":   {responsesPath, asked(`"What is in my account?"`) + `,"tools":[` + flatTool + `],"tool_choice":{"type":"function","name":"look_up"}}`},
		"r used":     {responsesPath, asked(`[{"role":"user","content":"account"},{"type":"function_call","call_id":"call_1","name":"look_up","arguments":"{}"},{"type":"function_call_output","call_id":"call_1","output":"none"}]`) + `}`},
		"r lost":     {responsesPath, asked(`"Hi."`) + `,"previous_response_id":"resp_none"}`},
		"r wrong":    {responsesPath, asked(`1`) + `}`},

		"m text":  {messagesPath, told(`"Good morning."`) + `}`},
		"m short": {messagesPath, strings.Replace(told(`"Good morning."`), "100", "2", 1) + `,"stop_sequences":["x"],"system":"Be kind."}`},
		"m stop":  {messagesPath, told(`"Good morning."`) + `,"stop_sequences":["Harbour"]}`},
		"m image": {messagesPath, told(`[{"type":"text","text":"Hi."},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"`+dot+`"}}]`) + `}`},
		"m tool":  {messagesPath, told(`"What is in my account?"`) + `,"tools":[{"name":"look_up","description":"Looks up.","input_schema":{"type":"object"}}]}`},
		"m wrong": {messagesPath, told(`1`) + `}`},

		"g text":  {geminiPath, parts(`{"text":"Good morning."}`) + `}`},
		"g short": {geminiPath, parts(`{"text":"Good morning."}`) + `,"generationConfig":{"maxOutputTokens":2},"systemInstruction":{"parts":[{"text":"Be kind."}]}}`},
		"g image": {geminiPath, parts(`{"text":"Hi."},{"inlineData":{"mimeType":"image/png","data":"`+dot+`"}}`) + `}`},
		"g tool":  {geminiPath, parts(`{"text":"What is in my account?"}`) + `,"tools":[{"functionDeclarations":[{"name":"look_up","description":"Looks up."}]}]}`},
		"g wrong": {geminiPath, `{"contents":1}`},
	}
}

// recordAPI asks what can be asked, each time whole and as a stream. faulty returns the
// address of a server with a fault.
func recordAPI(t *testing.T, r *recording, server, address string, wav []byte, faulty func(fault.Kind) string) {
	t.Helper()
	never := func(string) bool { return false }
	all := questions(wav)
	for name, q := range all {
		r.post(t, address, q.path, server+", "+name, q.body, q.kinds(), never)
		path, body := q.streamed()
		r.post(t, address, path, server+", "+name+", streamed", body, q.kinds(), never)
	}
	for _, kind := range fault.Kinds() {
		if holds(kind) {
			continue
		}
		departs := func(what string) bool {
			switch kind {
			case "unknown-events":
				return what == "whole" || strings.Contains(what, "novelty")
			case fault.PromptFilter: // as Azure does
				return what == "refusal"
			case "malformed-frame", "drop-mid-reply":
				return what == "malformed"
			}
			return false
		}
		at := faulty(kind)
		for _, name := range []string{"text", "tool", "spoken", "r text", "r tool", "m text", "m tool", "g text", "g tool"} {
			from := fmt.Sprintf("%s, --fault %s, %s", server, kind, name)
			r.post(t, at, all[name].path, from, all[name].body, all[name].kinds(), departs)
			path, body := all[name].streamed()
			r.post(t, at, path, from+", streamed", body, all[name].kinds(), departs)
		}
	}
}

// holds reports whether a fault holds the answer back for ever, or for very long: what
// came before is no other than without it.
func holds(kind fault.Kind) bool {
	return kind == "silence" || kind == "half-reply" || kind == "no-done"
}
