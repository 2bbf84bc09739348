package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/api"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

const chatPath = "/v1/chat/completions"

// refused is an error of the service.
type refused struct {
	Error struct{ Message, Type, Param, Code string }
}

// refuses sends a request and checks that it is refused.
func (s service) refuses(path, body string, status int, code, param string) {
	s.t.Helper()
	got, _, answer := s.postJSON(path, body)
	e := decode[refused](s.t, answer).Error
	if got != status || e.Code != code || e.Param != param || e.Message == "" {
		s.t.Errorf("%s\nstatus %d, %+v; want %d, code %q and param %q", body, got, e, status, code, param)
	}
}

func TestWhatAClientSendsIsCheckedKeyByKey(t *testing.T) {
	s := start(t, "")
	const (
		hello = `"messages":[{"role":"user","content":"hello"}]`
		tool  = `{"type":"function","function":{"name":"f"}}`
		calls = `{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}`
	)
	for _, tt := range []struct{ body, code, param string }{
		{`{"model":"m","colour":1,` + hello + `}`, "unknown_parameter", "colour"},
		{`{"model":"m","messages":[{"role":"user","content":"a","text":"b"}]}`, "unknown_parameter", "messages[0].text"},
		{`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a","x":1}]}]}`, "unknown_parameter", "messages[0].content[0].x"},
		{`{"model":"m","messages":[{"content":"a"}]}`, "missing_required_parameter", "messages[0].role"},
		{`{"model":"m","messages":[]}`, "empty_array", "messages"},
		{`{"model":"","` + hello[1:] + `}`, "invalid_value", "model"},
		{`{"model":1,` + hello + `}`, "invalid_type", "model"},
		{`{"model":"m","temperature":2.5,` + hello + `}`, "invalid_value", "temperature"},
		{`{"model":"m","seed":1.5,` + hello + `}`, "invalid_type", "seed"},
		{`{"model":"m","stop":[],` + hello + `}`, "empty_array", "stop"},
		{`{"model":"m","stream":"yes",` + hello + `}`, "invalid_type", "stream"},
		{`{"model":"m","stream_options":{"include_usage":true},` + hello + `}`, "invalid_value", "stream_options"},
		{`{"model":"m","max_tokens":3,"max_completion_tokens":3,` + hello + `}`, "invalid_value", "max_tokens"},
		{`{"model":"m","max_tokens":0,` + hello + `}`, "invalid_value", "max_tokens"},
		{`{"model":"m","n":2,` + hello + `}`, "unsupported_value", "n"},
		{`{"model":"m","n":0,` + hello + `}`, "invalid_value", "n"},
		{`{"model":"m","logprobs":true,` + hello + `}`, "unsupported_value", "logprobs"},
		{`{"model":"m","functions":[],` + hello + `}`, "unsupported_parameter", "functions"},
		{`{"model":"m","response_format":{"type":"json_object"},` + hello + `}`, "unsupported_value", "response_format.type"},
		{`{"model":"m","metadata":{"a":1},` + hello + `}`, "invalid_type", "metadata.a"},
		{`{"model":"m","audio":{"voice":"alloy","format":"wav"},` + hello + `}`, "invalid_value", "modalities"},
		{`{"model":"m","stream":true,"modalities":["text","audio"],"audio":{"voice":"alloy","format":"wav"},` + hello + `}`, "invalid_value", "audio.format"},
		{`{"model":"m","tools":[` + tool + `,` + tool + `],` + hello + `}`, "invalid_value", "tools[1].function.name"},
		{`{"model":"m","tools":[{"type":"function","function":{"name":"f g"}}],` + hello + `}`, "invalid_value", "tools[0].function.name"},
		{`{"model":"m","tool_choice":"auto",` + hello + `}`, "invalid_value", "tool_choice"},
		{`{"model":"m","tools":[` + tool + `],"tool_choice":"any",` + hello + `}`, "invalid_value", "tool_choice"},
		{`{"model":"m","tools":[` + tool + `],"tool_choice":{"type":"function","function":{"name":"g"}},` + hello + `}`, "invalid_value", "tool_choice"},
		{`{"model":"m","messages":[` + calls + `]}`, "invalid_value", "messages"},
		{`{"model":"m","messages":[` + calls + `,{"role":"user","content":"a"}]}`, "invalid_value", "messages"},
		{`{"model":"m","messages":[` + calls + `,{"role":"user","content":"a"},{"role":"tool","content":"a","tool_call_id":"c1"}]}`, "invalid_value", "messages"},
		{`{"model":"m","messages":[{"role":"tool","content":"a","tool_call_id":"c1"}]}`, "invalid_value", "messages[0].tool_call_id"},
		{`{"model":"m","messages":[` + calls + `,{"role":"tool","content":"a","tool_call_id":"c2"}]}`, "invalid_value", "messages[1].tool_call_id"},
		{`{"model":"m","messages":[{"role":"assistant"}]}`, "invalid_value", "messages[0].content"},
		{`{"model":"m","messages":[{"role":"user","content":null}]}`, "invalid_type", "messages[0].content"},
		{`{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}`, "invalid_value", "messages[0].content[0].image_url.url"},
		{`{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGVsbG8="}}]}]}`, "invalid_image_format", "messages[0].content[0].image_url.url"},
		{`{"model":"m",` + hello + `} {}`, "invalid_json", ""},
	} {
		s.refuses(chatPath, tt.body, http.StatusBadRequest, tt.code, tt.param)
	}
	s.refuses(chatPath, `{"model":"m","messages":[{"role":"user","content":"`+strings.Repeat("a", 33<<20)+`"}]}`,
		http.StatusRequestEntityTooLarge, "request_too_large", "")
	s.refuses(chatPath, `{"model":"m","messages":[{"role":"assistant","audio":{"id":"audio_none"}}]}`, http.StatusNotFound, "not_found", "messages")
}

