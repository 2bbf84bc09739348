package fault_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestAFaultIsReadWithItsTurn(t *testing.T) {
	for text, want := range map[string]realtimetest.Fault{
		"silence":         {Kind: realtimetest.Silence},
		"refusal@3":       {Kind: fault.Refusal, Turn: 3},
		"prompt-filter@1": {Kind: fault.PromptFilter, Turn: 1},
		"xai-names@2":     {Kind: realtimetest.XAINames, Turn: 2},
	} {
		if got, err := fault.Parse(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"hiccup":    `unknown fault "hiccup": the faults are connect-rate-limit, `,
		"":          `unknown fault ""`,
		"silence@0": `fault "silence": after @ comes a number from 1 up, not "0"`,
		"refusal@x": `fault "refusal": after @ comes a number from 1 up, not "x"`,
	} {
		if _, err := fault.Parse(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestEachServerGetsTheFaultsThatItKnows(t *testing.T) {
	all := []realtimetest.Fault{{Kind: fault.Refusal, Turn: 1}, {Kind: realtimetest.XAINames}, {Kind: realtimetest.Silence, Turn: 2}}
	if diff := cmp.Diff(all[1:], fault.ForRealtime(all)); diff != "" {
		t.Errorf("realtime (-want +got):\n%s", diff)
	}
	plan := fault.NewPlan(all)
	var got []fault.Kind
	for range 3 {
		got = append(got, plan.Next())
	}
	if diff := cmp.Diff([]fault.Kind{fault.Refusal, realtimetest.Silence, ""}, got); diff != "" || plan.Replies() != 3 {
		t.Errorf("%d replies over HTTP (-want +got):\n%s", plan.Replies(), diff)
	}
	if len(all) != 3 {
		t.Error("the faults were changed")
	}
}

func TestEveryKindOfHTTPIsListed(t *testing.T) {
	for _, kind := range fault.Kinds() {
		if !slices.Contains(fault.All(), kind) {
			t.Errorf("%s is in no list", kind)
		}
	}
}
