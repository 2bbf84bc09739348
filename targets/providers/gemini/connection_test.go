package gemini_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/gemini/geminitest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

func TestServicesBehindTLSAndAProxyAreReached(t *testing.T) {
	const key = "AIza-practice-0123456789"
	clienttest.ReachesSecureServices(t, opened(t), geminitest.NewServer(nil, geminitest.Options{APIKey: key}), key)
}
