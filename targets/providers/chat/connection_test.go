package chat_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// A stream ends a little after its last mark.
func TestAConnectionIsUsedForTheNextTurn(t *testing.T) {
	clienttest.ReusesConnections(t, opened, `data: {"choices":[{"index":0,"delta":{"content":"no"},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
}

func TestAReplyTakesAsLongAsItsLastEvent(t *testing.T) {
	clienttest.TimesTheReply(t, opened, `data: {"choices":[{"index":0,"delta":{"content":"no"},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
}
