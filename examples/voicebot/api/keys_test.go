package api_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// The official types are strict in what a response has to have, and know no more.
// .ci/clients holds every answer against them.
func TestAResponseHasTheKeysOfTheOfficialType(t *testing.T) {
	begun := []string{
		"access_programs", "background", "completed_at", "created_at", "error", "id", "incomplete_details", "instructions", "max_output_tokens",
		"max_tool_calls", "metadata", "model", "object", "output", "parallel_tool_calls", "previous_response_id", "reasoning", "service_tier", "status",
		"temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation",
	}
	whole := append(slices.Clone(begun), "usage")
	keys := func(object map[string]any) []string { return slices.Sorted(maps.Keys(object)) }
	s := start(t, "")
	_, _, body := s.postJSON(responsesPath, responsesAsk)
	answer := decode[map[string]any](t, body)
	if diff := cmp.Diff(whole, keys(answer)); diff != "" {
		t.Errorf("a response (-want +got):\n%s", diff)
	}
	usage := answer["usage"].(map[string]any)
	if diff := cmp.Diff([]string{"cache_write_tokens", "cached_tokens"}, keys(usage["input_tokens_details"].(map[string]any))); diff != "" {
		t.Errorf("its usage (-want +got):\n%s", diff)
	}
	for _, e := range objects(t, s, responsesAsk) {
		if e["type"] == "response.created" {
			if diff := cmp.Diff(begun, keys(e["response"].(map[string]any))); diff != "" {
				t.Errorf("a response that has begun (-want +got):\n%s", diff)
			}
		}
	}
	_, _, body = s.postJSON(responsesPath, `{"model":"m","input":"hello","user":"u"}`)
	if got := decode[map[string]any](t, body)["user"]; got != "u" {
		t.Errorf("the user is %v", got)
	}
}

func TestTheEndOfAnOutputHasTheKeysOfTheOfficialType(t *testing.T) {
	quiet := start(t, "").with(realtimetest.EmptyReply)
	text := []string{"content_index", "item_id", "logprobs", "output_index", "sequence_number", "text", "type"}
	for name, tt := range map[string]struct {
		s          service
		body, kind string
		want       []string
	}{
		"a text":        {start(t, ""), responsesAsk, "response.output_text.done", text},
		"an empty text": {quiet, responsesAsk, "response.output_text.done", text},
		"a call": {
			start(t, ""), `{"model":"m","input":"my account","tools":[{"type":"function","name":"f","parameters":{}}]}`, "response.function_call_arguments.done",
			[]string{"arguments", "item_id", "output_index", "sequence_number", "type"},
		},
	} {
		found := false
		for _, e := range objects(t, tt.s, tt.body) {
			if e["type"] != tt.kind {
				continue
			}
			found = true
			if diff := cmp.Diff(tt.want, slices.Sorted(maps.Keys(e))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		if !found {
			t.Errorf("%s: no %s", name, tt.kind)
		}
	}
}

// objects are the events with which a request is answered as a stream.
func objects(t *testing.T, s service, body string) []map[string]any {
	t.Helper()
	status, _, answer := s.postJSON(responsesPath, streamed(body))
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, answer)
	}
	var all []map[string]any
	for line := range strings.Lines(string(answer)) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			all = append(all, decode[map[string]any](t, []byte(data)))
		}
	}
	return all
}
