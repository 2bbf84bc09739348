package realtime_test

import (
	"context"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// BenchmarkTurn is one turn whose reply has two seconds of audio, over a real
// websocket. The practice server's work is in the figure too.
func BenchmarkTurn(b *testing.B) {
	agent := realtimetest.ToneAgent{Reply: func(context.Context, string, []realtimetest.Item) (string, error) {
		return "two seconds of speech", nil
	}}
	c := serve(b, agent).talk(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		send(b, c, core.UserText("hello"))
	}
}