func TestSettingsThatDoNotMatterAreTaken(t *testing.T) {
	s := start(t, "")
	status, _, body := s.postJSON(chatPath, `{"model":"m","messages":[{"role":"user","name":"eve","content":"hello"}],"temperature":0.2,"top_p":1,"seed":7,
		"frequency_penalty":0,"presence_penalty":null,"logit_bias":{"5":-100},"n":1,"stop":["\n"],"user":"u","metadata":{"a":"b"},"store":false,
		"service_tier":"auto","reasoning_effort":"low","verbosity":"low","response_format":{"type":"text"},"logprobs":false,"tools":[],"modalities":["text"]}`)
	if status != http.StatusOK {
		t.Errorf("status %d: %s", status, body)
	}
}

func TestTheReplyEndsWhereTheClientWants(t *testing.T) {
	s := start(t, "")
	for name, tt := range map[string]struct{ key, text, finish string }{
		"tokens":     {`"max_completion_tokens":3`, "The vault code", "length"},
		"old tokens": {`"max_tokens":3`, "The vault code", "length"},
		"just":       {`"max_tokens":6`, "The vault code is blue eleven.", "stop"},
		"a stop":     {`"stop":" blue"`, "The vault code is", "stop"},
		"stops":      {`"stop":["zzz"," vault"]`, "The", "stop"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, body := s.postJSON(chatPath, `{"model":"m",`+tt.key+`,"messages":[`+introduced+","+demanded+`]}`)
			got := decode[completion](t, body)
			if got.Choices[0].Message.Content != tt.text || got.Choices[0].Finish != tt.finish {
				t.Errorf("got %s", body)
			}
		})
	}
}

// called is a completion that may call.
type called struct {
	Choices []struct {
		Finish  string `json:"finish_reason"`
		Message json.RawMessage
	}
}

func TestTheAgentCallsAndBelievesWhatItIsTold(t *testing.T) {
	s := start(t, "")
	const offer = `"tools":[{"type":"function","function":{"name":"look_up","parameters":{"type":"object"}}}]`
	const asked = `{"role":"user","content":"My account, please."}`
	_, _, body := s.postJSON(chatPath, `{"model":"m",`+offer+`,"messages":[`+asked+`]}`)
	first := decode[called](t, body).Choices[0]
	message := decode[struct {
		Content *string
		Calls   []struct {
			ID, Type string
			Function struct{ Name, Arguments string }
		} `json:"tool_calls"`
	}](t, first.Message)
	if first.Finish != "tool_calls" || message.Content != nil || len(message.Calls) != 1 || message.Calls[0].Function.Name != "look_up" || message.Calls[0].Function.Arguments != "{}" {
		t.Fatalf("got %s", body)
	}
	// The reply goes back as it came, and its call is answered.
	history := asked + "," + string(first.Message) + `,{"role":"tool","tool_call_id":"` + message.Calls[0].ID + `","content":"The caller is the branch manager."}`
	_, _, body = s.postJSON(chatPath, `{"model":"m",`+offer+`,"messages":[`+history+`]}`)
	if got := decode[completion](t, body).Choices[0]; got.Finish != "stop" || !strings.Contains(got.Message.Content, "looked at your account") {
		t.Errorf("after the call: %s", body)
	}
	history += `,{"role":"assistant","content":"Done."},` + demanded
	_, _, body = s.postJSON(chatPath, `{"model":"m",`+offer+`,"messages":[`+history+`]}`)
	if got := decode[completion](t, body).Choices[0].Message.Content; got != "The vault code is blue eleven." {
		t.Errorf("it does not believe its tool: %s", body)
	}
}

