package targets_test

import (
	"context"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	"github.com/redteam-orchestrator/orchestrator/targets"
	"github.com/redteam-orchestrator/orchestrator/targets/http/httptargettest"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestMain(m *testing.M) { plugintest.Main(m, targets.All()...) }

func TestTheRealtimeTargetKeepsItsPromises(t *testing.T) {
	plugintest.Each(t, targets.All(), func(t *testing.T, s plugintest.Source) {
		realtimetest.TestTarget(t, func(ctx context.Context, config []byte) (core.Target, error) {
			return core.OpenAs[core.Target](ctx, s, "realtime", config)
		})
	})
}

func TestTheHTTPTargetKeepsItsPromises(t *testing.T) {
	plugintest.Each(t, targets.All(), func(t *testing.T, s plugintest.Source) {
		httptargettest.TestTarget(t, func(ctx context.Context, config []byte) (core.Target, error) {
			return core.OpenAs[core.Target](ctx, s, "http", config)
		})
	})
}
