package tool_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

func TestToolsAndTheChoiceAmongThemAreChecked(t *testing.T) {
	named := func(names ...string) []tool.Tool {
		var tools []tool.Tool
		for _, name := range names {
			tools = append(tools, tool.Tool{Name: name})
		}
		return tools
	}
	for name, test := range map[string]struct {
		tools  []tool.Tool
		choice string
		says   []string
	}{
		"none":               {nil, "", nil},
		"two":                {named("a", "b"), "b", nil},
		"a word of its own":  {named("a"), "required", nil},
		"a choice of none":   {named("a"), "b", []string{`tool_choice: "b"`}},
		"twice the same":     {named("a", "a"), "", []string{`tools: the name "a" is taken`}},
		"a reserved name":    {named("auto"), "", []string{`tools: the name "auto" is taken`}},
		"names of no length": {named("", strings.Repeat("x", 65)), "", []string{"1 to 64", "1 to 64"}},
	} {
		problems := tool.Check(test.tools, test.choice)
		if len(problems) != len(test.says) {
			t.Errorf("%s: %v", name, problems)
			continue
		}
		for i, says := range test.says {
			if !strings.Contains(problems[i].Error(), says) || core.KindOf(problems[i]) != core.ErrorConfig {
				t.Errorf("%s: %v, want %q", name, problems[i], says)
			}
		}
	}
}

func TestACallIsReadAsItWasMade(t *testing.T) {
	v, err := tool.Value("call_1", "dial", `{"number": `)
	if err != nil {
		t.Fatal(err)
	}
	call, err := tool.ReadCall(v)
	if err != nil || call != (tool.Call{ID: "call_1", Name: "dial", Arguments: `{"number": `}) {
		t.Errorf("%+v, %v", call, err)
	}
}

func TestWhatIsNoCallOrResultIsRefused(t *testing.T) {
	for _, data := range []string{"", "[]", "{}", `{"call_id": 1}`, `{"name": "x"}`} {
		v := core.Value{Modality: core.ToolResult, Data: []byte(data)}
		_, call := tool.ReadCall(v)
		_, result := tool.ReadResult(v)
		for _, err := range []error{call, result} {
			if e, ok := errors.AsType[*core.Error](err); !ok || e.Kind != core.ErrorInput {
				t.Errorf("%q: %v", data, err)
			}
		}
	}
}

func TestCallsThatTheServiceHasCarriedOutAreLeftOut(t *testing.T) {
	part := func(m core.Modality, data string) core.Part {
		return core.Part{Value: core.Value{Modality: m, MediaType: core.MediaJSON, Data: []byte(data)}}
	}
	open := part(core.ToolCall, `{"call_id":"b","name":"dial","arguments":"{}"}`)
	text := core.UserText("hm").Parts[0]
	got := tool.WithoutCarriedOut(core.Message{Role: core.Assistant, Parts: []core.Part{
		part(core.ToolCall, `{"call_id":"a","name":"search","arguments":"{}"}`), part(core.ToolResult, `{"call_id":"a","output":"x"}`), text, open,
	}})
	if diff := cmp.Diff([]core.Part{text, open}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
