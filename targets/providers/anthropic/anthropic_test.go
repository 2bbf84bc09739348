package anthropic_test

import (
	"context"
	"io"
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/anthropic"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/anthropic/anthropictest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened opens the target, and closes it with the test.
func opened(t testing.TB) anthropictest.Open {
	return func(ctx context.Context, config []byte) (core.Target, error) {
		target, err := anthropic.Component().Open(ctx, config)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = target.(io.Closer).Close() })
		return target.(core.Target), nil
	}
}

func TestTheTargetKeepsThePromisesOfTheMessagesAPI(t *testing.T) {
	anthropictest.TestTarget(t, opened(t))
}
