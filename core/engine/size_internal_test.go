package engine

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestTheBoundsOfWhatIsSentAndReceived(t *testing.T) {
	reply := func(n int) core.Reply {
		return core.Reply{Message: core.Message{Parts: []core.Part{{Value: core.TextValue("a")}, {Value: core.Value{Data: make([]byte, n-1)}}}}}
	}
	if err := tooLarge(reply(maxReply)); err != nil {
		t.Errorf("a reply as large as it may be: %v", err)
	}
	if err := tooLarge(reply(maxReply + 1)); core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("a reply that is one byte too large: %v", err)
	}
	calling := core.Message{Parts: []core.Part{{Value: calling("open")}}}
	frame, err := json.Marshal(toolResult{"c", ""})
	if err != nil {
		t.Fatal(err)
	}
	output := strings.Repeat("x", maxToolResults-len(frame))
	if m, _, err := toolResults(map[string]string{"open": output}, calling); err != nil || len(m.Parts) != 1 {
		t.Errorf("results as large as they may be: %d parts, %v", len(m.Parts), err)
	}
	if _, _, err := toolResults(map[string]string{"open": output + "x"}, calling); core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("results that are one byte too large: %v", err)
	}
}
