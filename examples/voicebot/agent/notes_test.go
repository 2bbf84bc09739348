package agent

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestTheNotesAreReachedByTheirAddressOnly(t *testing.T) {
	for address, want := range map[string]int{NotesAddress: 1, "https://mcp.example/": 0, "connector_gmail": 0} {
		tools, err := Notes{}.ListTools(t.Context(), realtimetest.MCPServer{Address: address})
		if len(tools) != want || (err == nil) != (want == 1) {
			t.Errorf("%s: %d tools, %v", address, len(tools), err)
		}
	}
}
