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
	chatTool      = `{"type":"function","function":{"name":"look_up","description":"Looks up.","parameters":{"type":"object"},"strict":true}}`
	flatTool      = `{"type":"function","name":"look_up","description":"Looks up.","parameters":{"type":"object"},"strict":false}`
)

// question is a request of an HTTP API, without the key "stream".
type question struct{ path, body string }

// kinds are the kinds of what answers it: whole, in a stream, and refused.
func (q question) kinds() [3]string {
	if q.path == chatPath {
		return [3]string{"chat", "chat_chunk", "refusal"}
	}
	return [3]string{"response", "response_event", "refusal"}
}

func (q question) streamed() string { return strings.Replace(q.body, "{", `{"stream":true,`, 1) }

// questions are requests that are answered, and some that are refused.
func questions(wav []byte) map[string]question {
	clip := base64.StdEncoding.EncodeToString(wav)
	said := func(content string) string {
		return `{"model":"m","messages":[{"role":"user","content":` + content + `}]`
	}
	asked := func(input string) string { return `{"model":"m","input":` + input }
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
		r.post(t, address, q.path, server+", "+name+", streamed", q.streamed(), q.kinds(), never)
	}
	for _, kind := range fault.Kinds() {
		if holds(kind) {
			continue
		}
		departs := func(what string) bool {
			switch kind {
			case "unknown-events":
				return what == "chat.completion.novelty" || what == "response.novelty" || what == "whole"
			case fault.PromptFilter: // as Azure does
				return what == "refusal"
			case "malformed-frame", "drop-mid-reply":
				return what == "malformed"
			}
			return false
		}
		at := faulty(kind)
		for _, name := range []string{"text", "tool", "spoken", "r text", "r tool"} {
			from := fmt.Sprintf("%s, --fault %s, %s", server, kind, name)
			r.post(t, at, all[name].path, from, all[name].body, all[name].kinds(), departs)
			r.post(t, at, all[name].path, from+", streamed", all[name].streamed(), all[name].kinds(), departs)
		}
	}
}

// holds reports whether a fault holds the answer back for ever, or for very long: what
// came before is no other than without it.
func holds(kind fault.Kind) bool {
	return kind == "silence" || kind == "half-reply" || kind == "no-done"
}
