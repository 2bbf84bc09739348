package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/api"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// anthropicMessage is an answer of Anthropic's Messages API.
type anthropicMessage struct {
	Type    string
	Content []struct {
		Type, Text, ID, Name string
		Input                map[string]any
	}
	StopReason   string  `json:"stop_reason"`
	StopSequence *string `json:"stop_sequence"`
	Usage        struct {
		In  int `json:"input_tokens"`
		Out int `json:"output_tokens"`
	}
	Error struct{ Type, Message string }
}

func (m anthropicMessage) text() string {
	var text string
	for _, b := range m.Content {
		text += b.Text
	}
	return text
}

func (s service) anthropic(body string) (int, http.Header, []byte) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/v1/messages", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Anthropic-Version", "2023-06-01")
	return s.do(r)
}

const (
	anthropicStory = `"messages":[` + introduced + "," + demanded + `]`
	anthropicHello = `{"model":"m","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}`
)

func TestMessagesAnswersTheConversation(t *testing.T) {
	s := start(t, "")
	for name, tt := range map[string]struct{ more, text, reason string }{
		"all turns":        {``, "The vault code is blue eleven.", "end_turn"},
		"a system prompt":  {`"system":[{"type":"text","text":"The vault code is red two."}],`, "The vault code is red two.", "end_turn"},
		"too few tokens":   {`"max_tokens":3,`, "The vault code", "max_tokens"},
		"a stop sequence":  {`"stop_sequences":["eleven"],`, "The vault code is blue ", "stop_sequence"},
		"sampling is idle": {`"temperature":1,"top_p":0.5,"top_k":4,"metadata":{"user_id":"u"},"thinking":{"type":"disabled"},`, "The vault code is blue eleven.", "end_turn"},
	} {
		t.Run(name, func(t *testing.T) {
			limit := `"max_tokens":100,`
			if strings.Contains(tt.more, "max_tokens") {
				limit = ""
			}
			status, _, body := s.anthropic(`{"model":"m",` + limit + tt.more + anthropicStory + `}`)
			got := decode[anthropicMessage](t, body)
			if status != http.StatusOK || got.text() != tt.text || got.StopReason != tt.reason || (got.StopSequence != nil) != (tt.reason == "stop_sequence") {
				t.Errorf("status %d: %s", status, body)
			}
			if got.Usage.In == 0 || got.Usage.Out != len(strings.Fields(tt.text)) {
				t.Errorf("usage is %+v", got.Usage)
			}
		})
	}
}

