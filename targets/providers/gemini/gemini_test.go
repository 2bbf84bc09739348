package gemini_test

import (
	"context"
	"io"
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/gemini"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/gemini/geminitest"
)

func TestMain(m *testing.M) {
	// The SDK imports opencensus, which starts this worker at init and never ends it.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// opened opens the target, and closes it with the test.
func opened(t testing.TB) geminitest.Open {
	return func(ctx context.Context, config []byte) (core.Target, error) {
		target, err := gemini.Component().Open(ctx, config)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = target.(io.Closer).Close() })
		return target.(core.Target), nil
	}
}

func TestTheTargetKeepsThePromisesOfGeminisAPI(t *testing.T) {
	geminitest.TestTarget(t, opened(t))
}
