package responses_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/responses"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/responses/responsestest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened opens the target, and closes it with the test.
func opened(t testing.TB) responsestest.Open { return clienttest.Opener(t, responses.Component()) }

func TestTheTargetKeepsThePromisesOfTheResponsesAPI(t *testing.T) {
	responsestest.TestTarget(t, opened(t))
}
