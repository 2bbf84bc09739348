package members

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestMembersAreWrittenBesideOthersInOrder(t *testing.T) {
	all, err := Of(struct {
		B int `json:"b"`
		A string
	}{1, "x"})
	if err != nil {
		t.Fatal(err)
	}
	all[`q"`] = json.RawMessage("null")
	body := bytes.NewBufferString(`{"first":0`)
	Append(body, all)
	if got, want := body.String()+"}", `{"first":0,"A":"x","b":1,"q\"":null}`; got != want {
		t.Errorf("the object is %s, want %s", got, want)
	}
}

func TestWhatIsNoObjectHasNoMembers(t *testing.T) {
	if all, err := Of(map[string]any(nil)); err != nil || all == nil || len(all) != 0 {
		t.Errorf("a map that is nil has the members %v, %v", all, err)
	}
	for _, v := range []any{[]int{1}, map[string]any{"f": func() {}}} {
		if _, err := Of(v); core.KindOf(err) != core.ErrorConfig {
			t.Errorf("%T: %v", v, err)
		}
	}
}

func TestMembersThatTheTargetSetsAreRefused(t *testing.T) {
	further := map[string]any{"messages": 1, "top_k": 2, "new": 3}
	problems := Check("parameters.", further, map[string]string{"messages": "they are the conversation"}, func(name string) bool { return name == "top_k" })
	if len(problems) != 2 {
		t.Fatalf("the problems are %v", problems)
	}
	for i, want := range []struct{ field, hint string }{{"parameters.messages", "they are the conversation"}, {"parameters.top_k", "a key of its own"}} {
		if e, ok := errors.AsType[*core.Error](problems[i]); !ok || e.Field != want.field || !strings.Contains(e.Hint, want.hint) {
			t.Errorf("problem %d is %v (%s), want it at %s", i, problems[i], core.HintOf(problems[i]), want.field)
		}
	}
}
