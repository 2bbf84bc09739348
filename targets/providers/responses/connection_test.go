package responses_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

// A stream ends a little after its last event.
func TestAConnectionIsUsedForTheNextTurn(t *testing.T) {
	clienttest.ReusesConnections(t, opened, `data: {"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"no"}]}]}}`+"\n\n")
}

func TestAReplyTakesAsLongAsItsLastEvent(t *testing.T) {
	clienttest.TimesTheReply(t, opened, `data: {"type":"response.completed","response":{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"no"}]}]}}`+"\n\n")
}