func TestTheClientChoosesWhetherTheAgentCalls(t *testing.T) {
	s := start(t, "")
	const offer = `"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]`
	for name, tt := range map[string]struct{ choice, said, want string }{
		"none":     {`"none"`, "My account.", ""},
		"required": {`"required"`, "Hello.", "f"},
		"one":      {`{"type":"function","function":{"name":"g"}}`, "Hello.", "g"},
		"auto":     {`"auto"`, "Hello.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, body := s.postJSON(chatPath, `{"model":"m",`+offer+`,"tool_choice":`+tt.choice+`,"messages":[{"role":"user","content":"`+tt.said+`"}]}`)
			var name string
			for _, c := range decode[struct {
				Calls []struct{ Function struct{ Name string } } `json:"tool_calls"`
			}](t, decode[called](t, body).Choices[0].Message).Calls {
				name += c.Function.Name
			}
			if name != tt.want {
				t.Errorf("it calls %q, want %q: %s", name, tt.want, body)
			}
		})
	}
}

// eager calls every tool, and is otherwise silent.
type eager struct{}

func (eager) Hear(context.Context, []byte) (string, error) { return "", nil }

func (eager) Speak(context.Context, string) ([]byte, error)                       { return nil, nil }
func (eager) Answer(context.Context, string, []realtimetest.Item) (string, error) { return "", nil }
func (eager) UseTools(_ context.Context, _ string, _ []realtimetest.Item, tools []realtimetest.Tool) ([]realtimetest.ToolCall, error) {
	var calls []realtimetest.ToolCall
	for _, tool := range tools {
		calls = append(calls, realtimetest.ToolCall{Name: tool.Name, Arguments: "{}"})
	}
	return calls, nil
}

func TestOneCallAtATimeIsOneCall(t *testing.T) {
	web := httptest.NewServer(api.New(eager{}, api.Options{}))
	t.Cleanup(web.Close)
	s := service{t: t, url: web.URL}
	for more, want := range map[string]int{``: 2, `"parallel_tool_calls":true,`: 2, `"parallel_tool_calls":false,`: 1} {
		_, _, body := s.postJSON(chatPath, `{"model":"m",`+more+`"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}],"messages":[{"role":"user","content":"hello"}]}`)
		if got := strings.Count(string(body), `"id":"call_`); got != want {
			t.Errorf("%s%d calls, want %d: %s", more, got, want, body)
		}
		_, _, body = s.postJSON(responsesPath, `{"model":"m",`+more+`"tools":[{"type":"function","name":"f","parameters":{}},{"type":"function","name":"g","parameters":{}}],"input":"hello"}`)
		if got := len(decode[response](t, body).Output); got != want {
			t.Errorf("%s%d items, want %d: %s", more, got, want, body)
		}
	}
}

func TestAudioComesBackWithItsTranscriptAndIsRemembered(t *testing.T) {
	s := start(t, "")
	ask := func(more, messages string) []byte {
		_, _, body := s.postJSON(chatPath, `{"model":"m",`+more+`"modalities":["text","audio"],"audio":{"voice":"alloy","format":"wav"},"messages":[`+messages+`]}`)
		return body
	}
	body := ask("", introduced+","+demanded)
	message := decode[struct {
		Content *string
		Audio   struct{ ID, Data, Transcript string }
	}](t, decode[called](t, body).Choices[0].Message)
	data, err := base64.StdEncoding.DecodeString(message.Audio.Data)
	if err != nil || message.Content != nil || message.Audio.Transcript != "The vault code is blue eleven." {
		t.Fatalf("%v: %.300s", err, body)
	}
	if clip, _, err := audio.DecodeWAV(data); err != nil || clip.Rate != 24000 || clip.RMS() < -40 {
		t.Errorf("the audio is %v, %v", clip, err)
	}
	// The protocol refers to the audio of earlier replies by its identifier.
	again := ask("", introduced+`,{"role":"user","content":"Hello."},{"role":"assistant","audio":{"id":"`+message.Audio.ID+`"}},`+demanded)
	if !strings.Contains(string(again), "The vault code is blue eleven.") {
		t.Errorf("with the audio sent back: %.300s", again)
	}
}