func TestMessagesStreamsEvents(t *testing.T) {
	s := start(t, "")
	_, _, body := s.anthropic(`{"model":"m","stream":true,"max_tokens":100,` + anthropicStory + `}`)
	var kinds []string
	var text, reason string
	for one := range strings.SplitSeq(strings.TrimSuffix(string(body), "\n\n"), "\n\n") {
		name, data, _ := strings.Cut(strings.TrimPrefix(one, "event: "), "\ndata: ")
		e := decode[struct {
			Type  string
			Delta struct {
				Text       string
				StopReason string `json:"stop_reason"`
			}
		}](t, []byte(data))
		if e.Type != name {
			t.Errorf("the event %q has type %q", name, e.Type)
		}
		if len(kinds) == 0 || kinds[len(kinds)-1] != e.Type {
			kinds = append(kinds, e.Type)
		}
		text, reason = text+e.Delta.Text, reason+e.Delta.StopReason
	}
	want := []string{"message_start", "ping", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"}
	if diff := cmp.Diff(want, kinds); diff != "" || text != "The vault code is blue eleven." || reason != "end_turn" {
		t.Errorf("%q, %s (-want +got):\n%s", text, reason, diff)
	}
}

func TestMessagesUsesTools(t *testing.T) {
	s := start(t, "")
	const offer = `{"model":"m","max_tokens":100,"tools":[{"name":"look_up","description":"d","input_schema":{"type":"object"}},{"name":"other","input_schema":{}}],`
	const asked = `{"role":"user","content":"my account"}`
	for choice, want := range map[string]string{
		`"auto"`: "look_up", `"any"`: "look_up", `"tool","name":"other"`: "other", `"none"`: "",
	} {
		_, _, body := s.anthropic(offer + `"tool_choice":{"type":` + choice + `},"messages":[` + asked + `]}`)
		got := decode[anthropicMessage](t, body)
		if want == "" && got.StopReason != "end_turn" || want != "" && (got.StopReason != "tool_use" || got.Content[0].Name != want) {
			t.Errorf("%s: %s", choice, body)
		}
	}
	const used = `{"role":"assistant","content":[{"type":"text","text":"A moment."},{"type":"tool_use","id":"t1","name":"look_up","input":{}}]}`
	_, _, body := s.anthropic(offer + `"messages":[` + asked + "," + used + `,{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"twelve"}]}]}]}`)
	if got := decode[anthropicMessage](t, body).text(); got != "I have looked at your account. What can I do for you?" {
		t.Errorf("after the result: %s", body)
	}
	for messages, want := range map[string]string{
		asked + "," + used + `,{"role":"user","content":"well?"}`:                                                     "`tool_use` ids were found without `tool_result` blocks immediately after: t1.",
		asked + `,{"role":"user","content":[{"type":"tool_result","tool_use_id":"t9"}]}`:                              "unexpected `tool_use_id`",
		asked + "," + used + `,{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":"no"}]}`: "messages[2].content[0].is_error",
		asked + "," + used: "does not support assistant message prefill",
		`{"role":"assistant","content":"hello"},` + asked:                                                                    `first message must use the "user" role`,
		`{"role":"system","content":"hello"},` + asked:                                                                       "messages[0].role",
		`{"role":"user","content":[{"type":"text","text":""}]}`:                                                              "messages[0].content[0].text",
		`{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGVsbG8="}}]}`: "unsupported image",
	} {
		status, _, body := s.anthropic(offer + `"messages":[` + messages + `]}`)
		if got := decode[anthropicMessage](t, body); status != http.StatusBadRequest || got.Type != "error" || got.Error.Type != "invalid_request_error" || !strings.Contains(got.Error.Message, want) {
			t.Errorf("%s\nstatus %d: %s", messages, status, body)
		}
	}
}

func TestMessagesRefusesInItsOwnForm(t *testing.T) {
	s := start(t, "")
	for body, want := range map[string]string{
		`{"model":"m","messages":[{"role":"user","content":"a"}]}`:                                 "max_tokens",
		`{"model":"m","max_tokens":1,"colour":1,"messages":[{"role":"user","content":"a"}]}`:       "colour",
		`{"model":"m","max_tokens":1,"temperature":1.5,"messages":[{"role":"user","content":""}]}`: "temperature",
	} {
		status, _, answer := s.anthropic(body)
		if got := decode[anthropicMessage](t, answer); status != http.StatusBadRequest || !strings.HasPrefix(got.Error.Message, want+": ") {
			t.Errorf("%s\nstatus %d: %s", body, status, answer)
		}
	}
	status, _, body := s.postJSON("/v1/messages", anthropicHello)
	if status != http.StatusBadRequest || !strings.Contains(string(body), "anthropic-version: header is required") {
		t.Errorf("without a version: status %d: %s", status, body)
	}
	status, _, body = start(t, "practice-key").anthropic(anthropicHello)
	if status != http.StatusUnauthorized || decode[anthropicMessage](t, body).Error.Type != "authentication_error" {
		t.Errorf("without a key: status %d: %s", status, body)
	}
}

func TestMessagesFaults(t *testing.T) {
	for kind, want := range map[fault.Kind]struct {
		status             int
		reason, text, code string
	}{
		realtimetest.RateLimit:          {429, "", "", "rate_limit_error"},
		realtimetest.ServerError:        {500, "", "", "api_error"},
		realtimetest.ConnectUnavailable: {529, "", "", "overloaded_error"},
		realtimetest.ErrorEvent:         {200, "", "", "overloaded_error"},
		fault.PromptFilter:              {400, "", "", "invalid_request_error"},
		fault.Refusal:                   {200, "refusal", "", ""},
		realtimetest.ContentFilter:      {200, "refusal", half, ""},
		realtimetest.Truncated:          {200, "max_tokens", half, ""},
		realtimetest.EmptyReply:         {200, "end_turn", "", ""},
	} {
		t.Run(string(kind), func(t *testing.T) {
			s := startWith(t, api.Options{Faults: []realtimetest.Fault{{Kind: kind}}})
			status, _, body := s.anthropic(anthropicHello)
			got := decode[anthropicMessage](t, body)
			if status != want.status || got.StopReason != want.reason || got.text() != want.text || got.Error.Type != want.code {
				t.Errorf("status %d: %s", status, body)
			}
		})
	}
}
