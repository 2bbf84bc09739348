package anthropic_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/anthropic/anthropictest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// A stream ends a little after its last mark.
func TestAConnectionIsUsedForTheNextTurn(t *testing.T) {
	clienttest.ReusesConnections(t, opened, `data: {"type":"message_start","message":{"content":[{"type":"text","text":"no"}],"stop_reason":"end_turn"}}`+"\n\n"+`data: {"type":"message_stop"}`+"\n\n")
}

func TestServicesBehindTLSAndAProxyAreReached(t *testing.T) {
	const key = "sk-ant-practice-0123456789"
	clienttest.ReachesSecureServices(t, opened(t), anthropictest.NewServer(nil, anthropictest.Options{APIKey: key}), key)
}
