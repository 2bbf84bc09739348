package gemini_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/gemini"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/gemini/geminitest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

func TestMain(m *testing.M) {
	// The SDK imports opencensus, which starts this worker at init and never ends it.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// opened opens the target, and closes it with the test.
func opened(t testing.TB) geminitest.Open { return clienttest.Opener(t, gemini.Component()) }

func TestTheTargetKeepsThePromisesOfGeminisAPI(t *testing.T) {
	geminitest.TestTarget(t, opened(t))
}
