package responses

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestTheLastEventMayDifferFromItsResponse(t *testing.T) {
	for name, test := range map[string]struct {
		event, status string
		warnings      int
	}{
		"none":                  {`{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}`, "incomplete", 0},
		"the same":              {`{"type":"response.completed","response":{"status":"completed"}}`, "completed", 0},
		"cut, and called whole": {`{"type":"response.incomplete","response":{"status":"completed"}}`, "incomplete", 1},
		"whole, and called cut": {`{"type":"response.completed","response":{"status":"incomplete"}}`, "incomplete", 1},
	} {
		a := newAnswer(&target{config: defaultConfig()})
		if err := a.takeEvent("", []byte(" "+test.event)); err != nil || !a.ended {
			t.Errorf("%s: ended is %t, %v", name, a.ended, err)
		}
		if a.status != test.status || len(a.warnings) != test.warnings {
			t.Errorf("%s: the status is %q, with the warnings %q", name, a.status, a.warnings)
		}
	}
	a := newAnswer(&target{config: defaultConfig()})
	if err := a.takeEvent("", []byte(`{"type":"response.completed","response":3}`)); core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("an event without a response: %v", err)
	}
}

func FuzzEvent(f *testing.F) {
	for _, seed := range []string{
		`{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"x"}`,
		`{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","arguments":{"a":1}}}`,
		`{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":"x"},{"type":"reasoning"}]}}`,
		`{"type":"response.failed","response":{"error":{"code":"bio_policy"}}}`, `{"error":{"code":"x"}}`, `{"type":"error"}`, `[]`, `null`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		a := newAnswer(&target{config: defaultConfig()})
		if a.takeEvent("", []byte(data)) != nil {
			return
		}
		r, err := a.build()
		if err != nil {
			t.Fatal(err)
		}
		if r.Finish == core.FinishComplete && r.Message.Empty() {
			t.Errorf("%q is a complete reply of nothing", data)
		}
		items, err := a.sentBack()
		if err != nil && core.KindOf(err) != core.ErrorInput {
			t.Errorf("%q cannot be sent back: %v", data, err)
		}
		if err == nil && slices.ContainsFunc(items, func(item json.RawMessage) bool { return len(item) == 0 }) {
			t.Errorf("%q is sent back as an empty item", data)
		}
	})
}

func TestPiecesOfEveryKindAreTaken(t *testing.T) {
	for kind, want := range map[string]core.Modality{
		"output_text": core.Text, "refusal": core.Text, "reasoning_summary_text": core.Reasoning, "reasoning_text": core.Reasoning,
	} {
		a := newAnswer(&target{config: defaultConfig()})
		for _, word := range []string{"one ", "two"} {
			if err := a.takeEvent("", []byte(`{"type":"response.`+kind+`.delta","delta":"`+word+`"}`)); err != nil {
				t.Error(err)
			}
		}
		r, err := a.build()
		if err != nil {
			t.Fatal(err)
		}
		if v := r.Message.Of(want); len(v) != 1 || string(v[0].Data) != "one two" || a.refused != (kind == "refusal") {
			t.Errorf("%s: it says %s, refused is %t", kind, v, a.refused)
		}
	}
	for _, kind := range []string{"function_call_arguments", "custom_tool_call_input", "mcp_call_arguments"} {
		a := newAnswer(&target{config: defaultConfig()})
		for _, end := range []string{`delta","delta":"{"`, `delta","delta":"}"`} {
			if err := a.takeEvent("", []byte(`{"type":"response.`+kind+`.`+end+`}`)); err != nil {
				t.Error(err)
			}
		}
		r, err := a.build()
		if v := r.Message.Of(core.ToolCall); err != nil || len(v) != 1 || !strings.Contains(string(v[0].Data), `"unnamed","arguments":"{}"`) {
			t.Errorf("%s: it calls %s, %v", kind, v, err)
		}
	}
}

func TestAnErrorThatTheEndOfTheStreamCutsOffIsTold(t *testing.T) {
	for data, want := range map[string]core.ErrorKind{
		`{"error":"died"}`: core.ErrorUnavailable, `{"type":"error","message":"died"}`: core.ErrorUnavailable, `{"error":"di`: "", `{"type":"error","mess`: "",
	} {
		a := newAnswer(&target{config: defaultConfig()})
		if err := a.takeCut("", []byte(data)); core.KindOf(err) != want {
			t.Errorf("%s: %v, want a %q error", data, err, want)
		}
	}
}
