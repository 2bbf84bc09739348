package chat_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/chat"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/chat/chattest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened opens the target, and closes it with the test.
func opened(t testing.TB) chattest.Open { return clienttest.Opener(t, chat.Component()) }

func TestTheTargetKeepsThePromisesOfChatCompletions(t *testing.T) {
	chattest.TestTarget(t, opened(t))
}
