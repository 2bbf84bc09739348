package anthropic_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/anthropic"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/anthropic/anthropictest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened opens the target, and closes it with the test.
func opened(t testing.TB) anthropictest.Open { return clienttest.Opener(t, anthropic.Component()) }

func TestTheTargetKeepsThePromisesOfTheMessagesAPI(t *testing.T) {
	anthropictest.TestTarget(t, opened(t))
}
