package chat_test

import (
	"context"
	"io"
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/chat"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/chat/chattest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// opened opens the target, and closes it with the test.
func opened(t testing.TB) chattest.Open {
	return func(ctx context.Context, config []byte) (core.Target, error) {
		target, err := chat.Component().Open(ctx, config)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = target.(io.Closer).Close() })
		return target.(core.Target), nil
	}
}

func TestTheTargetKeepsThePromisesOfChatCompletions(t *testing.T) {
	chattest.TestTarget(t, opened(t))
}
