package responses

import (
	"encoding/json"
	"fmt"
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

func TestItemsThatAreLargerThanTheReplyMayBeAreNotKept(t *testing.T) {
	config := defaultConfig()
	config.MaxReplyBytes = 1000
	a := newAnswer(&target{config: config})
	item := `{"type":"response.output_item.done","output_index":%d,"item":{"type":"novelty","data":"` + strings.Repeat("x", 50_000) + `"}}`
	for i := range 10 {
		if err := a.takeEvent("", fmt.Appendf(nil, item, i)); err != nil {
			t.Fatal(err)
		}
	}
	if a.status = "completed"; len(a.output) != 5 || a.tooLarge == "" {
		t.Errorf("%d items are kept, and too large is %q", len(a.output), a.tooLarge)
	}
}

func TestATextMayEndAnywhereWhereCallsFollow(t *testing.T) {
	const cut = "I am sorry. I cannot tell you the code because it is confid"
	a := newAnswer(&target{config: defaultConfig()})
	if a.liesAboutTheEnd(cut, false) == "" || a.liesAboutTheEnd(cut, true) != "" {
		t.Errorf("without calls %q, with calls %q", a.liesAboutTheEnd(cut, false), a.liesAboutTheEnd(cut, true))
	}
}

func TestARefusalNeedsNoWords(t *testing.T) {
	a := newAnswer(&target{config: defaultConfig()})
	if a.takePart(0, 0, part{Type: "refusal"}); !a.refused || len(a.warnings) > 0 {
		t.Errorf("refused is %t, with the warnings %q", a.refused, a.warnings)
	}
}

func TestAnItemThatIsNotWholeIsTold(t *testing.T) {
	for want, items := range map[string][]string{
		"":            {`{"type":"message","status":"completed"}`, `{"type":"mcp_call","status":"failed"}`, `{"type":"message"}`},
		"incomplete":  {`{"type":"message","status":"in_progress"}`, `{"type":"message","status":"incomplete"}`, `{"type":"message","status":"failed"}`},
		"in_progress": {`{"type":"custom_tool_call","status":"in_progress"}`, `{"type":"function_call","status":"completed"}`},
		"failed":      {`{"type":"function_call","status":"failed"}`},
	} {
		a := newAnswer(&target{config: defaultConfig()})
		for i, item := range items {
			if err := a.takeItem(i, []byte(item)); err != nil {
				t.Fatal(err)
			}
		}
		if a.cutItem != want {
			t.Errorf("%q are %q, want %q", items, a.cutItem, want)
		}
	}
}

func TestArgumentsAreNotLostByAnEmptyWhole(t *testing.T) {
	a := newAnswer(&target{config: defaultConfig()})
	for _, event := range []string{`delta","delta":"{}"`, `done","arguments":""`} {
		if err := a.takeEvent("", []byte(`{"type":"response.function_call_arguments.`+event+`}`)); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(a.call(0).Arguments); got != "{}" || len(a.warnings) > 0 {
		t.Errorf("the arguments are %q, with the warnings %q", got, a.warnings)
	}
}