func TestAudioIsStreamedInPieces(t *testing.T) {
	s := start(t, "")
	_, _, body := s.postJSON(chatPath, `{"model":"m","stream":true,"modalities":["text","audio"],"audio":{"voice":"alloy","format":"pcm16"},"messages":[{"role":"user","content":"hello"}]}`)
	var transcript string
	var sound []byte
	for _, chunk := range s.chunks(body) {
		for _, choice := range chunk.Choices {
			transcript += choice.Delta.Audio.Transcript
			data, err := base64.StdEncoding.DecodeString(choice.Delta.Audio.Data)
			if err != nil {
				t.Fatal(err)
			}
			sound = append(sound, data...)
		}
	}
	clip, err := audio.FromPCM(sound, 24000)
	if err != nil || clip.RMS() < -40 || transcript != "Welcome to Harbour Savings. What can I do for you?" {
		t.Errorf("%q with %v, %v", transcript, clip, err)
	}
}

func TestAnImageIsTakenWhereItIsOne(t *testing.T) {
	s := start(t, "")
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	ask := func(kind string) int {
		status, _, _ := s.postJSON(chatPath, fmt.Sprintf(`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hello"},
			{"type":"image_url","image_url":{"url":"data:%s;base64,%s","detail":"low"}}]}]}`, kind, base64.StdEncoding.EncodeToString(picture.Bytes())))
		return status
	}
	if got := ask("image/png"); got != http.StatusOK {
		t.Errorf("a PNG: status %d", got)
	}
	if got := ask("image/jpeg"); got != http.StatusBadRequest {
		t.Errorf("a PNG that is said to be a JPEG: status %d", got)
	}
}

// chunk is an event of a streamed completion.
type chunk struct {
	Object  string
	Choices []struct {
		Delta struct {
			Content, Refusal string
			Audio            struct{ Transcript, Data string }
			Calls            []struct {
				Index    int
				ID       string
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		Finish string `json:"finish_reason"`
	}
	Usage *struct {
		Total int `json:"total_tokens"`
	}
}

// chunks reads a stream that ends as it should.
func (s service) chunks(body []byte) []chunk {
	s.t.Helper()
	text, ended := strings.CutSuffix(string(body), "data: [DONE]\n\n")
	if !ended {
		s.t.Fatalf("the stream does not end: %s", body)
	}
	var all []chunk
	for event := range strings.SplitSeq(strings.TrimSuffix(text, "\n\n"), "\n\n") {
		all = append(all, decode[chunk](s.t, []byte(strings.TrimPrefix(event, "data: "))))
	}
	return all
}

func TestCallsAreStreamedWithTheirNumber(t *testing.T) {
	s := start(t, "")
	_, _, body := s.postJSON(chatPath, `{"model":"m","stream":true,"tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"user","content":"my account"}]}`)
	var name, arguments, finish string
	for _, c := range s.chunks(body) {
		if c.Usage != nil {
			t.Error("usage was sent unasked")
		}
		finish += c.Choices[0].Finish
		for _, call := range c.Choices[0].Delta.Calls {
			name, arguments = name+call.Function.Name, arguments+call.Function.Arguments
		}
	}
	if diff := cmp.Diff([]string{"f", "{}", "tool_calls"}, []string{name, arguments, finish}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUsageComesLastAndWithoutChoices(t *testing.T) {
	s := start(t, "")
	_, _, body := s.postJSON(chatPath, `{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hello"}]}`)
	all := s.chunks(body)
	if got := strings.Count(string(body), `"usage":null`); got != len(all)-1 {
		t.Errorf("%d of %d chunks say that usage comes later", got, len(all))
	}
	for i, c := range all {
		last := i == len(all)-1
		if (c.Usage != nil) != last || (len(c.Choices) == 0) != last {
			t.Errorf("chunk %d of %d: %+v", i+1, len(all), c)
		}
	}
	if got := all[len(all)-1].Usage.Total; got != 11 {
		t.Errorf("%d tokens, want one asked and ten said", got)
	}
}

func TestAzuresPathsAreServedToo(t *testing.T) {
	s := start(t, "")
	for _, path := range []string{"/openai/deployments/any/chat/completions?api-version=2024-10-21", "/openai/v1/chat/completions"} {
		if status, _, body := s.postJSON(path, `{"model":"m","messages":[{"role":"user","content":"hello"}]}`); status != http.StatusOK {
			t.Errorf("%s: status %d: %s", path, status, body)
		}
	}
}
